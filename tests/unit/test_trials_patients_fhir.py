"""FHIR records in words: each line reads as what the record says, and denies what it denies."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from patient_cases import ADA, SUBJECT, attached, bundle, coded, line_of, patient_of, reasons, resource, status, written
from winnow.trials.patients import read_patients

TUMOUR = coded("Malignant neoplasm of breast (disorder)", "254837009")
DRUG = coded("Examplumab")


def condition(**fields: Any) -> dict[str, Any]:
    return resource("Condition", **{"code": TUMOUR, **fields})


def observation(**fields: Any) -> dict[str, Any]:
    return resource("Observation", status="final", effectiveDateTime="2020-05-04T10:00:00Z", **fields)


def test_the_patient_record_can_be_quoted(tmp_path: Path) -> None:
    patient = patient_of(tmp_path, condition(onsetDateTime="2020-01-01"))
    assert (patient.patient_id, patient.sex, patient.born) == ("ada", "female", date(1965, 1, 1))
    note = patient.note("Patient/ada")
    assert (note.text, note.kind, note.day) == ("Patient record: female, born 1965-01-01.", "structured", None)
    assert note.source == "bundle.json"
    assert patient.unread == ()


def test_a_partial_birth_date_is_told_and_its_middle_taken(tmp_path: Path) -> None:
    patient = patient_of(tmp_path, patient={**ADA, "birthDate": "1965"})
    assert patient.born == date(1965, 7, 2)
    assert patient.note("Patient/ada").text == "Patient record: female, born 1965."
    assert "only a month or a year" in reasons(patient)["Patient/ada"]


def test_a_death_is_a_note_of_its_own_day(tmp_path: Path) -> None:
    patient = patient_of(tmp_path, patient={**ADA, "deceasedDateTime": "2021-02-03T01:00:00Z"})
    assert patient.note("Patient/ada#deceased").day == date(2021, 2, 3)
    assert patient.note("Patient/ada#deceased").text == "Patient record: deceased 2021-02-03."
    undated = patient_of(tmp_path, patient={**ADA, "deceasedBoolean": True})
    assert [note.text for note in undated.notes][1:] == ["Patient record: deceased."]
    living = patient_of(tmp_path, patient={**ADA, "deceasedBoolean": False})
    assert [note.note_id for note in living.notes] == ["Patient/ada"]


def test_a_condition_reads_with_status_stage_and_dates(tmp_path: Path) -> None:
    body = condition(
        clinicalStatus=status("active"),
        verificationStatus=status("confirmed"),
        onsetDateTime="2017-07-21T23:41:09-04:00",
        bodySite=[coded("Left breast")],
        stage=[{"summary": coded("Stage 3A (qualifier value)")}],
    )
    assert line_of(tmp_path, body) == (
        "Condition: Malignant neoplasm of breast (clinical status active; body site Left breast; staged as Stage 3A; "
        "onset 2017-07-21)."
    )
    assert patient_of(tmp_path, body).note("Condition/r1").day == date(2017, 7, 21)


@pytest.mark.parametrize(
    ("fields", "start"),
    [
        ({"verificationStatus": status("refuted")}, "Condition ruled out: no Malignant neoplasm of breast ("),
        ({"verificationStatus": status("provisional")}, "Condition suspected, not confirmed: Malignant"),
        ({"clinicalStatus": status("resolved")}, "Past condition, no longer active: Malignant"),
        ({"clinicalStatus": status("remission")}, "Condition in remission: Malignant"),
        ({"abatementBoolean": True}, "Past condition, no longer active: Malignant"),
        ({"clinicalStatus": status("recurrence")}, "Condition: Malignant neoplasm of breast (clinical status recurr"),
    ],
)
def test_what_is_denied_suspected_or_past_reads_so(fields: dict[str, Any], start: str, tmp_path: Path) -> None:
    assert line_of(tmp_path, condition(**fields)).startswith(start)


def test_text_and_code_that_differ_are_both_told(tmp_path: Path) -> None:
    body = condition(code=coded("Breast cancer", "1", "Secondary malignant neoplastic disease (disorder)"))
    assert line_of(tmp_path, body) == "Condition: Breast cancer, coded as Secondary malignant neoplastic disease."


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"valueQuantity": {"value": 9.80, "unit": "g/dL"}}, "9.8 g/dL"),
        ({"valueQuantity": {"value": 10, "comparator": ">=", "code": "%"}}, ">= 10 %"),
        ({"valueQuantity": {"value": 3, "code": "{score}"}}, "3"),
        ({"valueInteger": 2}, "2"),
        ({"valueString": "two\n lines"}, "two lines"),
        ({"valueBoolean": False}, "no"),
        ({"valueCodeableConcept": coded("Negative (qualifier value)")}, "Negative"),
        ({"valueCodeableConcept": coded(code="c3A", system="http://cancerstaging.org")}, "c3A"),
        ({"valueCodeableConcept": coded(code="LA9624-3")}, "ECOG grade 2"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 2}}}, "1 to 2"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "ratio 1 : 128"),
        ({"valueDateTime": "2020-01-02T00:00:00Z"}, "2020-01-02"),
        ({"interpretation": [coded(code="POS")]}, "interpretation positive"),
        ({"valueInteger": 7, "interpretation": [coded(code="H")]}, "7, interpretation high"),
        ({"dataAbsentReason": coded("Not performed")}, "no result, data absent (Not performed)"),
    ],
)
def test_an_observation_reads_with_its_value(fields: dict[str, Any], told: str, tmp_path: Path) -> None:
    body = observation(code=coded("Some test"), **fields)
    assert line_of(tmp_path, body) == f"Observation: Some test: {told} (on 2020-05-04)."


def test_a_number_keeps_the_digits_it_was_written_with(tmp_path: Path) -> None:
    body = observation(code=coded("Hemoglobin"), valueQuantity={"value": 12345, "unit": "g/dL"})
    path = written(tmp_path, bundle(body))
    for digits in ("3.10", "150", "1E3"):
        path.write_text(path.read_text().replace("12345", digits))
        text = read_patients(path)[0].note("Observation/r1").text
        assert f"Hemoglobin: {'1000' if digits == '1E3' else digits} g/dL" in text
        path.write_text(path.read_text().replace(f'"value": {digits}', '"value": 12345'))


def test_codes_that_matter_have_words_without_a_display(tmp_path: Path) -> None:
    found = [
        observation(id="a", code=coded(code="89247-1"), valueInteger=1),
        observation(id="b", code=coded(code="21902-2"), valueCodeableConcept=coded("IIB")),
        observation(id="c", code=coded(code="72166-2"), valueCodeableConcept=coded("Former smoker")),
        observation(id="d", code=coded(code="99999-9"), valueInteger=1),
    ]
    texts = [note.text for note in patient_of(tmp_path, *found).notes[1:]]
    assert texts[0].startswith("Observation: ECOG performance status: 1")
    assert texts[1].startswith("Observation: Stage group.pathology Cancer: IIB")
    assert texts[2].startswith("Observation: Tobacco smoking status: Former smoker")
    assert texts[3].startswith("Observation: code 99999-9: 1")


def test_components_range_and_site_are_told(tmp_path: Path) -> None:
    body = observation(
        code=coded("Blood pressure"),
        component=[
            {"code": coded("Systolic"), "valueQuantity": {"value": 120, "unit": "mmHg"}},
            {"code": coded("Diastolic"), "valueQuantity": {"value": 80, "unit": "mmHg"}},
        ],
        referenceRange=[{"low": {"value": 90, "unit": "mmHg"}}],
    )
    assert line_of(tmp_path, body) == (
        "Observation: Blood pressure: Systolic 120 mmHg, Diastolic 80 mmHg (reference range from 90 mmHg; "
        "on 2020-05-04)."
    )


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        (
            "MedicationStatement",
            {"status": "active", "effectivePeriod": {"start": "2020-01-05"}},
            "Medication: Examplumab (status active; from 2020-01-05).",
        ),
        (
            "MedicationStatement",
            {"status": "not-taken", "statusReason": [coded("refused")]},
            "Medication not taken: Examplumab (status not-taken; because refused).",
        ),
        (
            "MedicationRequest",
            {
                "status": "active",
                "intent": "order",
                "authoredOn": "2020-01-05",
                "dosageInstruction": [{"text": "daily"}],
            },
            "Medication ordered: Examplumab (status active; dose daily; on 2020-01-05).",
        ),
        (
            "MedicationRequest",
            {"status": "active", "intent": "order", "doNotPerform": True},
            "Medication not to be given: Examplumab (status active).",
        ),
        (
            "MedicationRequest",
            {"status": "active", "intent": "plan"},
            "Medication proposed, not ordered: Examplumab (status active).",
        ),
        (
            "MedicationAdministration",
            {"status": "completed", "effectiveDateTime": "2020-01-05", "dosage": {"dose": {"value": 5, "unit": "mg"}}},
            "Medication given: Examplumab (status completed; dose 5 mg; on 2020-01-05).",
        ),
        ("MedicationAdministration", {"status": "not-done"}, "Medication not given: Examplumab (status not-done)."),
    ],
)
def test_medications_say_whether_they_were_given(kind: str, fields: dict[str, Any], text: str, tmp_path: Path) -> None:
    assert line_of(tmp_path, resource(kind, medicationCodeableConcept=DRUG, **fields)) == text


@pytest.mark.parametrize("contained", [True, False])
def test_a_medication_elsewhere_is_found_by_its_reference(contained: bool, tmp_path: Path) -> None:
    drug = {"resourceType": "Medication", "id": "m1", "code": DRUG}
    reference = {"reference": "#m1" if contained else "Medication/m1"}
    body = resource("MedicationStatement", status="active", medicationReference=reference)
    body |= {"contained": [drug]} if contained else {}
    patient = patient_of(tmp_path, body, *([] if contained else [drug]))
    assert patient.note("MedicationStatement/r1").text == "Medication: Examplumab (status active)."
    assert patient.unread == ()


def test_procedures_say_whether_they_were_done(tmp_path: Path) -> None:
    tumour = condition(id="c1")
    done = resource(
        *("Procedure", "p1"),
        status="completed",
        code=coded("Mastectomy"),
        performedDateTime="2018-01-11",
        reasonReference=[{"reference": "Condition/c1"}],
    )
    skipped = resource("Procedure", "p2", status="not-done", code=coded("Biopsy"), statusReason=coded("refused"))
    patient = patient_of(tmp_path, tumour, done, skipped)
    assert patient.note("Procedure/p1").text == (
        "Procedure: Mastectomy (status completed; for Malignant neoplasm of breast; on 2018-01-11)."
    )
    assert patient.note("Procedure/p2").text == "Procedure not done: Biopsy (status not-done; because refused)."


def test_allergies_name_their_reaction(tmp_path: Path) -> None:
    body = {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "patient": SUBJECT,
        "clinicalStatus": status("active"),
        "code": coded("Penicillin"),
        "recordedDate": "2019-01-01",
        "reaction": [{"manifestation": [coded("Rash")]}],
    }
    assert line_of(tmp_path, body) == (
        "Allergy: Penicillin (clinical status active; reaction Rash; recorded 2019-01-01)."
    )
    refuted = {**body, "verificationStatus": status("refuted")}
    assert line_of(tmp_path, refuted).startswith("Allergy ruled out: no allergy to Penicillin (")


def test_family_history_reads_as_family_history(tmp_path: Path) -> None:
    body = {
        "resourceType": "FamilyMemberHistory",
        "id": "f1",
        "patient": SUBJECT,
        "status": "completed",
        "relationship": coded("Mother"),
        "date": "2020-01-01",
        "condition": [{"code": coded("Breast cancer"), "onsetAge": {"value": 45, "unit": "years"}}],
    }
    assert line_of(tmp_path, body) == (
        "Family history: Mother had Breast cancer, at the age of 45 years (recorded 2020-01-01)."
    )
    assert line_of(tmp_path, {**body, "condition": []}).startswith("Family history: Mother, no condition of this rel")


def test_a_document_is_a_note_with_its_own_text(tmp_path: Path) -> None:
    words = "Brust-Stanze: größer, core biopsy.\r\n\tInvasive carcinoma, grade 2.\n"
    body = resource(
        "DocumentReference",
        status="current",
        type=coded("Pathology report"),
        date="2020-05-04T10:00:00Z",
        content=[attached(words, "text/plain; charset=utf-8"), attached("# Addendum", "text/markdown")],
    )
    patient = patient_of(tmp_path, body)
    first, second = patient.notes[1:]
    assert (first.note_id, first.text, first.day) == ("DocumentReference/r1", words, date(2020, 5, 4))
    assert first.kind == "pathology"
    assert (second.note_id, second.text) == ("DocumentReference/r1#2", "# Addendum")


def test_html_is_stripped_and_binaries_are_found(tmp_path: Path) -> None:
    page = "<html><style>p{}</style><p>Stage&nbsp;III</p><table><tr><td>ECOG</td><td>1</td></tr></table></html>"
    body = resource("DocumentReference", "d1", status="current", content=[attached(page, "text/html")])
    away = {"attachment": {"url": "Binary/b1"}}
    other = resource("DocumentReference", "d2", status="current", content=[away])
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "SGVsbG8="}
    patient = patient_of(tmp_path, body, other, binary)
    assert patient.note("DocumentReference/d1").text == "Stage III\nECOG 1"
    assert patient.note("DocumentReference/d2").text == "Hello"
    assert patient.unread == ()


def test_a_report_gives_its_form_and_its_conclusion(tmp_path: Path) -> None:
    body = resource(
        "DiagnosticReport",
        status="final",
        category=[coded(code="RAD")],
        code=coded("Chest CT"),
        effectiveDateTime="2020-05-04",
        conclusion="No metastases\nin the lung.",
        presentedForm=[attached("CT chest: clear.")["attachment"]],
    )
    patient = patient_of(tmp_path, body)
    form, line = patient.note("DiagnosticReport/r1"), patient.note("DiagnosticReport/r1#conclusion")
    assert (form.text, form.kind) == ("CT chest: clear.", "imaging")
    assert line.text == "Diagnostic report, Chest CT: No metastases in the lung (on 2020-05-04)."
    alone = patient_of(tmp_path, {**body, "presentedForm": []})
    assert alone.note("DiagnosticReport/r1").text == line.text


def test_every_structured_note_is_one_line(tmp_path: Path) -> None:
    bodies = [
        condition(id="1", note=[{"text": "first\nsecond"}]),
        observation(id="2", code=coded("a\nb"), valueString="c\r\nd"),
        resource("Procedure", "3", status="completed", code=coded("x\ty"), note=[{"text": "n\n\nm"}]),
    ]
    notes = patient_of(tmp_path, *bodies).notes
    assert len(notes) == 4
    assert all("\n" not in note.text and "\r" not in note.text and note.text.endswith(".") for note in notes)


def test_what_ended_later_has_a_note_of_before(tmp_path: Path) -> None:
    drug = resource(
        *("MedicationStatement", "m"),
        status="completed",
        medicationCodeableConcept=DRUG,
        effectivePeriod={"start": "2020-01-05", "end": "2020-06-01"},
    )
    ill = condition(
        id="c", clinicalStatus=status("resolved"), onsetDateTime="2020-01-05", abatementDateTime="2020-03-01"
    )
    patient = patient_of(tmp_path, drug, ill)
    early, late = patient.note("MedicationStatement/m#start"), patient.note("MedicationStatement/m")
    assert (early.day, early.text) == (date(2020, 1, 5), "Medication: Examplumab (from 2020-01-05).")
    assert late.day == date(2020, 6, 1)
    assert late.text == "Medication: Examplumab (status completed; 2020-01-05 to 2020-06-01)."
    assert patient.note("Condition/c#start").text == "Condition: Malignant neoplasm of breast (onset 2020-01-05)."
    assert patient.note("Condition/c").day == date(2020, 3, 1)


def test_what_ended_on_its_first_day_is_one_note(tmp_path: Path) -> None:
    ill = condition(onsetDateTime="2020-01-05", abatementDateTime="2020-01-05")
    times = {"start": "2020-01-05T08:00:00Z", "end": "2020-01-05T09:00:00Z"}
    done = resource("Procedure", "p", status="completed", code=coded("Biopsy"), performedPeriod=times)
    found = patient_of(tmp_path, ill, done)
    assert [note.note_id for note in found.notes] == ["Patient/ada", "Condition/r1", "Procedure/p"]
    assert found.note("Procedure/p").text == "Procedure: Biopsy (status completed; on 2020-01-05)."


def test_a_partial_date_counts_from_its_last_day(tmp_path: Path) -> None:
    patient = patient_of(tmp_path, condition(onsetDateTime="2017"))
    note = patient.note("Condition/r1")
    span = condition(onsetPeriod={"start": "2017-01-01", "end": "2017-03-01"})
    assert patient_of(tmp_path, span).note("Condition/r1").day == date(2017, 3, 1)
    assert (note.day, note.text) == (date(2017, 12, 31), "Condition: Malignant neoplasm of breast (onset 2017).")


def test_a_stage_names_its_condition_and_extensions_are_told(tmp_path: Path) -> None:
    stage = observation(id="s", code=coded("Stage"), valueString="IIB", focus=[{"reference": "Condition/c"}])
    intent = {"url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-treatment-intent"}
    drug = resource(
        *("MedicationStatement", "m"),
        status="active",
        medicationCodeableConcept=DRUG,
        extension=[{**intent, "valueCodeableConcept": coded("Palliative")}],
    )
    patient = patient_of(tmp_path, condition(id="c"), stage, drug)
    assert "IIB (for Malignant neoplasm of breast; on" in patient.note("Observation/s").text
    assert patient.note("MedicationStatement/m").text == "Medication: Examplumab (status active; intent Palliative)."
    assert patient.unread == ()


def test_fields_that_are_not_read_are_counted(tmp_path: Path) -> None:
    found = [
        condition(id=str(number), evidence=[{}], extension=[{"url": "http://a.example/own"}]) for number in range(2)
    ]
    odd = condition(id="3", text={"status": "additional", "div": "<div>more</div>"}, recorder={"display": "x"})
    told = {entry.reason for entry in patient_of(tmp_path, *found, odd).unread}
    assert told == {
        "Condition evidence: not read (2)",
        "Condition extension own: not read (2)",
        "Condition narrative with additional content: not read (1)",
    }


def test_an_observation_is_of_the_day_it_was_made_else_issued(tmp_path: Path) -> None:
    made = observation(id="a", code=coded("Hb"), valueInteger=9, issued="2020-05-09T10:00:00Z")
    sent = {key: value for key, value in made.items() if key != "effectiveDateTime"} | {"id": "b"}
    patient = patient_of(tmp_path, made, sent)
    assert patient.note("Observation/a").day == date(2020, 5, 4)
    assert patient.note("Observation/b").day == date(2020, 5, 9)
