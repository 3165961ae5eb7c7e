"""The audit cannot be changed, shows it when it was, and tells who did what and when."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import stat
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

import store_cases as cases
from store_cases import tamper, unguarded
from winnow.trials.composition import Ask, Composed, Question
from winnow.trials.criteria import Criterion
from winnow.trials.store import Given, Head, Review, Store, verify_export

pytest_plugins = ("store_places",)

QUESTION = Question("Is the patient an adult?", "adult")
CRITERION = "FICT9001/i01"
OVERRIDE = Review("P-1", "FICT9001", "override", "Dr Test", "2024-06-02T10:00:00+00:00", CRITERION, "not met", "Age.")


def filled(store: Store) -> Head:
    """An audit of import, run, three answers, review and end; its head."""
    run = cases.begin(store)
    store.put_answers(run, cases.ENGINE, None, cases.batch([1, 2, 3]))
    store.put_reviews([OVERRIDE])
    return store.finish_run(run)


def test_every_step_is_an_event_of_its_actor(store: Store) -> None:
    head = filled(store)
    events = store.audit_events()
    kinds = ["import"] * 3 + ["run started"] + ["answer"] * 3 + ["review", "run finished"]
    assert [event.kind for event in events] == kinds
    assert [event.position for event in events] == list(range(1, 10)) and head.position == 9
    assert [event.actor for event in events[2:]] == [
        *["Test Operator"] * 2,
        *[cases.ENGINE] * 3,
        "Dr Test",
        "Test Operator",
    ]
    assert sorted(event.at for event in events) == [event.at for event in events]
    started = events[3].facts
    assert started["engine"] == cases.ENGINE and started["as_of"] == "2024-06-01"
    assert started["inputs"] == {"notes": "d" * 64} and started["policy"] == {"met": 0.66}
    assert events[7].facts == {"at": OVERRIDE.at, "decision": "override", "reason": "Age.", "value": "not met"}


def test_an_answer_names_its_evidence_by_offsets_and_digests(store: Store) -> None:
    run = cases.begin(store)
    one = dataclasses.replace(cases.batch([1])[0], prompt="p" * 64, raw="r" * 64)
    store.put_answers(run, cases.ENGINE, None, [one])
    facts = store.audit_events("answer", run)[0].facts
    quote = one.answer.quotes[0]
    words = hashlib.sha256(quote.text.encode()).hexdigest()
    where = {"note": "n1", "digest": cases.NOTE.digest, "start": quote.start, "end": quote.end, "words": words}
    assert facts["quotes"] == [where]
    assert (facts["value"], facts["status"], facts["probability"]) == ("yes", "answered", one.answer.probability)
    assert (facts["prompt"], facts["raw"], facts["evidence"]) == ("p" * 64, "r" * 64, "e1")
    assert store.note_version("P-1", "n1", where["digest"]).text[quote.start : quote.end] == quote.text


def test_no_words_of_notes_are_in_the_audit(store: Store, tmp_path: Path) -> None:
    run = cases.begin(store)
    quote = dataclasses.replace(cases.answer(1).quotes[0], text=cases.SECRET)
    answer = dataclasses.replace(cases.answer(1), quotes=(quote,), reasoning=f"It says {cases.SECRET}.")
    store.put_answers(run, cases.ENGINE, None, [Given("P-1", "e1", answer)])
    changed = dataclasses.replace(cases.NOTE, text=f"SYNTHETIC. More {cases.SECRET}.")
    store.put_patients([dataclasses.replace(cases.PATIENT, notes=(changed,))])
    store.export_audit(tmp_path / "audit.jsonl")
    text = (tmp_path / "audit.jsonl").read_text()
    assert "P-1" in text and not any(word in text for word in (cases.SECRET, "zebrafish", "Because", "EGFR"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE winnow_audit SET kind = 'x' WHERE position = 2",
        "DELETE FROM winnow_audit WHERE position = 9",
        "DELETE FROM winnow_audit",
        "INSERT INTO winnow_audit (position, kind, event, previous, hash) VALUES (11, 'x', '{}', 'p', 'h')",
        "INSERT INTO winnow_audit (position, kind, event, previous, hash) VALUES (10, 'x', '{}', 'p', 'h')",
        "INSERT INTO winnow_audit (position, kind, event, previous, hash) SELECT 5, 'x', '{}', previous, 'h' "
        "FROM winnow_audit WHERE position = 5",
    ],
    ids=["update", "delete", "delete all", "gap", "not on the head", "taken"],
)
def test_the_database_itself_refuses_to_change_it(store: Store, address: str, statement: str) -> None:
    filled(store)
    with pytest.raises(DBAPIError):
        tamper(address, statement)
    assert store.verify_audit() is None and store.audit_head().position == 9


def test_each_database_s_own_way_round_is_closed(store: Store, address: str) -> None:
    filled(store)
    columns = "(position, kind, event, previous, hash)"
    same = f"{columns} SELECT 5, 'x', '{{}}', previous, 'h' FROM winnow_audit WHERE position = 5"
    if "://" in address:
        upsert = f"INSERT INTO winnow_audit {same} ON CONFLICT (position) DO UPDATE SET kind = 'x'"
        ways = ["TRUNCATE winnow_audit", upsert]
    else:
        ways = [f"INSERT OR REPLACE INTO winnow_audit {same}", f"REPLACE INTO winnow_audit {same}"]
    for way in ways:
        with pytest.raises(DBAPIError):
            tamper(address, way)
    assert store.verify_audit() is None and store.audit_head().position == 9


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE winnow_audit SET event = replace(event, '\"yes\"', '\"no\"') WHERE position = 6", 6),
        ("UPDATE winnow_audit SET patient_id = 'P-2' WHERE position = 6", 6),
        ("UPDATE winnow_audit SET hash = previous WHERE position = 4", 4),
        ("UPDATE winnow_audit SET event = 'x' WHERE position = 1", 1),
        ("DELETE FROM winnow_audit WHERE position = 5", 5),
        ("DELETE FROM winnow_audit WHERE position = 1", 1),
        ("DELETE FROM winnow_audit WHERE position >= 8", 8),
        ("DELETE FROM winnow_audit", 1),
    ],
    ids=["answer", "whose", "hash", "no event", "one away", "first away", "tail away", "all away"],
)
def test_what_was_changed_past_the_guards_is_found(store: Store, address: str, statement: str, broken: int) -> None:
    filled(store)
    tamper(address, *unguarded(address), statement)
    assert store.verify_audit() == broken


def test_a_tail_cut_with_all_its_marks_shows_against_a_head_kept_elsewhere(store: Store, address: str) -> None:
    head = filled(store)
    cut = ["DELETE FROM winnow_audit WHERE position >= 8", "UPDATE winnow_runs SET head_position = NULL"]
    tamper(address, *unguarded(address), *cut)
    assert store.verify_audit() is None
    assert store.verify_audit(head) == 8


def test_a_forged_chain_shows_against_a_head_kept_elsewhere(store: Store) -> None:
    head = filled(store)
    assert store.verify_audit(Head(7, store.audit_head().hash)) == 7
    assert store.verify_audit(Head(head.position + 1, head.hash)) == head.position + 1
    assert store.verify_audit(head) is None


def test_the_export_is_private_and_proves_itself(store: Store, tmp_path: Path) -> None:
    head = filled(store)
    file = tmp_path / "audit.jsonl"
    assert store.export_audit(file) == head
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert verify_export(file, head) is None
    lines = file.read_text().splitlines()
    assert [json.loads(line)["event"]["kind"] for line in lines] == [event.kind for event in store.audit_events()]
    for spoilt, broken in (
        ([*lines[:4], lines[4].replace('"yes"', '"no"'), *lines[5:]], 5),
        ([*lines[:3], *lines[4:]], 4),
        (lines[:7], 8),
        ([*lines[:2], "{", *lines[3:]], 3),
    ):
        file.write_text("".join(line + "\n" for line in spoilt))
        assert verify_export(file, head) == broken


def test_history_tells_who_what_and_when_of_a_criterion(store: Store) -> None:
    criterion = Criterion(CRITERION, "FICT9001", "inclusion", "Adults")
    store.put_composed([Composed(criterion, (QUESTION,), Ask(0))])
    first = cases.begin(store)
    mine = dataclasses.replace(cases.answer(1), question_id=QUESTION.question_id)
    store.put_answers(first, cases.ENGINE, None, [Given("P-1", "e1", mine), *cases.batch([2])])
    store.put_answers(first, cases.ENGINE, None, [Given("P-2", "e1", mine)])
    store.finish_run(first)
    store.put_reviews([OVERRIDE])
    second = cases.begin(store, kind="rescreen", follows=first)
    later = dataclasses.replace(mine, value="no")
    store.put_answers(second, cases.ENGINE, None, [Given("P-1", "e2", later)])
    history = store.history("P-1", criterion_id=CRITERION)
    told = [(event.kind, event.actor, event.facts.get("value")) for event in history]
    assert told == [
        ("run started", "Test Operator", None),
        ("answer", cases.ENGINE, "yes"),
        ("run finished", "Test Operator", None),
        ("review", "Dr Test", "not met"),
        ("run started", "Test Operator", None),
        ("answer", cases.ENGINE, "no"),
    ]
    assert all(event.at for event in history)
    by_question = store.history("P-1", question_id=QUESTION.question_id)
    assert [event.kind for event in by_question] == [event.kind for event in history if event.kind != "review"]


def test_an_event_of_the_caller_s_own(store: Store) -> None:
    store.add_event("endpoint", {"host": "localhost"})
    event = store.audit_events("endpoint")[0]
    assert (event.actor, event.facts) == ("Test Operator", {"host": "localhost"})
