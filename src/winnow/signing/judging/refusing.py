"""Where a hearing ends early: a claim that lacks its own mark, or that was made to fit."""

from __future__ import annotations

from dataclasses import replace

from winnow.signing.alignment.foresight import LIMIT, foresight
from winnow.signing.claims.reference import Reference
from winnow.signing.code.statistic import read
from winnow.signing.judging.looking import Looks, Opened
from winnow.signing.judging.verdict import Checked, Verdict

REFUSED = "claim refused"


class Stopped(Exception):  # noqa: N818  (no error: a verdict that came early)
    """The hearing ends here."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def carried(verdict: Verdict, reference: Reference, opened: Opened) -> Verdict:
    """Refuse a claim whose own reference lacks the mark: no copy could have it, so nothing found would say nothing."""
    own = read(reference.masks, opened.positions, opened.key, opened.sent)
    held = min(own.log2_p, own.log2_p_signed) <= verdict.threshold_log2
    told = f"the claim's own reference has {own.matches} of {own.total} bits"
    verdict = with_check(verdict, "mark in the reference", held, told)
    if not held:
        advice = "Judge it with the version of Winnow that sealed it, or ask the owner for the claim as it was sealed."
        raise Stopped(replace(verdict, reason=f"{REFUSED}: {told}, so that no copy could match", advice=advice))
    return verdict


def foreseen(verdict: Verdict, reference: Reference, opened: Opened) -> Verdict:
    """Refuse a reference whose part outside the key tells the key's bits: an innocent alignment would then match."""
    log2_p = foresight(reference.masks, reference.weights or None, opened.positions, opened.sent)
    known = log2_p < LIMIT
    than = "better than chance gives" if known else "no better than chance gives"
    told = f"the reference foretells the bits {than} (p = 2^{log2_p:.1f})"
    verdict = with_check(verdict, "foresight", not known, told)
    if known:
        raise Stopped(replace(verdict, reason=f"{REFUSED}: {told}, so that it was made to fit"))
    return verdict


def made_to_fit(verdict: Verdict, seen: Looks, opened: Opened) -> Verdict:
    """Refuse a match that the suspect's unkeyed part foretells too: then the alignment was made for it.

    Without this, a reference with even columns could carry rows that fit the bits beside columns that everybody knows.
    """
    if verdict.best is None or verdict.log2_p_adjusted is None or verdict.log2_p_adjusted > verdict.threshold_log2:
        return verdict
    look = seen.looks[verdict.best]
    log2_p = foresight(look.masks, None, opened.positions, opened.sent)
    if log2_p < LIMIT:
        told = f"{look.alignment}, read by {look.way}, its unkeyed part foretells the bits (p = 2^{log2_p:.1f})"
        verdict = with_check(verdict, "foresight in the suspect", False, told)
        raise Stopped(replace(verdict, reason=f"{REFUSED}: the suspect matches, but {told}"))
    return verdict


def with_check(verdict: Verdict, name: str, ok: bool | None, told: str) -> Verdict:
    """The verdict with one more check."""
    return replace(verdict, checks=(*verdict.checks, Checked(name, ok, told)))
