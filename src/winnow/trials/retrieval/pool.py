"""A pool of trials searched for a patient: ranked, and cut only by an explicit contradiction of sex or age."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.trials.registry import Trial
from winnow.trials.retrieval.chart import Chart
from winnow.trials.retrieval.encoders import Encoder
from winnow.trials.retrieval.fusion import fused, ranks
from winnow.trials.retrieval.lexical import Counts, Lexical
from winnow.trials.retrieval.query import PatientQuery, patient_query
from winnow.trials.retrieval.words import content_words

# How much a word counts in each field: what a trial is about stands in its title and conditions, while its eligibility
# text names many things that its patients must not have. Set beforehand, fitted to nothing.
FIELDS = {"title": 3.0, "conditions": 3.0, "keywords": 2.0, "interventions": 1.0, "summary": 1.0, "eligibility": 1.0}
# MiniLM reads 256 tokens, about a thousand characters.
_PASSAGE = 1000
_PASSAGES = 3


@dataclass(frozen=True)
class Found:
    """A trial that a search returned.

    Attributes:
        trial: which.
        score: the fused score, higher is better.
        ranks: the trial's place in each ranking that was fused, from 1: "words" and, with an encoder, "meaning".
    """

    trial: Trial
    score: float
    ranks: dict[str, int]


class Pool:
    """Trials ready to be searched; `open_pool` makes one.

    Two rankings are fused by reciprocal rank (k = 20): the patient's words by BM25 over weighted fields and, with an
    encoder, the patient's passages by cosine to each trial's gists. A third one, by the pool's conditions that the
    patient's text names, was tried on other patients (41 of the criterion annotations, 81 of their trials in a pool of
    1,191) and left out: recall@10 was 0.48 with it and 0.52 without.
    """

    def __init__(self, trials: Sequence[Trial], encoder: Encoder | None) -> None:
        self.trials = tuple(trials)
        self._encoder = encoder
        self._words = Lexical([weighted_words(trial, FIELDS) for trial in self.trials])
        gists = [gist for trial in self.trials for gist in gists_of(trial)]
        self._vectors = None if encoder is None else encoder.encode(gists)

    def search(self, source: Chart | str, k: int = 50) -> list[Found]:
        """The `k` best trials for a patient, best first.

        A trial is left out only when the patient's recorded sex or age contradicts a bound that it states; what either
        side does not state excludes nothing.

        Args:
            source: the patient's chart, or a text about the patient.
            k: how many at most.
        """
        query = patient_query(source)
        kept = [at for at, trial in enumerate(self.trials) if not contradicts(trial, query.sex, query.age)]
        if not kept:
            return []
        rankings = {name: scores[None, kept] for name, scores in self.rankings(query).items()}
        order = np.arange(len(kept))
        scores = fused(list(rankings.values()), order)
        places = {name: ranks(own, order)[0] for name, own in rankings.items()}
        best = ranks(scores, order)[0].argsort()[:k]
        return [
            Found(
                self.trials[kept[at]],
                float(scores[0, at]),
                {name: int(own[at]) for name, own in places.items()},
            )
            for at in best
        ]

    def rankings(self, query: PatientQuery) -> dict[str, NDArray[np.float32]]:
        """The scores [trials] that are fused, by the ranking's name."""
        found = {"words": self._words.scores([query.words])[0]}
        if self._vectors is not None:
            found["meaning"] = self._meaning(query)
        return found

    def _meaning(self, query: PatientQuery) -> NDArray[np.float32]:
        """Mean of a trial's three best cosines with the patient's passages, each with the nearer of its gists."""
        if self._encoder is None or self._vectors is None or not query.passages:
            return np.zeros(len(self.trials), np.float32)
        cosines = self._encoder.encode(query.passages) @ self._vectors.T
        nearer = cosines.reshape(len(query.passages), len(self.trials), -1).max(2)
        return np.sort(nearer, axis=0)[-_PASSAGES:].mean(0)


def open_pool(trials: Iterable[Trial], encoder: Encoder | None = None) -> Pool:
    """Trials ready to be searched for patients; with an encoder, two passages of each are encoded now.

    Args:
        trials: the pool.
        encoder: None searches words alone.
    """
    return Pool(tuple(trials), encoder)


def contradicts(trial: Trial, sex: str | None, age: float | None) -> bool:
    """Whether the recorded sex or age is outside what the trial's structured fields state."""
    if sex in ("female", "male") and trial.sex in ("female", "male") and sex != trial.sex:
        return True
    if age is None:
        return False
    # A person is of an age until the next birthday.
    years = age if trial.minimum_age is not None and trial.minimum_age < 1 else float(int(age))
    low, high = trial.minimum_age, trial.maximum_age
    return (low is not None and years < low) or (high is not None and years > high)


def weighted_words(trial: Trial, fields: dict[str, float]) -> Counts:
    """How often each word occurs in a trial, each field's words multiplied by its weight."""
    counts: Counts = {}
    for field, weight in fields.items():
        value = getattr(trial, field)
        for word in content_words(value if isinstance(value, str) else "\n".join(value)):
            counts[word] = counts.get(word, 0.0) + weight
    return counts


def gists_of(trial: Trial) -> tuple[str, str]:
    """What the encoder reads of a trial: title, conditions and summary; and the beginning of its eligibility text."""
    about = f"{trial.title}. {', '.join(trial.conditions)}. {trial.summary}"
    return about[:_PASSAGE], f"{trial.title}. {trial.eligibility}"[:_PASSAGE]
