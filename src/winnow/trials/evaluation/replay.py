"""Recorded answers of a chat model put through the same pipeline as any engine's: quotes, verdicts, scores, report.

No model is called. It shows that what comes after an engine works on a real model's output, and how the two ways of
reading silence differ; it claims nothing about ranking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from winnow.trials.annotations import FACT, AnswerRow, read_answer_rows
from winnow.trials.answering import Answer, Asked, Quote
from winnow.trials.answering.answer import ANSWERED, ERROR, NOT_APPLICABLE, NOT_DOCUMENTED, NOT_EVALUATED
from winnow.trials.composition import Ask, Composed, Question, tier_of
from winnow.trials.criteria import Criterion
from winnow.trials.evaluation.recorded import SIDES, RecordedAnswer, RecordedPair, read_recorded, recorded_criteria
from winnow.trials.matching import PreparedTrial
from winnow.trials.patients import Note, Patient
from winnow.trials.registry import Trial, read_trials
from winnow.trials.retrieval import Chart

NO_NOTE, NO_TRIAL, OTHER_COUNT = "no note at hand", "no such trial in the pool", "another number of criteria"
_NOTE = "note"
# The file tells no confidence; a label is taken as what it says.
_SURE = {"yes": 0.95, "no": 0.05, "n/a": 0.5}


@dataclass(frozen=True)
class Replay:
    """Recorded answers, ready for a `Matcher`.

    Attributes:
        patients: those whose note is at hand.
        prepared: by patient id, the trials that were recorded for the patient.
        engine: gives the recorded answers.
        pairs: everything that was recorded.
        left_out: (patient id, trial id, side) to the reason, for what is not replayed.
        criteria: (patient id, trial id, side) to the criteria's texts, for what is.
        rows: the experts' answers.
    """

    patients: tuple[Patient, ...]
    prepared: Mapping[str, tuple[PreparedTrial, ...]]
    engine: RecordedEngine
    pairs: tuple[RecordedPair, ...]
    left_out: Mapping[tuple[str, str, str], str]
    criteria: Mapping[tuple[str, str, str], tuple[str, ...]]
    rows: tuple[AnswerRow, ...]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials, each once."""
        return tuple({one.trial.trial_id: one.trial for own in self.prepared.values() for one in own}.values())


class RecordedEngine:
    """An engine that looks its answers up.

    Args:
        answers: by (patient id, question id).
    """

    name = "recorded:gpt-4o"

    def __init__(self, answers: Mapping[tuple[str, str], Answer]) -> None:
        self._answers = answers

    def answer(self, asked: Sequence[Asked], chart: Chart) -> list[Answer]:
        """The recorded answers; "not evaluated" where there is none."""
        ids = [one.question.question_id for one in asked]
        patient = chart.patient.patient_id
        return [self._answers.get((patient, i)) or Answer(i, "n/a", NOT_EVALUATED, 0.5, by=self.name) for i in ids]


def read_replay(folder: Path) -> Replay:
    """Everything in a folder with `recorded-answers/`, `trial-pool.parquet` and `criterion-answers.jsonl`.

    Raises:
        WinnowError: WN-D01 when a file is missing, WN-D03 for one of another form.
    """
    recorded = folder / "recorded-answers"
    pairs = read_recorded(recorded / "gpt-4o-matching.json", recorded / "gpt-4o-rankings.json")
    rows = read_answer_rows(folder / "criterion-answers.jsonl")
    pool = folder / "trial-pool.parquet"
    return build_replay(pairs, rows, {trial.trial_id: trial for trial in read_trials(pool).trials}, _sides(pool))


