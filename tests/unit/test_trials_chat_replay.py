"""Recorded chat answers through the pipeline: what fits is replayed, what does not is told, and quotes stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from winnow.core import WinnowError
from winnow.trials.annotations import AnswerRow
from winnow.trials.evaluation.recorded import RecordedPair, read_recorded, recorded_criteria
from winnow.trials.evaluation.replay import NO_NOTE, NO_TRIAL, OTHER_COUNT, Replay, build_replay, read_replay
from winnow.trials.evaluation.replay_tables import agreement_row, quote_row, replayed_rows, score_rows
from winnow.trials.matching import Matcher, MatchSettings
from winnow.trials.registry import Trial
from winnow.trials.report import render_worklist, worklist
from winnow.trials.scoring import Policy

# Synthetic: invented for this test.
SENTENCES = ("A woman of 50 has a cough.", "She smokes.", "She will give consent.")
INCLUSION = "inclusion criteria: \n\n Women with a cough \n\n Smokers\n\nx"
EXCLUSION = ": \n\n Pregnancy \n\n Under 18 \n\n Men"
SAID = {
    "inclusion": {"0": ["She coughs.", [0], "included"], "1": ["She smokes.", [1, 99], "included"]},
    "exclusion": {
        "0": ["No word of it.", [], "not excluded"],
        "1": ["Not known.", [], "not enough information"],
        "2": ["Not a man.", [], "not applicable"],
    },
}
SCORES = {"matching_score": 1.0, "trial_score": 1.5, "qrels_score": 2}


def recorded(folder: Path, said: dict[str, Any], scores: dict[str, Any] = SCORES) -> list[RecordedPair]:
    (folder / "m.json").write_text(json.dumps({"p1": {"0": {"T1": said}, "1": {}}}))
    (folder / "r.json").write_text(json.dumps({"p1": {"patient_summary": "", "trials": {"T1": scores}}}))
    return read_recorded(folder / "m.json", folder / "r.json")


def row(criterion: str, kind: str, label: str, patient: str = "p1") -> AnswerRow:
    return AnswerRow(patient, "T1", "A trial", kind, criterion, SENTENCES, label, label, ())


ROWS = [
    row("Women with a cough", "inclusion", "included"),
    row("Smokers", "inclusion", "not included"),
    row("Pregnancy", "exclusion", "not excluded"),
    row("Under 18", "exclusion", "not applicable"),
    row("Left-handed", "inclusion", "included"),
]


def built(pairs: list[RecordedPair], **change: Any) -> Replay:
    trial = Trial("T1", "A trial", f"Inclusion Criteria:\n\n{INCLUSION}\n\nExclusion Criteria:\n\n{EXCLUSION}")
    texts = {("T1", "inclusion"): INCLUSION, ("T1", "exclusion"): EXCLUSION}
    return build_replay(
        pairs, change.get("rows", ROWS), change.get("trials", {"T1": trial}), change.get("texts", texts)
    )


def test_criteria_are_split_as_they_were_numbered() -> None:
    assert recorded_criteria(INCLUSION) == ["Women with a cough", "Smokers"]
    assert recorded_criteria(EXCLUSION) == ["Pregnancy", "Under 18"]  # a scrap like "Men" is no criterion there
    assert recorded_criteria(None) == []


def test_what_fits_is_replayed_with_its_sentences_as_quotes(tmp_path: Path) -> None:
    replay = built(recorded(tmp_path, {**SAID, "exclusion": {k: SAID["exclusion"][k] for k in ("0", "1")}}))
    assert not replay.left_out
    [patient], [prepared] = replay.patients, replay.prepared["p1"]
    assert [c.criterion.text for c in prepared.composed] == ["Women with a cough", "Smokers", "Pregnancy", "Under 18"]
    for composed in prepared.composed:
        criterion = composed.criterion
        assert prepared.trial.eligibility[criterion.start : criterion.end] == criterion.text
    match = Matcher(replay.prepared["p1"], replay.engine, MatchSettings()).match(patient)
    answers = {key.rpartition("/")[2]: made[0] for key, made in match.answers.items()}
    assert [answers[n].value for n in ("i01", "i02", "e01", "e02")] == ["yes", "yes", "n/a", "n/a"]
    assert [q.text for q in answers["i01"].quotes] == ["A woman of 50 has a cough."]
    assert [q.text for q in answers["i02"].quotes] == ["She smokes."]  # there is no sentence 99
    assert answers["i02"].flags and "demoted: no quote" in answers["e01"].flags
    assert answers["e02"].status == "not documented"
    page = render_worklist(worklist(match, MatchSettings(), replay.engine.name))
    assert "She smokes." in page and "Women with a cough" in page
    assert quote_row(replay) == {
        "answers": 4, "answered": 2, "quotes": 3, "moved": 0, "dropped": 1, "violations": 0, "unquoted": 1, "errors": 0
    }  # fmt: skip
    agreement = agreement_row(replay)
    assert (agreement["rows"], agreement["outside"]) == (4, 1)
    assert (agreement["labels"], agreement["facts"]) == (2 / 4, 3 / 4)


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, {OTHER_COUNT: 1}),
        ({"rows": []}, {NO_NOTE: 2}),
        ({"trials": {}}, {NO_TRIAL: 2}),
        ({"texts": {}}, {OTHER_COUNT: 2}),
    ],
    ids=["one side", "no note", "no trial", "no text"],
)
def test_what_does_not_fit_is_told(change: dict[str, Any], reasons: dict[str, int], tmp_path: Path) -> None:
    replay = built(recorded(tmp_path, SAID), **change)
    told = {row["what"]: row["sides"] for row in replayed_rows(replay)}
    assert {what: sides for what, sides in told.items() if what != "replayed"} == reasons
    assert sum(told.values()) == 2
    assert sum(row["criteria"] for row in replayed_rows(replay)) == 5


@pytest.mark.parametrize(
    "bad",
    [["x", [0]], ["x", "0", "included"], [1, [0], "included"], ["x", ["0"], "included"], ["x", [0], "excluded"], None],
    ids=str,
)
def test_an_answer_of_the_wrong_form_is_an_error_and_never_a_no(bad: Any, tmp_path: Path) -> None:
    inclusion = {"0": bad, "1": SAID["inclusion"]["1"]}
    if bad is None:
        del inclusion["0"]  # the model left a criterion out
    replay = built(recorded(tmp_path, {"inclusion": inclusion, "exclusion": {}}))
    assert quote_row(replay)["errors"] == 1
    match = Matcher(replay.prepared["p1"], replay.engine, MatchSettings()).match(replay.patients[0])
    assert [made[0].status for made in match.answers.values()] == ["error", "answered"]
    assert match.answers["T1/i01"][0].value == "n/a"


@pytest.mark.parametrize(
    ("inclusion", "exclusion", "score"),
    [
        (["included", "included"], ["not excluded"], 1.0),
        (["included", "not enough information", "not applicable"], [], 0.5),
        (["included", "not included"], ["not excluded"], -0.5),
        (["included", "included"], ["excluded"], 0.0),
        (["not included", "not included"], ["excluded", "excluded"], -1.0),
        ([], [], 0.0),
        (["not applicable"], ["not applicable"], 0.0),
    ],
)
def test_the_linear_score_by_hand(inclusion: list[str], exclusion: list[str], score: float, tmp_path: Path) -> None:
    said = {
        side: {str(n): ["", [], label] for n, label in enumerate(labels)}
        for side, labels in (("inclusion", inclusion), ("exclusion", exclusion))
    }
    [pair] = recorded(tmp_path, said)
    assert pair.linear_score == score


def test_files_of_another_form_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WinnowError) as caught:
        read_recorded(tmp_path / "none.json", tmp_path / "none.json")
    assert caught.value.code == "WN-D01"
    with pytest.raises(WinnowError) as caught:
        recorded(tmp_path, {"inclusion": []})
    assert caught.value.code == "WN-D03"


@pytest.fixture(scope="module")
def real(shared: Path) -> Replay:
    folder = shared / "trials"
    if not (folder / "recorded-answers").is_dir():
        pytest.skip("the recorded answers are not at hand (../shared/data/trials)")
    return read_replay(folder)


def test_the_recorded_answers_go_through_with_every_quote_in_its_note(real: Replay) -> None:
    assert len(real.pairs) == 103
    rows = {row["what"]: row for row in replayed_rows(real)}
    assert sum(row["sides"] for row in rows.values()) == 206
    assert rows["replayed"]["criteria"] > 700
    quotes = quote_row(real)
    assert (quotes["violations"], quotes["dropped"], quotes["moved"]) == (0, 0, 0)
    assert quotes["quotes"] > 300 and quotes["answers"] == rows["replayed"]["criteria"]
    assert agreement_row(real)["rows"] > 600


def test_the_linear_score_made_again_is_the_recorded_one(real: Replay) -> None:
    assert max(abs(pair.linear_score - (pair.matching_score or 0.0)) for pair in real.pairs) < 1e-5
    linear = score_rows(real, Policy())[0]
    assert linear["pairs"] == 103
    assert linear["rank correlation with matching_score"] == pytest.approx(1.0)
