"""Matching: equal questions are asked once, a stopped run resumes, a new note asks only what it touches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trial_cases import ELIGIBILITY, WordEngine, patient, trial
from winnow.trials.matching import Matcher, MatchSettings, difference, prepare_trials
from winnow.trials.patients import Note
from winnow.trials.report import worklist
from winnow.trials.scoring import Policy
from winnow.trials.screening import MatchRequest, audit_store, rank_patients, rank_trials, run_match
from winnow.trials.screening import matching as screening_matching
from winnow.trials.store import Review, open_store

TRIALS = [trial("FICT1"), trial("FICT2", ELIGIBILITY + "* Gout\n"), trial("FICT3", "Inclusion Criteria:\n\n* Gout\n")]


def matcher(engine: WordEngine, **fields: Any) -> Matcher:
    return Matcher(prepare_trials(TRIALS), engine, MatchSettings(**fields))


def test_equal_questions_of_several_trials_are_asked_once() -> None:
    engine = WordEngine()
    found = matcher(engine).match(patient())
    assert len(engine.seen) == found.effort.distinct < found.effort.questions
    # Gout is asked twice, once as what is wanted and once as what excludes; all else once.
    assert len(engine.seen) - len(set(engine.seen)) == 1


def test_every_answer_stands_beside_its_question_and_quotes_its_note() -> None:
    found = matcher(WordEngine()).match(patient())
    for standing in found.standings:
        prepared = found.trials[standing.trial_id]
        for composed in prepared.composed:
            answers = found.answers[composed.criterion.criterion_id]
            assert [a.question_id for a in answers] == [q.question_id for q in composed.questions]
            for quote in [q for a in answers for q in a.quotes]:
                assert found.chart.patient.note(quote.note_id).text[quote.start : quote.end] == quote.text


def test_no_trial_is_left_out_and_the_document_is_the_same_every_time() -> None:
    settings = MatchSettings()
    made = [json.dumps(worklist(matcher(WordEngine()).match(patient()), settings, "words")) for _ in range(2)]
    assert made[0] == made[1]
    document = json.loads(made[0])
    assert sorted(t["id"] for t in document["trials"]) == ["FICT1", "FICT2", "FICT3"]
    assert [t["place"] for t in document["trials"]] == [1, 2, 3]


def test_notes_after_the_day_are_never_used() -> None:
    early = matcher(WordEngine(), as_of=date(2024, 1, 31)).match(patient())
    assert {note.note_id for note in early.chart.notes} == {"n1"}
    quoted = {quote.note_id for answers in early.answers.values() for a in answers for quote in a.quotes}
    assert quoted == {"n1"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> WordEngine:
    made = WordEngine()
    monkeypatch.setattr(screening_matching, "build_engine", lambda _choice: made)
    return made


def request(out: Path, **fields: Any) -> MatchRequest:
    return MatchRequest(out, encoder="none", **fields)


def test_a_stopped_run_goes_on_and_ends_with_the_same_files(tmp_path: Path, engine: WordEngine) -> None:
    settings = MatchSettings(batch=2)
    with open_store(tmp_path / "whole.db") as store:
        store.put_patients([patient()])
        store.put_trials(TRIALS)
        run_match(store, request(tmp_path / "whole", settings=settings))
    asked = len(engine.seen)
    engine.seen.clear()
    engine.stop_after = 5
    with open_store(tmp_path / "stopped.db") as store:
        store.put_patients([patient()])
        store.put_trials(TRIALS)
        with pytest.raises(KeyboardInterrupt):
            run_match(store, request(tmp_path / "stopped", settings=settings))
        assert store.runs()[-1].outcome == "stopped: KeyboardInterrupt"
        assert not list((tmp_path / "stopped").glob("*"))
        engine.stop_after = None
        report = run_match(store, request(tmp_path / "stopped", settings=settings))
    # A run that was stopped is none to compare with.
    assert report.changes == {}
    # Five were asked, of which two batches of two were kept.
    assert report.effort.reused == 4
    assert len(engine.seen) == 5 + asked - 4
    for name in ("P1.json", "P1.html", "worklist.csv", "criteria.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "stopped" / name).read_bytes()


def test_a_new_note_asks_only_the_questions_it_touches_and_shows_what_changed(
    tmp_path: Path, engine: WordEngine
) -> None:
    with open_store(tmp_path / "s.db") as store:
        store.put_patients([patient()])
        store.put_trials(TRIALS)
        first = run_match(store, request(tmp_path / "w"))
        assert first.changes == {}
        engine.seen.clear()
        again = run_match(store, request(tmp_path / "w", kind="rescreen"))
        assert engine.seen == []
        assert (again.changes["P1"].verdicts, again.changes["P1"].ranks) == ((), ())
        note = Note("n3", "Synthetic. Serology confirms active hepatitis B.", date(2024, 2, 3), "laboratory")
        store.put_patients([patient("P1", note)])
        later = run_match(store, request(tmp_path / "w", kind="rescreen"))
    touched = {c.criterion_id for c in later.changes["P1"].verdicts}
    assert touched == {"FICT1/e01", "FICT2/e01"}
    change = later.changes["P1"].verdicts[0]
    assert change.before is not None
    assert change.after is not None
    assert (change.before.outcome, change.after.outcome) == ("met", "not met")
    assert len(engine.seen) < first.effort.distinct
    assert later.effort.reused + len(engine.seen) == later.effort.distinct


def test_ranks_come_from_the_store_under_any_policy(tmp_path: Path, engine: WordEngine) -> None:
    with open_store(tmp_path / "s.db") as store:
        store.put_patients([patient("P1"), replace(patient("P2"), notes=())])
        store.put_trials(TRIALS)
        run_match(store, request(tmp_path / "w"))
        engine.seen.clear()
        assert [s.patient_id for s in rank_patients(store, "FICT1", Policy())] == ["P1", "P2"]
        weighted = rank_trials(store, "P1", Policy(), "weighted")
        assert {s.trial_id for s in weighted} == {"FICT1", "FICT2", "FICT3"}
    assert engine.seen == []


def test_a_reviewers_override_stands_in_the_next_worklist_and_in_the_audit(tmp_path: Path, engine: WordEngine) -> None:
    with open_store(tmp_path / "s.db", operator="tester") as store:
        store.put_patients([patient()])
        store.put_trials(TRIALS)
        run_match(store, request(tmp_path / "w"))
        exported = {"format": 1, "reviews": [vars(Review("P1", "FICT1", "override", "R. V.", "2024-03-01T10:00:00Z",
                                                         "FICT1/e01", "not met", "seen on paper"))]}  # fmt: skip
        path = tmp_path / "reviews.json"
        path.write_text(json.dumps(exported))
        assert audit_store(store, reviews=path).reviews == 1
        assert audit_store(store, reviews=path).reviews == 0
        again = run_match(store, request(tmp_path / "w"))
        found = audit_store(store, patient_id="P1", criterion_id="FICT1/e01")
    verdicts = {v.criterion_id: v for s in again.matches["P1"].standings for v in s.verdicts}
    assert (verdicts["FICT1/e01"].outcome, verdicts["FICT1/e01"].reason) == ("not met", "reviewed")
    assert found.whole
    assert ("review", "R. V.") in {(row["kind"], row["who"]) for row in found.history}
    assert "answer" in {row["kind"] for row in found.history}


def test_a_difference_names_trials_that_came_and_went() -> None:
    found = matcher(WordEngine()).match(patient())
    change = difference(found.standings[:2], found.standings[1:])
    gone, come = found.standings[0].trial_id, found.standings[2].trial_id
    places = {r.trial_id: (r.place_before, r.place_after) for r in change.ranks}
    assert places[gone] == (1, None)
    assert places[come] == (None, 2)
    assert {c.trial_id for c in change.verdicts} == {gone, come}
