"""The mark as the judge reads it, from tensors in memory.

These are the judge's own looks and rules (`winnow.signing.judging`), without what no attack on a model changes: the
claim's signature and stamps, the reading of the file, and the decoys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from winnow.ownership.attacks.target import Target
from winnow.signing.code.statistic import adjusted
from winnow.signing.judging.deciding import decided
from winnow.signing.judging.looking import ALIGNMENTS, look_at, read_marks
from winnow.signing.judging.verdict import Tests, Verdict
from winnow.signing.suspects.support import WAYS
from winnow.signing.suspects.suspects import Suspect


def looked(target: Target, tensors: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Read the target's mark from a suspect's tensors, under any names and in any shapes.

    Returns:
        outcome and reason: the judge's.
        bits, errors, matches, log2_p, log2_p_signed, decoded, known, read: of the reading with the smallest p.
        log2_p_adjusted: times `tests`, the readings that were made and the keys that the claim holds.
    """
    seen = look_at(Suspect(tensors, ""), target.claim, target.reference, target.opened.positions)
    readings, informative = read_marks(seen.looks, target.opened, target.layout.code)
    best = min(range(len(readings)), key=lambda at: readings[at].smallest_log2_p)
    tests = Tests(len(target.claim.keys), len(ALIGNMENTS), len(WAYS), suspects=1)
    figures = Verdict(
        "inconclusive",
        "",
        claim={"aligned": bool(target.claim.axes)},
        readings=readings,
        best=best,
        tests=tests,
        threshold_log2=target.claim.threshold_log2,
        log2_p_adjusted=adjusted(readings[best].smallest_log2_p, tests.total),
    )
    verdict, found = decided(figures, seen, informative), readings[best]
    return {
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "bits": found.total,
        "errors": found.errors,
        "matches": found.matches,
        "log2_p": found.log2_p,
        "log2_p_signed": found.log2_p_signed,
        "log2_p_adjusted": verdict.log2_p_adjusted,
        "tests": tests.total,
        "decoded": found.payload,
        "read": f"{found.alignment}, {found.way}",
        "known": found.known,
    }
