"""The tour's data is read whole, says where it is made up, and holds what its authors say it holds."""

from __future__ import annotations

from datetime import date

import pytest

from winnow.trials.patients import Patient, read_patients
from winnow.trials.registry import Trial, read_trials
from winnow.trials.retrieval import looks_like_instruction
from winnow.trials.tour import AS_OF, tour_expected, tour_patients, tour_trials


@pytest.fixture(scope="module")
def patients() -> dict[str, Patient]:
    return {patient.patient_id: patient for patient in read_patients(tour_patients())}


@pytest.fixture(scope="module")
def trials() -> dict[str, Trial]:
    reading = read_trials(tour_trials())
    assert reading.unread == []
    return {trial.trial_id: trial for trial in reading.trials}


def test_three_patients_in_three_forms_are_read_whole(patients: dict[str, Patient]) -> None:
    assert {name: len(patient.notes) > 5 for name, patient in patients.items()} == {
        "tour-amara": True,
        "tour-bruno": True,
        "tour-celia": True,
    }
    assert [patient.unread for patient in patients.values()] == [()] * 3
    assert patients["tour-amara"].born == date(1962, 4, 18)
    assert sum(note.kind != "structured" for note in patients["tour-amara"].notes) == 3
    assert max(note.day for patient in patients.values() for note in patient.notes if note.day) <= AS_OF


def test_everything_says_that_it_is_made_up(patients: dict[str, Patient], trials: dict[str, Trial]) -> None:
    for patient in patients.values():
        for note in patient.notes:
            assert note.kind == "structured" or note.text.startswith("SYNTHETIC: fictional patient")
    assert all(trial.summary.startswith("SYNTHETIC: a fictional trial") for trial in trials.values())
    files = [file for folder in (tour_patients(), tour_trials()) for file in folder.rglob("*.*")]
    assert all(b"SYNTHETIC" in file.read_bytes() for file in files) and len(files) == 20
    assert sum(file.stat().st_size for file in files) < 80_000


def test_the_twelve_trials_have_what_trips_matchers(trials: dict[str, Trial]) -> None:
    assert sorted(trials) == [f"FICT{number:04}" for number in range(1, 13)]
    assert trials["FICT0004"].minimum_age == 0.5 and trials["FICT0004"].maximum_age is None
    assert trials["FICT0003"].maximum_age == 80 and trials["FICT0006"].sex == "male"
    assert trials["FICT0012"].status == "ACTIVE_NOT_RECRUITING"
    assert "DISEASE CHARACTERISTICS:" in trials["FICT0007"].eligibility
    assert "platelet count >= 100,000/mm^3" in trials["FICT0007"].eligibility.lower()


def test_each_expected_answer_rests_on_words_of_a_note_of_its_time(
    patients: dict[str, Patient], trials: dict[str, Trial]
) -> None:
    expected = tour_expected()
    assert date.fromisoformat(expected["as_of"]) == AS_OF
    for row in expected["answers"]:
        as_of = date.fromisoformat(row.get("as_of", expected["as_of"]))
        notes = [note for note in patients[row["patient"]].notes if note.day and note.day <= as_of]
        assert row["criterion"] in trials[row["trial"]].eligibility
        assert (row["fact"] == "not documented") == (row["words"] == "") == (row["verdict"] == "n/a")
        assert row["verdict"] == "n/a" or (row["verdict"] == "met") == (
            (row["fact"] == "yes") == (row["kind"] == "inclusion")
        )
        assert any(row["words"] in note.text for note in notes)
    assert {row["fact"] for row in expected["answers"]} == {"yes", "no", "not documented"}


def test_a_later_note_changes_an_answer_of_each_patient() -> None:
    answers = tour_expected()["answers"]
    earlier = {(row["patient"], row["criterion"]): row["fact"] for row in answers if "as_of" in row}
    later = {(row["patient"], row["criterion"]): row["fact"] for row in answers if "as_of" not in row}
    assert all(later[key] != fact for key, fact in earlier.items())
    assert {patient for patient, _ in earlier} == {"tour-amara", "tour-bruno", "tour-celia"}


def test_every_pair_has_an_intention(patients: dict[str, Patient], trials: dict[str, Trial]) -> None:
    fit = tour_expected()["fit"]
    assert set(fit) == set(patients)
    for one in fit.values():
        assert sorted([*one["good"], *one["possible"], *one["bad"]]) == sorted(trials)
        assert len(one["good"]) == 1 and one["possible"]


def test_one_line_is_an_order_to_a_machine(patients: dict[str, Patient]) -> None:
    orders = [
        (patient.patient_id, note.source)
        for patient in patients.values()
        for note in patient.notes
        if any(looks_like_instruction(line) for line in note.text.splitlines())
    ]
    assert orders == [("tour-bruno", "2025-06-24_clinic.txt")]
