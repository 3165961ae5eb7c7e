"""What is put into a store comes out of it again, on SQLite and on PostgreSQL."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

import store_cases as cases
from winnow.core import WinnowError
from winnow.trials.composition import Ask, Comparison, Composed, Question, Window
from winnow.trials.criteria import Criterion
from winnow.trials.patients import Note, Patient
from winnow.trials.store import Given, Imported, Snapshot, Store, open_store

pytest_plugins = ("store_places",)


def refused(code: str) -> pytest.RaisesExc[WinnowError]:
    return pytest.raises(WinnowError, match=f"^{code} ")


def test_charts_come_back_as_they_were(store: Store) -> None:
    assert store.put_patients([cases.OTHER, cases.PATIENT]) == Imported(added=3)
    assert store.patients() == [cases.PATIENT, cases.OTHER]
    assert store.patients(["P-2"]) == [cases.OTHER]
    assert store.patients([]) == []
    with refused("WN-L03"):
        store.patients(["P-2", "P-3"])


def test_putting_the_same_again_changes_nothing(store: Store) -> None:
    store.put_patients([cases.PATIENT])
    store.put_trials([cases.TRIAL])
    head = store.audit_head()
    assert store.put_patients([cases.PATIENT]) == Imported(unchanged=2)
    assert store.put_trials([cases.TRIAL]) == Imported(unchanged=1)
    assert store.audit_head() == head


def test_a_changed_note_is_a_new_version_and_the_old_words_stay(store: Store) -> None:
    store.put_patients([cases.PATIENT])
    changed = dataclasses.replace(cases.NOTE, text="SYNTHETIC. Other words.")
    patient = dataclasses.replace(cases.PATIENT, notes=(changed, cases.LATER))
    assert store.put_patients([patient]) == Imported(changed=1, unchanged=1)
    assert store.patients() == [patient]
    for note in (cases.NOTE, changed):
        assert store.note_version("P-1", "n1", note.digest) == note
    with refused("WN-L03"):
        store.note_version("P-1", "n1", cases.LATER.digest)


@pytest.mark.parametrize("change", [{"day": date(2024, 4, 1)}, {"kind": "imaging"}, {"source": "z.txt"}])
def test_a_note_that_differs_in_anything_is_changed(store: Store, change: dict[str, object]) -> None:
    store.put_patients([cases.PATIENT])
    note = dataclasses.replace(cases.NOTE, **change)
    patient = dataclasses.replace(cases.PATIENT, notes=(note, cases.LATER))
    assert store.put_patients([patient]).changed == 1
    assert store.patients() == [patient]


def test_notes_that_are_gone_are_withdrawn_unless_merged(store: Store) -> None:
    store.put_patients([cases.PATIENT])
    early = Note("n0", "SYNTHETIC. Earlier.", date(2023, 1, 1))
    only = Patient("P-1", (early,))
    assert store.put_patients([only], merge=True) == Imported(added=1, unchanged=2)
    merged = store.patients()[0]
    assert [note.note_id for note in merged.notes] == ["n0", "n1", "n2"]
    assert (merged.born, merged.sex, merged.unread) == (cases.PATIENT.born, "female", cases.PATIENT.unread)
    assert store.put_patients([only]) == Imported(withdrawn=2, unchanged=1)
    assert store.patients() == [only]
    assert store.note_version("P-1", "n2", cases.LATER.digest) == cases.LATER
    assert store.put_patients([cases.PATIENT]) == Imported(added=2, withdrawn=1)
    assert store.patients() == [cases.PATIENT]


def test_trials_come_back_and_a_changed_one_replaces_the_old(store: Store) -> None:
    store.put_trials([cases.TRIAL])
    assert store.trials() == store.trials(["FICT9001"]) == [cases.TRIAL]
    second = dataclasses.replace(cases.TRIAL, status="RECRUITING")
    first = dataclasses.replace(cases.TRIAL, trial_id="FICT0001")
    assert store.put_trials([second, first]) == Imported(added=1, changed=1)
    assert store.trials() == [first, second]
    with refused("WN-L03"):
        store.trials(["FICT0002"])


def test_answers_are_found_by_patient_question_engine_and_evidence(store: Store) -> None:
    run = cases.begin(store)
    assert store.put_answers(run, cases.ENGINE, date(2024, 6, 1), cases.batch([1, 2])) == 2
    assert store.answer_for("P-1", f"{1:016x}", cases.ENGINE, "e1") == cases.answer(1)
    found = store.answers_for("P-1", cases.ENGINE, [*cases.keys([1, 2, 3]), *cases.keys([1], "e2")])
    assert found == dict(zip(cases.keys([1, 2]), [cases.answer(1), cases.answer(2)], strict=True))
    assert store.answers_for("P-2", cases.ENGINE, cases.keys([1])) == {}
    assert store.answers_for("P-1", "another engine", cases.keys([1])) == {}


def test_the_same_answers_again_are_not_stored_and_others_take_their_place(store: Store) -> None:
    run = cases.begin(store)
    store.put_answers(run, cases.ENGINE, None, cases.batch([1, 2]))
    head = store.audit_head()
    assert store.put_answers(run, cases.ENGINE, None, cases.batch([1, 2])) == 0
    assert store.audit_head() == head
    other = Given("P-1", "e1", cases.answer(1, "no"))
    assert store.put_answers(run, cases.ENGINE, None, [other, *cases.batch([2])]) == 1
    assert store.answer_for("P-1", f"{1:016x}", cases.ENGINE, "e1") == other.answer


@pytest.mark.parametrize("status", ["error", "not evaluated"])
def test_what_failed_is_asked_again(store: Store, status: str) -> None:
    run = cases.begin(store)
    failed = Given("P-1", "e1", cases.answer(1, "n/a", status))
    store.put_answers(run, cases.ENGINE, None, [failed])
    assert store.answers_for("P-1", cases.ENGINE, cases.keys([1])) == {}
    assert store.answers_for("P-1", cases.ENGINE, cases.keys([1]), unsettled=True) == {failed.key: failed.answer}


def test_a_batch_with_an_unknown_patient_is_refused_whole(store: Store) -> None:
    run = cases.begin(store)
    stranger = Given("P-9", "e1", cases.answer(1))
    with refused("WN-L03"):
        store.put_answers(run, cases.ENGINE, None, [*cases.batch([1]), stranger])
    assert store.answers_for("P-1", cases.ENGINE, cases.keys([1])) == {}


def test_more_keys_than_one_statement_takes(store: Store) -> None:
    run = cases.begin(store)
    store.put_answers(run, cases.ENGINE, None, cases.batch(range(1203)))
    assert set(store.answers_for("P-1", cases.ENGINE, cases.keys(range(1300)))) == set(cases.keys(range(1203)))


def test_snapshots_of_a_run_and_of_the_one_it_follows(store: Store) -> None:
    first = cases.begin(store)
    store.put_snapshots(first, [Snapshot("P-1", "FICT9001", {"score": 0.5}), Snapshot("P-2", "FICT9001", {})])
    store.put_snapshots(first, [Snapshot("P-1", "FICT9001", {"score": 0.25, "verdicts": {"FICT9001/i01": "met"}})])
    second = cases.begin(store, kind="rescreen", follows=first)
    store.put_snapshots(second, [Snapshot("P-1", "FICT9001", {"score": 1.0})])
    assert [one.result.get("score") for one in store.snapshots(patient_id="P-1")] == [0.25, 1.0]
    assert [one.patient_id for one in store.snapshots(first)] == ["P-1", "P-2"]
    store.finish_run(first)
    runs = store.runs()
    assert [(run.run_id, run.kind, run.follows, run.outcome) for run in runs] == [
        (first, "match", None, "finished"),
        (second, "rescreen", first, None),
    ]
    assert runs[0].as_of == date(2024, 6, 1) and runs[0].details["policy"] == {"met": 0.66}
    with refused("WN-L03"):
        store.finish_run("no such run")


def test_questions_come_back_by_id(store: Store) -> None:
    asked = Question("Is it 5?", "5", Comparison("age", ">=", 5.0, unit="years"), Window(28.0, "within", "day 1"))
    composed = Composed(Criterion("FICT9001/i01", "FICT9001", "inclusion", "5"), (asked,), Ask(0))
    store.put_composed([composed])
    store.put_composed([composed])
    assert store.questions() == store.questions([asked.question_id]) == {asked.question_id: asked}
    assert store.questions(["0"]) == {}


def test_a_forgotten_patient_leaves_only_the_audit(store: Store, address: str) -> None:
    run = cases.begin(store)
    store.put_answers(run, cases.ENGINE, None, cases.batch([1]))
    store.put_snapshots(run, [Snapshot("P-1", "FICT9001", {})])
    store.forget_patient("P-1")
    assert store.patients() == [cases.OTHER]
    assert store.snapshots() == [] and store.answers_for("P-1", cases.ENGINE, cases.keys([1])) == {}
    assert store.audit_events("forget")[0].patient_id == "P-1"
    assert store.verify_audit() is None
    with refused("WN-L03"):
        store.forget_patient("P-1")


def test_everything_is_there_when_opened_again(store: Store, address: str) -> None:
    run = cases.begin(store)
    store.put_answers(run, cases.ENGINE, None, cases.batch([1]))
    store.close()
    with open_store(address) as again:
        assert again.patients() == [cases.PATIENT, cases.OTHER]
        assert again.answer_for("P-1", f"{1:016x}", cases.ENGINE, "e1") == cases.answer(1)
        assert again.verify_audit() is None
