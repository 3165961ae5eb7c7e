"""Retrieval measured: the sentence that an expert cites for a criterion, and the trial that a patient was written for.

Nothing is fitted to these sets: the constants of `winnow.trials.retrieval` were set beforehand, and which rankings a
pool fuses was chosen on other patients (see `Pool`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.trials.annotations import AnswerRow
from winnow.trials.evaluation.paired import interval, patient_draws
from winnow.trials.registry import Trial
from winnow.trials.retrieval import Encoder, open_pool
from winnow.trials.retrieval.fusion import fused, ranks
from winnow.trials.retrieval.lexical import Lexical, counted
from winnow.trials.retrieval.query import patient_query
from winnow.trials.retrieval.words import content_words

RESAMPLES = 2000
METHODS = ("first sentence", "IDF overlap", "BM25", "dense", "hybrid")
# Half of a trial's drugs are named with their class or dose ("Drug: X 5 mg"): words that name no drug are kept.
_COMMON = frozenset(
    content_words(
        "drug biological procedure radiation device behavioral other placebo therapy treatment chemotherapy surgery "
        "laboratory biomarker analysis questionnaire administration assessment study standard care injection oral cell "
        "quality life dose mg day capsule tablet sodium hydrochloride acid"
    )
)

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class KnownItem:
    """A patient written for one trial.

    Attributes:
        patient_id, text: the patient.
        target: the trial's id.
    """

    patient_id: str
    text: str
    target: str


def read_known_items(path: Path) -> list[KnownItem]:
    """The patients of a `known-item-patients.jsonl`, in order.

    Raises:
        WinnowError: WN-D01 when there is no such file, WN-D03 when a line lacks a field.
    """
    if not path.is_file():
        raise WinnowError("WN-D01", "no patients here", where=path.name, fix="give known-item-patients.jsonl")
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        return [KnownItem(line["patient_id"], line["text"], line["target_trial"]) for line in lines]
    except (KeyError, ValueError) as error:
        raise WinnowError("WN-D03", f"a line without what is needed: {error}", where=path.name) from error


def evaluate_evidence(rows: Sequence[AnswerRow], encoder: Encoder, seed: int = 0) -> list[dict[str, Any]]:
    """How early a sentence that the expert cites is found by the criterion's words: a row for each method.

    Args:
        rows: those without cited sentences are left out.
        encoder: for "dense" and "hybrid".
        seed: of the bootstrap over patients (2,000 resamples, 95 % percentile intervals).

    Returns:
        For each of `METHODS` its hit@1, hit@3 and MRR with their intervals, and the difference of its hit@1 and hit@3
        to "IDF overlap" with intervals of the same resamples.
    """
    used = [row for row in rows if row.evidence]
    found = {method: np.empty(len(used)) for method in METHODS}
    for at, row in enumerate(used):
        for method, scores in _sentence_scores(row, encoder).items():
            places = ranks(scores, np.arange(len(row.sentences)))[0]
            found[method][at] = min(places[cited] for cited in row.evidence)
    names = np.array([row.patient_id for row in used])
    base = _measures(found["IDF overlap"])
    return [
        {"method": method, "rows": len(used), "patients": len(set(names.tolist()))}
        | _with_intervals(_measures(found[method]), names, seed)
        | _with_intervals({f"{m} - overlap": v - base[m] for m, v in _measures(found[method]).items()}, names, seed)
        for method in METHODS
    ]


def evaluate_pool(trials: Sequence[Trial], patients: Sequence[KnownItem], encoder: Encoder) -> list[dict[str, Any]]:
    """Recall of each patient's own trial in the pool, its interventions masked: a row for each ranking and masking.

    All targets are masked together: "field" empties their field of interventions, "everywhere" also takes the words
    of its names out of title, summary, keywords and eligibility text.

    Returns:
        For "BM25" (the trial as one text), the rankings that `Pool` fuses, and "hybrid": recall@10, recall@50 and MRR,
        each with the share of the pool that so many trials are.
    """
    targets = {patient.target for patient in patients}
    return [
        row
        for masking in ("none", "field", "everywhere")
        for row in _pool_rows([masked(t, masking) if t.trial_id in targets else t for t in trials], patients, encoder)
        for row in [{"masking": masking} | row]
    ]


def masked(trial: Trial, masking: str) -> Trial:
    """The trial without its interventions: "none", "field" (the field is emptied) or "everywhere" (their words too)."""
    if masking == "none":
        return trial
    bare = replace(trial, interventions=())
    if masking == "field":
        return bare
    named = {word for name in trial.interventions for word in re.findall(r"[\w-]{3,}", name.lower())}
    drugs = [word for word in named if not _COMMON & set(content_words(word)) and not word.isdigit()]
    if not drugs:
        return bare
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, drugs), key=len, reverse=True))})\b", re.IGNORECASE)
    texts = {name: pattern.sub("", getattr(trial, name)) for name in ("title", "summary", "eligibility")}
    return replace(bare, keywords=tuple(pattern.sub("", word) for word in trial.keywords), **texts)


def _sentence_scores(row: AnswerRow, encoder: Encoder) -> dict[str, Floats]:
    """Scores [1, sentences] by each method."""
    query = row.criterion or ""
    lexical = Lexical([counted(content_words(sentence)) for sentence in row.sentences])
    words = content_words(query)
    cosines = encoder.encode([query]) @ encoder.encode(row.sentences).T
    bm25 = lexical.scores([counted(words)])
    return {
        "first sentence": np.zeros_like(cosines),
        "IDF overlap": lexical.overlaps([words]),
        "BM25": bm25,
        "dense": cosines,
        "hybrid": fused([bm25, cosines], np.arange(len(row.sentences))),
    }


def _pool_rows(trials: list[Trial], patients: Sequence[KnownItem], encoder: Encoder) -> list[dict[str, Any]]:
    pool = open_pool(trials, encoder)
    plain = Lexical([counted(content_words(_one_text(trial))) for trial in trials])
    place = {trial.trial_id: at for at, trial in enumerate(trials)}
    order = np.arange(len(trials))
    found: dict[str, list[int]] = {}
    for patient in patients:
        query = patient_query(patient.text)
        scores: dict[str, Any] = {"BM25": plain.scores([query.words])[0]} | pool.rankings(query)
        scores["hybrid"] = fused([scores[name][None] for name in pool.rankings(query)], order)[0]
        for name, own in scores.items():
            found.setdefault(name, []).append(int(ranks(own[None], order)[0, place[patient.target]]))
    return [_recalls(name, np.array(places), len(trials)) for name, places in found.items()]


def _one_text(trial: Trial) -> str:
    parts: Iterable[str] = (trial.title, *trial.conditions, *trial.interventions, trial.summary, trial.eligibility)
    return "\n".join(parts)


def _recalls(name: str, places: NDArray[np.int64], trials: int) -> dict[str, Any]:
    row: dict[str, Any] = {"ranking": name, "patients": len(places), "trials": trials}
    for k in (10, 50):
        row |= {f"recall@{k}": float((places <= k).mean()), f"kept@{k}": min(1.0, k / trials)}
    return row | {"mrr": float((1 / places).mean()), "median rank": float(np.median(places))}


def _measures(places: Floats) -> dict[str, Floats]:
    """Of places from 1, [rows] each."""
    return {"hit@1": (places <= 1).astype(float), "hit@3": (places <= 3).astype(float), "mrr": 1 / places}


def _with_intervals(measures: dict[str, Floats], names: NDArray[np.str_], seed: int) -> dict[str, Any]:
    """Means over the rows and their intervals by resampling patients."""
    own, patient = np.unique(names, return_inverse=True)
    draws = patient_draws(len(own), RESAMPLES, seed)
    sizes = draws @ np.bincount(patient).astype(float)
    row: dict[str, Any] = {}
    for name, values in measures.items():
        drawn = draws @ np.bincount(patient, weights=values) / sizes
        row |= {name: float(values.mean()), f"{name} interval": interval(drawn)}
    return row
