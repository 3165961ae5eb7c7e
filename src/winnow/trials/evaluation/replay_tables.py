"""What a replay shows: what was replayed, what its quotes are worth, how experts and recorded scores compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from winnow.trials.annotations import FACT
from winnow.trials.answering import Asked
from winnow.trials.answering.answer import ANSWERED
from winnow.trials.answering.quotes import UNQUOTED, Checked, check_quotes
from winnow.trials.evaluation.recorded import SIDES
from winnow.trials.evaluation.replay import Replay
from winnow.trials.retrieval import open_chart
from winnow.trials.scoring import SCORES, Policy, decide, standing


def replayed_rows(replay: Replay) -> list[dict[str, Any]]:
    """How many pairs, sides (inclusion or exclusion of a pair) and criteria were replayed, or not and why."""
    counts: dict[str, Counter[str]] = {}
    for pair in replay.pairs:
        for side in SIDES:
            reason = replay.left_out.get((pair.patient_id, pair.trial_id, side), "replayed")
            counts.setdefault(reason, Counter()).update(sides=1, criteria=len(pair.answers[side]))
            counts[reason][f"{pair.patient_id} {pair.trial_id}"] += 1
    return [
        {"what": reason, "pairs": len(found) - 2, "sides": found["sides"], "criteria": found["criteria"]}
        for reason, found in counts.items()
    ]


def quote_row(replay: Replay) -> dict[str, Any]:
    """Counts over all replayed answers: quotes given, dropped, standing elsewhere than they say, and demotions.

    `violations` counts quotes left for which `note[start:end]` is not the quote: 0, or a check has failed.
    `unquoted` are labels that rest on what the note does not say, which this model was told to read as absence.
    """
    checked = [one for own in _checked(replay).values() for one in own.values()]
    texts = {(p.patient_id, n.note_id): n.text for p in replay.patients for n in p.notes}
    violations = sum(
        texts[patient, q.note_id][q.start : q.end] != q.text
        for patient, own in _checked(replay).items()
        for one in own.values()
        for q in one.answer.quotes
    )
    return {
        "answers": len(checked),
        "answered": sum(one.answer.status == ANSWERED for one in checked),
        "quotes": sum(one.given for one in checked),
        "moved": sum(one.moved for one in checked),
        "dropped": sum(one.dropped for one in checked),
        "violations": violations,
        "unquoted": sum(UNQUOTED in one.answer.flags for one in checked),
        "errors": sum(one.answer.status == "error" for one in checked),
    }


def agreement_row(replay: Replay) -> dict[str, Any]:
    """Share of the experts' rows with the same recorded label (six classes) and the same fact (three).

    A row is found by its criterion's text; `outside` counts rows whose pair, side or text was not replayed.
    """
    recorded = {(p.patient_id, p.trial_id): p for p in replay.pairs}
    same: list[tuple[bool, bool]] = []
    for row in replay.rows:
        texts = replay.criteria.get((row.patient_id, row.trial_id, row.kind), ())
        criterion = (row.criterion or "").strip()
        if criterion in texts:
            said = recorded[row.patient_id, row.trial_id].answers[row.kind][texts.index(criterion)]
            if said is not None:
                same.append((said.label == row.label, FACT[said.label] == row.fact))
    share = np.mean(same, axis=0) if same else np.full(2, np.nan)
    return {
        "rows": len(same),
        "outside": len(replay.rows) - len(same),
        "labels": float(share[0]),
        "facts": float(share[1]),
    }


def score_rows(replay: Replay, policy: Policy) -> list[dict[str, Any]]:
    """Our scores of the replayed pairs beside the recorded ones: Spearman's rank correlation over fully replayed pairs.

    TrialGPT's linear score is made again from the labels and compared with the recorded one (`linear`). The grades of
    the judgements are not used: with so few pairs they support no claim about ranking.
    """
    from scipy.stats import spearmanr

    recorded = {(p.patient_id, p.trial_id): p for p in replay.pairs}
    made = _scores(replay, policy)
    linear = {key: {"linear": pair.linear_score} for key, pair in recorded.items()}
    rows = []
    for name, scores in [("linear", linear), *[(name, made) for name in SCORES]]:
        keys = [key for key in scores if recorded[key].matching_score is not None]
        own = [scores[key][name] for key in keys]
        beside = {
            "matching_score": [recorded[key].matching_score for key in keys],
            "trial_score": [recorded[key].trial_score for key in keys],
        }
        rank = {
            f"rank correlation with {what}": float(spearmanr(own, theirs).statistic)  # pyright: ignore[reportAttributeAccessIssue]
            for what, theirs in beside.items()
        }
        rows.append({"score": name, "pairs": len(keys), **rank})
    return rows


def _scores(replay: Replay, policy: Policy) -> dict[tuple[str, str], Mapping[str, float]]:
    scores: dict[tuple[str, str], Mapping[str, float]] = {}
    for patient_id, checked in _checked(replay).items():
        answers = {question_id: one.answer for question_id, one in checked.items()}
        for prepared in replay.prepared[patient_id]:
            trial_id = prepared.trial.trial_id
            if not any((patient_id, trial_id, side) in replay.left_out for side in SIDES):
                verdicts = [decide(one, answers, policy) for one in prepared.composed]
                scores[patient_id, trial_id] = standing(patient_id, trial_id, verdicts, policy).scores
    return scores


def _checked(replay: Replay) -> dict[str, dict[str, Checked]]:
    """By patient and question id, the recorded answers after the check of quotes."""
    found: dict[str, dict[str, Checked]] = {}
    for patient in replay.patients:
        chart = open_chart(patient)
        asked: Sequence[Asked] = [
            Asked(composed.questions[0], composed.criterion.kind, composed.criterion.text)
            for prepared in replay.prepared[patient.patient_id]
            for composed in prepared.composed
        ]
        answers = replay.engine.answer(asked, chart)
        found[patient.patient_id] = {answer.question_id: check_quotes(answer, chart) for answer in answers}
    return found