def build_replay(
    pairs: Sequence[RecordedPair],
    rows: Sequence[AnswerRow],
    trials: Mapping[str, Trial],
    texts: Mapping[tuple[str, str], str],
) -> Replay:
    """Bring answers, notes and criteria together where they fit; `texts` holds the criteria by (trial id, side)."""
    notes = {row.patient_id: row.sentences for row in rows}
    left_out: dict[tuple[str, str, str], str] = {}
    criteria: dict[tuple[str, str, str], tuple[str, ...]] = {}
    answers: dict[tuple[str, str], Answer] = {}
    prepared: dict[str, list[PreparedTrial]] = {}
    for pair in pairs:
        composed: list[Composed] = []
        for side in SIDES:
            key = (pair.patient_id, pair.trial_id, side)
            own = recorded_criteria(texts.get(key[1:]))
            if reason := _misfit(pair, side, own, notes, trials):
                left_out[key] = reason
                continue
            criteria[key] = tuple(own)
            made = list(_composed(trials[pair.trial_id], side, own))
            composed += made
            for one, said in zip(made, pair.answers[side], strict=True):
                answers[pair.patient_id, one.questions[0].question_id] = _answer(one, said, notes[pair.patient_id])
        if composed:
            prepared.setdefault(pair.patient_id, []).append(PreparedTrial(trials[pair.trial_id], tuple(composed)))
    return Replay(
        patients=tuple(_patient(patient_id, notes[patient_id]) for patient_id in prepared),
        prepared={patient_id: tuple(own) for patient_id, own in prepared.items()},
        engine=RecordedEngine(answers),
        pairs=tuple(pairs),
        left_out=left_out,
        criteria=criteria,
        rows=tuple(rows),
    )


def _misfit(
    pair: RecordedPair, side: str, criteria: Sequence[str], notes: Mapping[str, object], trials: Mapping[str, Trial]
) -> str:
    if pair.patient_id not in notes:
        return NO_NOTE
    if pair.trial_id not in trials:
        return NO_TRIAL
    return "" if len(criteria) == len(pair.answers[side]) else OTHER_COUNT


def _composed(trial: Trial, side: str, criteria: Sequence[str]) -> Iterator[Composed]:
    """One question a criterion, as it was put to the recorded model. Its number keeps equal criteria apart."""
    at = 0
    for number, text in enumerate(criteria, 1):
        start = trial.eligibility.find(text, at)
        end = start + len(text) if start >= 0 else -1
        at = max(at, end)
        criterion = Criterion(f"{trial.trial_id}/{side[0]}{number:02}", trial.trial_id, side, text, start, end)
        question = Question(f"Does this hold of the patient ({criterion.criterion_id})? {text}", text)
        yield Composed(criterion, (question,), Ask(0), tier_of(text, trial.conditions, kind=side), RecordedEngine.name)


def _answer(composed: Composed, said: RecordedAnswer | None, sentences: Sequence[str]) -> Answer:
    question_id, by = composed.questions[0].question_id, RecordedEngine.name
    if said is None:
        return Answer(question_id, "n/a", ERROR, 0.5, reasoning="a recorded answer of the wrong form", by=by)
    fact = FACT[said.label]
    value = "n/a" if fact == "unknown" else fact
    unknown = NOT_APPLICABLE if said.label == "not applicable" else NOT_DOCUMENTED
    spans = _spans(sentences)
    # A number beyond the note's end is a sentence that does not exist: its empty quote is dropped and counted later.
    quotes = [Quote(_NOTE, *spans[n]) if 0 <= n < len(spans) else Quote(_NOTE, 0, 0, "") for n in said.sentences]
    status = ANSWERED if value != "n/a" else unknown
    return Answer(question_id, value, status, _SURE[value], tuple(quotes), said.explanation, by)


def _patient(patient_id: str, sentences: Sequence[str]) -> Patient:
    return Patient(patient_id, (Note(_NOTE, "\n".join(sentences), kind="clinical", source="criterion-answers.jsonl"),))


def _spans(sentences: Sequence[str]) -> list[tuple[int, int, str]]:
    ends = list(accumulate(len(sentence) + 1 for sentence in sentences))
    return [(end - 1 - len(s), end - 1, s) for s, end in zip(sentences, ends, strict=True)]


def _sides(pool: Path) -> dict[tuple[str, str], str]:
    import pyarrow.parquet as pq

    columns = ["nct_id", *(f"{side}_criteria" for side in SIDES)]
    table = pq.read_table(pool, columns=columns).to_pylist()
    return {(row["nct_id"], side): row[f"{side}_criteria"] or "" for row in table for side in SIDES}
