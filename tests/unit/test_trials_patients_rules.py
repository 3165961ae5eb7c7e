"""Note rules: what may be used on a day, and every note left out with its reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from patient_cases import coded, patient_of, resource, status
from winnow.core import WinnowError
from winnow.trials.patients import Note, NoteRules, Patient, last_day, read_patients, select_notes

RECORD = Note("Patient/p", "Patient record: female, born 1965-01-01.", None, "structured")
WORDS = " ".join(f"word{number}" for number in range(300))


def patient(*notes: Note) -> Patient:
    return Patient("p", notes)


def dated(key: str, day: str, text: str | None = None, kind: str = "clinical") -> Note:
    return Note(key, key if text is None else text, date.fromisoformat(day), kind)


CHART = patient(
    RECORD,
    Note("undated", "u"),
    dated("a", "2024-01-01", kind="pathology"),
    dated("b", "2024-02-01"),
    dated("c", "2024-03-01", kind="imaging"),
)


def kept(chart: Patient, as_of: str | None = None, **rules: Any) -> list[str]:
    day = date.fromisoformat(as_of) if as_of else None
    return [note.note_id for note in select_notes(chart, day, NoteRules(**rules)).notes]


def left(chart: Patient, as_of: str | None = None, **rules: Any) -> dict[str, str]:
    day = date.fromisoformat(as_of) if as_of else None
    return {one.note_id: one.reason for one in select_notes(chart, day, NoteRules(**rules)).left_out}


def test_without_a_day_all_stay() -> None:
    selected = select_notes(CHART)
    assert selected.notes == CHART.notes
    assert selected.left_out == ()
    assert selected.undated == ("undated",)


def test_a_note_of_the_day_stays_and_a_later_one_never() -> None:
    assert kept(CHART, "2024-02-01") == ["Patient/p", "undated", "a", "b"]
    assert kept(CHART, "2024-01-31") == ["Patient/p", "undated", "a"]
    assert left(CHART, "2024-01-31") == {"b": "later than 2024-01-31", "c": "later than 2024-01-31"}


def test_undated_notes_are_kept_and_named_or_dropped() -> None:
    assert select_notes(CHART, date(2024, 1, 1)).undated == ("undated",)
    strict = select_notes(CHART, date(2024, 1, 1), NoteRules(undated="drop"))
    assert [note.note_id for note in strict.notes] == ["Patient/p", "a"]
    assert strict.undated == ()
    assert left(CHART, "2024-01-01", undated="drop")["undated"] == "no date"


def test_a_death_without_a_day_is_a_note_like_others() -> None:
    chart = patient(RECORD, Note("Patient/p#deceased", "Patient record: deceased.", None, "structured"))
    assert select_notes(chart).undated == ("Patient/p#deceased",)
    assert kept(chart, undated="drop") == ["Patient/p"]


def test_kinds_and_days_choose() -> None:
    assert kept(CHART, kinds=("imaging",)) == ["Patient/p", "c"]
    assert kept(CHART, without=("imaging", "unknown")) == ["Patient/p", "a", "b"]
    assert kept(CHART, since=date(2024, 2, 1)) == ["Patient/p", "undated", "b", "c"]
    assert left(CHART, since=date(2024, 2, 1)) == {"a": "before 2024-02-01"}
    assert "imaging" in left(CHART, without=("imaging",))["c"]
    assert "clinical" in left(CHART, kinds=("imaging",))["b"]


def test_of_the_same_words_the_latest_stays() -> None:
    chart = patient(
        dated("a", "2024-01-01", "Same  words."), dated("b", "2024-02-01", "Same\nwords."), dated("c", "2024-03-01")
    )
    assert kept(chart) == ["b", "c"]
    assert left(chart) == {"a": "same words as b"}
    assert kept(chart, drop_duplicates=False) == ["a", "b", "c"]


def test_a_later_copy_hides_no_earlier_note() -> None:
    for second in (WORDS, WORDS.replace("word150", "other")):
        chart = patient(dated("a", "2024-01-01", WORDS), dated("b", "2024-02-01", second))
        assert kept(chart) == ["b"]
        assert kept(chart, "2024-01-15") == ["a"]


def test_nearly_the_same_words_are_found_by_their_shingles() -> None:
    changed = WORDS.replace("word150", "other")
    chart = patient(dated("a", "2024-01-01", WORDS), dated("b", "2024-02-01", changed))
    # One of 300 words changes 5 of 296 shingles: 291 shared of 301.
    assert kept(chart, near_duplicates=291 / 301) == ["b"]
    assert kept(chart, near_duplicates=291 / 301 + 1e-6) == ["a", "b"]
    assert kept(chart, near_duplicates=None) == ["a", "b"]
    assert left(chart) == {"a": "nearly the same words as b"}


def test_a_note_that_a_later_one_only_adds_to_is_a_copy() -> None:
    longer = WORDS + " and four more words"
    for first, second in ((WORDS, longer), (longer, WORDS)):
        chart = patient(dated("a", "2024-01-01", first), dated("b", "2024-02-01", second))
        assert kept(chart, near_duplicates=296 / 300) == ["b"]
        assert kept(chart, near_duplicates=296 / 300 + 1e-6) == ["a", "b"]


def test_short_and_structured_notes_are_no_near_copies() -> None:
    short = patient(dated("a", "2024-01-01", "Hb 9 g/dL"), dated("b", "2024-02-01", "Hb 9.1 g/dL"))
    assert kept(short, near_duplicates=0.01) == ["a", "b"]
    chart = patient(
        dated("a", "2024-01-01", WORDS, "structured"), dated("b", "2024-02-01", WORDS + " end", "structured")
    )
    assert kept(chart) == ["a", "b"]


def test_rules_that_make_no_sense_are_refused() -> None:
    for wrong in (0, -1, 1.5):
        with pytest.raises(WinnowError, match="WN-C01"):
            NoteRules(near_duplicates=wrong)
    with pytest.raises(WinnowError, match="WN-C01"):
        NoteRules(undated="maybe")  # type: ignore[arg-type]


def test_the_end_of_a_therapy_is_not_known_before_it(tmp_path: Path) -> None:
    body = resource(
        *("MedicationStatement", "m"),
        status="completed",
        medicationCodeableConcept=coded("Examplumab"),
        effectivePeriod={"start": "2020-01-05", "end": "2020-06-01"},
    )
    ill = resource(
        *("Condition", "c"),
        code=coded("Pneumonia"),
        clinicalStatus=status("resolved"),
        onsetDateTime="2020-01-05",
        abatementDateTime="2020-06-01",
    )
    chart = patient_of(tmp_path, body, ill)
    assert kept(chart, "2020-01-04") == ["Patient/ada"]
    assert kept(chart, "2020-05-31") == ["Patient/ada", "MedicationStatement/m#start", "Condition/c#start"]
    assert kept(chart, "2020-06-01") == ["Patient/ada", "MedicationStatement/m", "Condition/c"]
    early = select_notes(chart, date(2020, 5, 31)).notes
    assert not any(word in note.text for note in early for word in ("completed", "resolved", "Past", "2020-06"))
    assert left(chart)["Condition/c#start"] == "superseded by Condition/c"


def test_a_chart_of_before_is_a_prefix_on_the_real_charts(shared: Path) -> None:
    charts = read_patients(shared / "trials" / "synthetic-charts.parquet")
    assert len(charts) == 8
    for chart in charts:
        assert [entry.reason for entry in chart.unread] == ["columns not read: batch"]
        end = last_day(chart)
        assert end is not None
        half_a_year_before = date.fromordinal(end.toordinal() - 182)
        notes = select_notes(chart, half_a_year_before).notes
        assert notes and all(note.day and note.day <= half_a_year_before for note in notes)
        assert chart.notes[-1] not in notes


def test_the_real_bundle_is_read_without_the_other_patients(shared: Path) -> None:
    (found,) = read_patients(shared / "trials" / "fhir" / "mcode_patient_bundle.json")
    assert (found.sex, found.born) == ("female", date(1966, 8, 3))
    kinds = [note.note_id.split("/")[0] for note in found.notes]
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    assert counts == {"Patient": 1, "Condition": 2, "Observation": 5, "MedicationStatement": 3, "Procedure": 6}
    texts = " ".join(note.text for note in found.notes)
    assert "HER2 Receptor: Positive" in texts and ">= 10 %" in texts and "Stage 3A" in texts
    # 25 entries: 17 read, 5 repetitions, 3 of other patients.
    assert sum("read once" in entry.reason for entry in found.unread) == 5
    assert sum("another subject" in entry.reason for entry in found.unread) == 3
    assert "ECOG" not in texts


def test_the_real_texts_are_one_note_each(shared: Path) -> None:
    found = read_patients(shared / "trials" / "known-item-patients.jsonl")
    assert len(found) == 20
    assert all(len(one.notes) == 1 and one.notes[0].day is None for one in found)
    assert {entry.reason for one in found for entry in one.unread} == {"columns not read: target_trial"}
