"""A judge's verdict: the outcome, why, and every figure that it rests on. The same input gives the same bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from winnow.core import plain

FORMAT, VERSION = "winnow-verdict", 1
Outcome = Literal["match", "no match", "inconclusive"]
_DECIMALS = 6
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Checked:
    """One check of a claim: `ok` is None where it could not be made, which is told."""

    name: str
    ok: bool | None
    told: str


@dataclass(frozen=True)
class MarkRead:
    """The mark, read from the suspect in one way.

    Attributes:
        alignment: "as it is" or "aligned".
        way: how the support was read, of `support.WAYS`.
        matches, total: bits that agree with those that the key tells, of how many.
        log2_p: of P(Bin(total, 1/2) >= matches).
        log2_p_signed: of the sign-flip test, which weighs a bit by how clearly it was read; as exact as the first.
        known: the share of keyed positions that could be read.
        errors: bits of the code word that the suspect has wrong.
        payload: whether the code's decoder gives back the payload, the first 128 bits of the commitment.
        corrected: bits that the decoder mended; None where it gave up or found another payload.
    """

    alignment: str
    way: str
    matches: int
    total: int
    log2_p: float
    log2_p_signed: float
    known: float
    errors: int
    payload: bool
    corrected: int | None

    @property
    def smallest_log2_p(self) -> float:
        """Of the two tests, both of which are counted in `Tests`."""
        return min(self.log2_p, self.log2_p_signed)


@dataclass(frozen=True)
class Decoys:
    """The same reading under keys that nobody marked anything with.

    Attributes:
        count: how many keys.
        alignment, way: the reading of `counts`: the one in which the owner's key does best.
        counts: matches to how many keys had as many.
        largest: the most matches of any of them in any reading.
        mean, deviation: of the matches in `counts`; Bin(total, 1/2) has total / 2 and sqrt(total) / 2.
        log2_p: of as many matches as `largest`, for one key in one reading.
    """

    count: int
    alignment: str
    way: str
    counts: Mapping[int, int]
    largest: int
    mean: float
    deviation: float
    log2_p: float


@dataclass(frozen=True)
class Answered:
    """The keyed inputs and what the suspect answered: `hits` of `total` with `classes` possible answers."""

    hits: int
    total: int
    classes: int
    log2_p: float
    log2_p_adjusted: float


@dataclass(frozen=True)
class Tests:
    """By what p is multiplied: every look that the judge takes, whether or not it turned out to be needed.

    `statistics` are the tests of one look: the binomial one and that of flipped signs.
    """

    __test__ = False  # no test case, whatever pytest makes of the name

    keys: int
    alignments: int
    ways: int
    suspects: int
    statistics: int = 2

    @property
    def total(self) -> int:
        """N."""
        return self.keys * self.alignments * self.ways * self.statistics * self.suspects


@dataclass(frozen=True)
class Verdict:
    """What a judge says.

    Attributes:
        outcome: "match", "no match", or "inconclusive" where it could not look, or saw too little for either.
        reason: one sentence.
        advice: what would help, or nothing.
        claim: whose, on what: model id, fingerprint, digest, threshold; what is known of it.
        suspect: digest, how it was read, how it fits.
        checks: of the claim.
        readings: all, in the order in which they were made.
        best: the place in `readings` of the smallest p; None without any.
        tests: what p is corrected for.
        threshold_log2: at most this must the corrected p's logarithm be.
        log2_p_adjusted: of the best reading.
        decoys: of the same suspect.
        answers: black-box evidence, where there is some.
        priority: "stamped before ..." or "not stated".
        limits: what the verdict does not show.
    """

    outcome: Outcome
    reason: str
    advice: str = ""
    claim: Mapping[str, Any] = field(default_factory=dict)
    suspect: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Checked, ...] = ()
    readings: tuple[MarkRead, ...] = ()
    best: int | None = None
    tests: Tests | None = None
    threshold_log2: float = -64.0
    log2_p_adjusted: float | None = None
    decoys: Decoys | None = None
    answers: Answered | None = None
    priority: str = NOT_STATED
    limits: tuple[str, ...] = ()

    @property
    def reading(self) -> MarkRead | None:
        """The best one."""
        return None if self.best is None else self.readings[self.best]

    def to_plain(self) -> dict[str, Any]:
        """The verdict as JSON holds it: no times, no places on a disk, floats to six decimals."""
        told = _rounded(plain({f.name: getattr(self, f.name) for f in dataclasses.fields(self)}))
        if self.tests is not None:
            told["tests"]["total"] = self.tests.total
        return {"format": FORMAT, "version": VERSION, **told}


def _rounded(value: Any) -> Any:
    """Floats to six decimals: the last bits of a logarithm differ between machines."""
    if isinstance(value, float):
        # No minus before a zero, and no infinity, which JSON lacks: the logarithm of 0 is told as null.
        return round(value, _DECIMALS) + 0.0 if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
