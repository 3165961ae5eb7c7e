"""The measurements by name, each from the folder of published data to tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import chosen
from winnow.language import KeptEncoder, SentenceEncoder
from winnow.trials.annotations import read_answer_rows
from winnow.trials.evaluation.composition import evaluate_composition
from winnow.trials.evaluation.controls import ShuffledNotes
from winnow.trials.evaluation.coverage import save_coverage
from winnow.trials.evaluation.criteria import Predictor, compare, out_of_fold
from winnow.trials.evaluation.engine_rows import RulesFirst, table_predictors
from winnow.trials.evaluation.reader import Kept, Pooled, ReaderPredictor, WideAlone
from winnow.trials.evaluation.replay import read_replay
from winnow.trials.evaluation.replay_tables import agreement_row, quote_row, replayed_rows, score_rows
from winnow.trials.evaluation.retrieval import evaluate_evidence, evaluate_pool, read_known_items
from winnow.trials.registry import read_trials
from winnow.trials.scoring import Policy

Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Measuring:
    """What a measurement is given.

    Attributes:
        data: folder with the published files (`criterion-answers.jsonl`, `trial-pool.parquet`, ...).
        out: where predictions of slow fits are kept and figures go.
        encoder: for retrieval and features.
        reader: measure the fine-tuned reader too: about an hour of CPU, kept fold by fold in `out`.
        folds, seeds: of the cross-validation by patient.
        resamples: of the bootstrap over patients.
    """

    data: Path
    out: Path
    encoder: SentenceEncoder
    reader: bool = False
    folds: int = 5
    seeds: int = 2
    resamples: int = 10_000


def criteria(given: Measuring) -> Tables:
    """Criterion answers against experts, with every control, out of fold by patient."""
    rows = read_answer_rows(given.data / "criterion-answers.jsonl")
    answered = [out_of_fold(rows, one, given.folds, given.seeds) for one in _predictors(given)]
    # Counting labels has no sureness of its own to draw.
    save_coverage(rows, [one for one in answered if not one.name.startswith("majority")], given.out, "coverage")
    return {"criteria": compare(rows, answered, resamples=given.resamples)}


def evidence(given: Measuring) -> Tables:
    """How early a sentence that the expert cites is found."""
    return {"evidence": evaluate_evidence(read_answer_rows(given.data / "criterion-answers.jsonl"), given.encoder)}


def composition(given: Measuring) -> Tables:
    """Composed forms against hand-written ones; the grammar was written on the other half of the corpus."""
    path = given.data / "logical-forms.parquet"
    return {f"composition-{half}": evaluate_composition(path, half) for half in ("test", "development")}


def pool(given: Measuring) -> Tables:
    """Patients written for one trial each, found again in the whole pool and in its oncology part."""
    encoder = KeptEncoder(given.encoder)  # trials and invented patients are public
    trials = read_trials(given.data / "trial-pool.parquet").trials
    patients = read_known_items(given.data / "known-item-patients.jsonl")
    ids = _oncology(given.data / "trial-pool.parquet")
    oncology = [trial for trial in trials if trial.trial_id in ids]
    tables = {"pool-all": evaluate_pool(trials, patients, encoder)}
    return tables | ({"pool-oncology": evaluate_pool(oncology, patients, encoder)} if oncology else {})


def replay(given: Measuring) -> Tables:
    """GPT-4o's recorded answers through our checks, verdicts and scores."""
    found = read_replay(given.data)
    return {
        "replayed": replayed_rows(found),
        "replay-quotes": [quote_row(found)],
        "replay-agreement": [agreement_row(found)],
        "replay-scores": [
            {"closed_world": closed} | row
            for closed in (True, False)
            for row in score_rows(found, Policy(closed_world=closed))
        ],
    }


PARTS: dict[str, Callable[[Measuring], Tables]] = {
    "criteria": criteria,
    "evidence": evidence,
    "composition": composition,
    "pool": pool,
    "replay": replay,
}


def measure(part: str, given: Measuring) -> Tables:
    """One measurement.

    Raises:
        WinnowError: WN-C01 for an unknown part, WN-D01 where a file is missing.
    """
    return chosen(PARTS, part, "measurement", "WN-C01")(given)


def _oncology(path: Path) -> set[str]:
    """The trials that the pool's file marks as oncology: the part that other systems were measured on."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["nct_id", "source"]).to_pylist()
    return {row["nct_id"] for row in rows if row["source"] == "oncology"}


def _predictors(given: Measuring) -> Sequence[Predictor]:
    made = table_predictors(given.encoder)
    if given.reader:
        tuned = next(one for one in made if one.name == "engine (a), tuned")
        made[-1:-1] = _reader_rows(given, tuned)
    return made


def _reader_rows(given: Measuring, tuned: Predictor) -> list[Predictor]:
    folder = given.out / "reader-predictions"
    reader = Kept(ReaderPredictor(encoder=given.encoder, folder=folder), folder)
    ruled = RulesFirst(reader)
    return [
        WideAlone(),
        reader,
        ShuffledNotes(reader),
        ruled,
        ShuffledNotes(ruled),
        Pooled([tuned, reader], "engines (a) and (b) together"),
    ]
