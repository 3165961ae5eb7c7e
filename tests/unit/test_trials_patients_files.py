"""Folders, tables and single files: each becomes the patients it holds, or is refused with WN-L01."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patient_cases import ADA, bundle, coded, reasons, resource, written
from winnow.core import WinnowError
from winnow.trials.patients import Patient, read_patients


def write(folder: Path, **files: str) -> Path:
    """Text files; "__" in a name stands for the dot."""
    for name, text in files.items():
        path = folder / name.replace("__", ".").replace("SLASH", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def one(path: Path) -> Patient:
    (found,) = read_patients(path)
    return found


def refused(path: Path) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        read_patients(path)
    assert caught.value.code == "WN-L01"
    assert caught.value.where and caught.value.fix
    return caught.value


NOTES = {
    "2024-03-01_pathology.txt": "Carcinoma.\r\n\r\nGrade 2.\n",
    "imaging_20240215.md": "# CT chest\n\nClear.",
    "visit.txt": "Date: 12 Mar 2024\nType: Oncology consult\n\nFeels well.",
    "old.txt": "Some letter.",
}


def test_a_folder_of_notes_is_one_patient(tmp_path: Path) -> None:
    folder = tmp_path / "p01"
    write(folder, **NOTES)
    patient = one(folder)
    assert patient.patient_id == "p01"
    assert [(note.note_id, note.day, note.kind) for note in patient.notes] == [
        ("old.txt", None, "unknown"),
        ("imaging_20240215.md", date(2024, 2, 15), "imaging"),
        ("2024-03-01_pathology.txt", date(2024, 3, 1), "pathology"),
        ("visit.txt", date(2024, 3, 12), "clinical"),
    ]
    assert {note.note_id: note.text for note in patient.notes} == NOTES
    assert reasons(patient) == {"old.txt": "no date in name or header: kept without one"}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Date: 2024-03-12\n", date(2024, 3, 12)),
        ("**Date:** March 12, 2024\n", date(2024, 3, 12)),
        ("# Note\n\n- **Date of service**: 3/12/2024 08:30 (seen with family)\n", date(2024, 3, 12)),
        ("Report date: 2024-03-12 | Ward 3", date(2024, 3, 12)),
        ("Date of birth: 1950-01-01\n", None),
        ("Date: to be inserted\n", None),
        ("words\n" * 20 + "Date: 2024-03-12\n", None),
        ("The date: 2024-03-12\n", None),
    ],
)
def test_the_header_names_the_day(text: str, day: date | None, tmp_path: Path) -> None:
    write(tmp_path / "p", note__txt=text)
    assert one(tmp_path / "p").notes[0].day == day


def test_doubts_about_a_day_are_listed(tmp_path: Path) -> None:
    write(
        tmp_path / "p",
        **{"a_2024-03-01.txt": "Date: 2024-04-01\nx", "b.txt": "Date: 3/4/2024\nx", "c.txt": "Date: later\nx"},
    )
    patient = one(tmp_path / "p")
    assert patient.note("a_2024-03-01.txt").day == date(2024, 3, 1)
    told = reasons(patient)
    assert "different dates" in told["a_2024-03-01.txt"]
    assert "month first" in told["b.txt"]
    assert "cannot be read" in told["c.txt"]


def test_a_folder_of_folders_is_one_patient_each(tmp_path: Path) -> None:
    write(tmp_path, **{"README.md": "about", "anna/2024-01-01.txt": "a", "bert/2024-01-01.txt": "b"})
    write(tmp_path, **{"anna/imaging/2024-02-01.txt": "ct", "carl/notes.csv": "date,text\n2024-01-01,c\n"})
    found = {patient.patient_id: patient for patient in read_patients(tmp_path)}
    assert list(found) == ["anna", "bert", "carl"]
    assert [(note.note_id, note.kind) for note in found["anna"].notes] == [
        ("2024-01-01.txt", "unknown"),
        ("imaging/2024-02-01.txt", "imaging"),
    ]
    assert found["carl"].notes[0].text == "c"


def test_subfolders_named_after_kinds_are_one_patient(tmp_path: Path) -> None:
    write(tmp_path / "p9", **{"imaging/1.txt": "Date: 2024-01-01", "pathology/1.txt": "Date: 2024-01-02"})
    assert [note.kind for note in one(tmp_path / "p9").notes] == ["imaging", "pathology"]


def test_fhir_in_a_patient_folder_joins_the_patient(tmp_path: Path) -> None:
    folder = tmp_path / "p01"
    write(folder, **{"2024-01-01.txt": "note"})
    written(folder, bundle(resource("Condition", code=coded("Asthma"))))
    patient = one(folder)
    assert (patient.patient_id, patient.sex, patient.born) == ("p01", "female", date(1965, 1, 1))
    assert {note.note_id for note in patient.notes} == {"2024-01-01.txt", "Patient/ada", "Condition/r1"}


def test_records_of_several_patients_are_never_mixed(tmp_path: Path) -> None:
    folder = tmp_path / "p01"
    write(folder, **{"2024-01-01.txt": "note"})
    written(folder, bundle({**ADA, "id": "ben"}))
    found = {patient.patient_id: patient for patient in read_patients(folder)}
    assert set(found) == {"p01", "ada", "ben"}
    assert [note.note_id for note in found["p01"].notes] == ["2024-01-01.txt"]
    assert all("several patients" in reasons(patient)["p01"] for patient in found.values())


def test_a_bulk_export_is_joined_over_its_files(tmp_path: Path) -> None:
    conditions = [{**resource("Condition", n, code=coded("X")), "subject": {"reference": f"Patient/{n}"}} for n in "ab"]
    for name, bodies in (("Condition", conditions), ("Patient", [{**ADA, "id": n} for n in "ab"])):
        (tmp_path / f"{name}.ndjson").write_text("\n".join(json.dumps(body) for body in bodies))
    found = read_patients(tmp_path)
    assert [(patient.patient_id, len(patient.notes)) for patient in found] == [("a", 2), ("b", 2)]


def test_what_a_folder_holds_besides_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    write(folder, **{"2024-01-01.txt": "note", "empty.txt": "", "scan.pdf": "%PDF", "cut.json": '{"resourceType":'})
    (folder / "latin.txt").write_bytes("Müller".encode("latin-1"))
    (folder / ".hidden").write_text("x")
    patient = one(folder)
    assert [note.note_id for note in patient.notes] == ["2024-01-01.txt"]
    told = reasons(patient)
    assert set(told) == {"empty.txt", "scan.pdf", "cut.json", "latin.txt"}
    assert "UTF-8" in told["latin.txt"] and ".pdf" in told["scan.pdf"] and "JSON" in told["cut.json"]


ROWS: list[dict[str, Any]] = [
    {"patient_id": "7", "note_id": "n1", "date": "2024-01-05", "type": "pathology_report", "text": 'one, "two"\nthree'},
    {"patient_id": "8", "note_id": "n1", "date": "2024-01-06", "type": "ngs_report", "text": "x" * 200_000},
    {"patient_id": "7", "note_id": "n2", "date": "2023-01-05", "type": "", "text": "earlier"},
]


def as_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        text = json.dumps(rows) if path.suffix == ".json" else "\n".join(json.dumps(row) for row in rows)
        path.write_text(text)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".ndjson", ".json", ".parquet"])
def test_every_table_gives_the_same_patients(suffix: str, tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    seven, eight = read_patients(as_table(tmp_path / f"notes{suffix}", ROWS))
    assert csv.field_size_limit() == limit
    assert (seven.patient_id, eight.patient_id) == ("7", "8")
    assert [(note.note_id, note.day, note.kind) for note in seven.notes] == [
        ("n2", date(2023, 1, 5), "unknown"),
        ("n1", date(2024, 1, 5), "pathology"),
    ]
    assert seven.note("n1").text == ROWS[0]["text"]
    assert (eight.notes[0].kind, eight.notes[0].text) == ("sequencing", ROWS[1]["text"])
    assert seven.unread == eight.unread == ()


def test_columns_are_known_by_their_usual_names(tmp_path: Path) -> None:
    rows = [{"Subject ID": 12.0, "charttime": datetime(2024, 1, 5, 10), "Category": "Radiology", "NOTE_TEXT": "x"}]
    patient = one(as_table(tmp_path / "a.parquet", rows))
    assert patient.patient_id == "12"
    note = patient.notes[0]
    assert (note.note_id, note.day, note.kind) == ("2024-01-05-imaging", date(2024, 1, 5), "imaging")


def test_age_and_sex_of_a_table_can_be_quoted(tmp_path: Path) -> None:
    rows = [{"patient_id": "7", "sex": "F", "dob": "1960-02-03", "text": "a"}]
    patient = one(as_table(tmp_path / "a.csv", rows))
    assert (patient.sex, patient.born) == ("female", date(1960, 2, 3))
    assert patient.note("Patient/7").text == "Patient record: female, born 1960-02-03."
    for odd in ("3/2/1960", "13/2/60", "spring"):
        patient = one(as_table(tmp_path / "a.csv", [{**rows[0], "dob": odd}]))
        assert patient.born is None
        assert "birth date" in reasons(patient)["a.csv row 2"]


def test_rows_without_a_patient_are_the_file_s(tmp_path: Path) -> None:
    patient = one(
        as_table(tmp_path / "mara.jsonl", [{"text": "a"}, {"text": "b"}, {"text": "a", "date": "2024-01-01"}])
    )
    assert patient.patient_id == "mara"
    assert [note.note_id for note in patient.notes] == ["note", "note-2", "2024-01-01"]


def test_dates_of_a_column_are_read_in_one_order(tmp_path: Path) -> None:
    def days(*written_so: str) -> list[date | None]:
        rows = [{"note_id": str(number), "date": day, "text": "x"} for number, day in enumerate(written_so)]
        patient = one(as_table(tmp_path / "a.csv", rows))
        return [patient.note(str(number)).day for number in range(len(rows))]

    assert days("8/7/20 0:52", "2024-08-26 13:56:13") == [date(2020, 8, 7), date(2024, 8, 26)]
    assert days("3/4/2021", "13/4/2021") == [date(2021, 4, 3), date(2021, 4, 13)]
    assert days("3/4/2021", "13/4/2021", "4/13/2021") == [None, date(2021, 4, 13), date(2021, 4, 13)]


def test_odd_rows_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("note_id;date;text\n1;soon;a\n2;2024-01-01;\n3;x\n1;2024-01-01;b\n4;;c;d\n")
    patient = one(tmp_path / "a.csv")
    assert [(note.note_id, note.text) for note in patient.notes] == [("1", "a"), ("1#2", "b")]
    told = reasons(patient)
    assert "date cannot be read" in told["a.csv row 2"]
    assert told["a.csv row 3"] == "no text"
    assert "another note has this id" in told["1"]
    widths = [entry.reason for entry in patient.unread if entry.source == "a.csv"]
    assert widths == ["row 4: 2 fields, not 3", "row 6: 4 fields, not 3"]


def test_notes_of_one_id_are_told_apart_and_repetitions_read_once(tmp_path: Path) -> None:
    rows = [{"note_id": "1", "text": text} for text in ("a", "b", "b", "a", "c")]
    patient = one(as_table(tmp_path / "a.jsonl", rows))
    assert [(note.note_id, note.text) for note in patient.notes] == [("1", "a"), ("1#2", "b"), ("1#3", "c")]
    assert sum("read once" in entry.reason for entry in patient.unread) == 1


def test_a_single_note_is_a_patient_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, mara__txt="Date: 2024-01-01\n")
    assert (one(tmp_path / "mara.txt").patient_id, len(one(tmp_path / "mara.txt").notes)) == ("mara", 1)


def test_marks_of_encodings_are_no_part_of_the_text(tmp_path: Path) -> None:
    for codec in ("utf-8-sig", "utf-16"):
        (tmp_path / "a.txt").write_bytes("Müller\r\nx".encode(codec))
        assert one(tmp_path / "a.txt").notes[0].text == "Müller\r\nx"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", b"", "empty"),
        ("a.json", b" \n", "empty"),
        ("a.json", b'{"resourceType": "Bundle"', "no JSON"),
        ("a.json", b'{"x": NaN}', "no JSON"),
        ("a.json", b"[1, 2]", "no JSON object"),
        ("a.json", b"[" * 5000, "no JSON"),
        ("a.json", b'{"resourceType": "Bundle", "entry": []}', "no note"),
        ("a.json", b'{"protocolSection": {}}', "a trial"),
        ("a.json", b'{"other": 1}', "no column of text"),
        ("a.ndjson", b"words\nwords\n", "no line"),
        ("a.jsonl", b'{"patient_id": "1"}\n', "no column of text"),
        ("a.csv", b"text\n", "no row"),
        ("a.csv", b'text\n"open\n', "no CSV"),
        ("a.csv", b"a,b\n1,2\n", "no column of text"),
        ("a.parquet", b"PAR1 nothing PAR1", "no Parquet"),
        ("a.txt", b"a\x00b", "binary"),
        ("a.txt", b"M\xfcller", "UTF-8"),
        ("a.pdf", b"%PDF", ".pdf"),
        ("a", b"x", "unknown"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert told in refused(tmp_path / name).what


def test_wrong_places_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "nowhere").what
    assert "no note" in refused(tmp_path).what
    write(tmp_path / "p", empty__txt="")
    assert "empty.txt" in refused(tmp_path / "p").what


def test_an_error_holds_no_word_of_the_notes(tmp_path: Path) -> None:
    secret = "zanzibar"
    for name, text in (("a.json", f'{{"{secret}": '), ("a.csv", f"{secret}\n{secret}\n"), ("a.jsonl", secret)):
        (tmp_path / name).write_text(text)
        assert secret not in str(refused(tmp_path / name))


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path / "p", **{"2024-01-01.txt": "x"})
    (tmp_path / "p" / "again").symlink_to(tmp_path / "p")
    assert len(one(tmp_path / "p").notes) == 1


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    patient = one(as_table(tmp_path / "a.csv", [{"text": "x", "ward": "3", "ecog": "1"}]))
    assert reasons(patient) == {"a.csv": "columns not read: ecog, ward"}
