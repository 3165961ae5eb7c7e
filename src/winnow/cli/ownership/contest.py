"""Two claims on one suspect: both are judged, each reference is read for the other's mark, then priority decides."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cryptography import x509
from safetensors.numpy import save_file

from winnow.core import WinnowError
from winnow.signing.claims.checks import stamp_of
from winnow.signing.claims.claim_folder import read_claim, read_reference
from winnow.signing.claims.keys import Secret
from winnow.signing.claims.priority import Party, priority
from winnow.signing.judging.judging import judge
from winnow.signing.judging.verdict import Verdict
from winnow.signing.stamps.stamps import Stamp

Roots = Sequence[x509.Certificate]


def contested(
    first: tuple[Path, Secret, Verdict], second: tuple[Path, Secret], suspect: Path, roots: Roots
) -> dict[str, Any]:
    """Who came first of two claimants, as plain data.

    Args:
        first: claim, secret, and its verdict on the suspect.
        second: the other claim and its secret.
        suspect: what both are about.
        roots: certificates of the stamping authorities that the judge trusts.
    """
    claim, secret, own = first
    other_claim, other_secret = second
    verdict = judge(other_claim, suspect, other_secret, roots=roots, decoys=0)
    told = {"outcome": verdict.outcome, "reason": verdict.reason, "winner": None}
    if own.outcome != "match" or verdict.outcome != "match":
        which = "Neither claim" if own.outcome != "match" != verdict.outcome else "Only one claim"
        return {**told, "reasons": [f"The other claim: {verdict.outcome}, {verdict.reason}.", f"{which} matches."]}
    found = priority(
        _party("the first claim", claim, own, _carries(claim, other_claim, other_secret), roots),
        _party("the other claim", other_claim, verdict, _carries(other_claim, claim, secret), roots),
    )
    return {**told, "winner": found.winner, "reasons": list(found.reasons)}


def _party(name: str, folder: Path, verdict: Verdict, carries: bool | None, roots: Roots) -> Party:
    claim = read_claim(folder)
    stamps = [_stamp(folder, claim, index, roots) for index in (verdict.claim["key"], None)]
    return Party(name, *stamps, carries_other=carries)


def _stamp(folder: Path, claim: Any, index: int | None, roots: Roots) -> Stamp | None:
    try:
        return stamp_of(folder, claim, index, roots)
    except WinnowError:
        return None


def _carries(folder: Path, other: Path, secret: Secret) -> bool | None:
    """Whether one claim's committed reference carries the other's mark; None where it could not be looked at."""
    masks = read_reference(folder, read_claim(folder)).masks
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "reference.safetensors"
        save_file({name: mask.astype(np.float32) for name, mask in masks.items()}, file)
        outcome = judge(other, file, secret, decoys=0).outcome
    return {"match": True, "no match": False}.get(outcome)
