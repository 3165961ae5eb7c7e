"""The few interpretable numbers that the calibrated head reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.trials.answering.baseline.mentions import Claim, Mention, mention_in
from winnow.trials.composition import Question
from winnow.trials.retrieval import Hit

FEATURES = ("cosine", "overlap", "claimed", "denied", "hedged", "elsewhere", "windowed")
LEAST_SHARE = 0.5


@dataclass(frozen=True)
class Evidence:
    """The best sentences for a question.

    Attributes:
        features: [len(FEATURES)]: the best cosine and overlap; how much of the claim one sentence states of the
            patient, denies, leaves open (plans, doubts) or says of somebody else; whether the question has a window.
        best: the hit whose sentence states most of the claim, None without any hit.
        heads: the share of the claim's head words found in it.
    """

    features: NDArray[np.float64]
    best: Hit | None
    heads: float

    def supports(self, value: str) -> bool:
        """Whether a sentence states half of the claim or more for "yes", or denies as much of it for "no".

        The head has learned what experts expect of such questions; without this it would answer from that alone.
        """
        return bool(self.features[FEATURES.index("claimed" if value == "yes" else "denied")] >= LEAST_SHARE)


def evidence_of(question: Question, hits: Sequence[Hit]) -> Evidence:
    """The features of a question and the hits of its search."""
    claim = Claim.of(question.statement)
    found = [(mention_in(hit.sentence, claim), hit) for hit in hits]
    shares = [0.0, 0.0, 0.0, 0.0]
    for mention, _ in found:
        if mention is not None:
            place = _stance(mention, claim)
            shares[place] = max(shares[place], mention.share)
    cosine = max((hit.cosine for hit in hits), default=0.0)
    overlap = max((hit.overlap for hit in hits), default=0.0)
    ranked = sorted(found, key=lambda pair: _strength(*pair), reverse=True)
    best = ranked[0] if ranked else (None, None)
    values = [cosine, overlap, *shares, float(question.window is not None)]
    return Evidence(np.array(values), best[1], best[0].heads if best[0] else 0.0)


def _stance(mention: Mention, claim: Claim) -> int:
    """Where a mention counts: 0 claimed, 1 denied, 2 hedged, 3 elsewhere."""
    said = mention.assertion
    if (said.person == "family") != claim.of_family or said.person == "other person":
        return 3
    if said.possible or (said.hypothetical and not claim.planned):
        return 2
    return 1 if said.negated else 0


def _strength(mention: Mention | None, hit: Hit) -> tuple[float, float, float]:
    return (mention.share if mention else 0.0, hit.overlap, hit.cosine)
