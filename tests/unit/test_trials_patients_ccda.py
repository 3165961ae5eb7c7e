"""C-CDA: the narrative of each section is a note; what could expand without end is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from winnow.core import WinnowError
from winnow.trials.patients import read_patients

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <effectiveTime value="20240301103000-0500"/>
  <recordTarget><patientRole><id extension="p-7" root="1.2.3"/><patient>
    <administrativeGenderCode code="F"/><birthTime value="19650101"/>
  </patient></patientRole></recordTarget>
  <component><structuredBody>
    <component><section><title>Problems</title><text>
      <list><item>Breast cancer, <content>stage III</content></item><item>Asthma</item></list>
    </text></section></component>
    <component><section><title>Laboratory results</title><text>
      <table><thead><tr><th>Test</th><th>Value</th></tr></thead>
      <tbody><tr><td>Hemoglobin</td><td>9.8 g/dL</td></tr></tbody></table>
    </text></section></component>
    <component><section><title>Plan</title></section></component>
  </structuredBody></component>
</ClinicalDocument>
"""


def refused(path: Path, content: str) -> str:
    path.write_text(content)
    with pytest.raises(WinnowError) as caught:
        read_patients(path)
    assert caught.value.code == "WN-L01"
    return caught.value.what


def test_each_section_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "summary.xml").write_text(DOCUMENT)
    (patient,) = read_patients(tmp_path / "summary.xml")
    assert (patient.patient_id, patient.sex, patient.born) == ("p-7", "female", date(1965, 1, 1))
    record, problems, results = patient.notes
    assert record.text == "Patient record: female, born 1965-01-01."
    assert problems.text == "Problems\nBreast cancer, stage III\nAsthma"
    assert results.text == "Laboratory results\nTest Value\nHemoglobin 9.8 g/dL"
    assert (results.kind, results.day) == ("laboratory", date(2024, 3, 1))
    assert [(entry.source, entry.reason) for entry in patient.unread] == [
        ("summary.xml section 3", "no narrative text")
    ]


def test_documents_in_a_folder_of_notes_join_the_patient(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "2024-01-01.txt").write_text("x")
    (tmp_path / "p" / "summary.xml").write_text(DOCUMENT)
    (patient,) = read_patients(tmp_path / "p")
    assert (patient.patient_id, len(patient.notes)) == ("p", 4)


def test_what_is_no_document_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    assert "DOCTYPE" in refused(path, bomb)
    path.write_bytes(bomb.encode("utf-16-le"))
    with pytest.raises(WinnowError, match="DOCTYPE"):
        read_patients(path)
    assert "well-formed" in refused(path, DOCUMENT[:200])
    assert "no C-CDA" in refused(path, "<x/>")
    assert "well-formed" in refused(path, "<a>" * 5000 + "</a>" * 5000)
    assert "no note" in refused(path, '<ClinicalDocument xmlns="urn:hl7-org:v3"/>')
