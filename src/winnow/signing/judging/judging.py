"""`judge`: from a claim, a suspect and one revealed secret to a verdict, offline and without torch.

Whatever a stranger's files hold, the judge ends in a verdict. Where it could not look at all of the suspect it says
"inconclusive", never "no match".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from cryptography import x509
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from winnow.core import WinnowError
from winnow.signing.asking.triggers import TriggerRule, test_answers, trigger_set
from winnow.signing.claims.burning import burnt_keys
from winnow.signing.claims.checks import check_claim
from winnow.signing.claims.claim_folder import read_claim, read_reference
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.keys import Secret
from winnow.signing.claims.reference import Reference
from winnow.signing.code.codes import encode
from winnow.signing.code.statistic import adjusted
from winnow.signing.judging.deciding import LIMITS, decided
from winnow.signing.judging.decoys import decoy_keys, try_decoys
from winnow.signing.judging.looking import ALIGNMENTS, Looks, Opened, look_at, read_marks
from winnow.signing.judging.refusing import REFUSED, Stopped, carried, foreseen, made_to_fit, with_check
from winnow.signing.judging.revealing import is_key, opened_with, priority_of, told_of
from winnow.signing.judging.verdict import Answered, Checked, Tests, Verdict
from winnow.signing.suspects.support import WAYS
from winnow.signing.suspects.suspects import Suspect, read_suspect


def judge(
    claim: Path | str,
    suspect: Path | str,
    reveal: Secret,
    *,
    roots: Sequence[x509.Certificate] = (),
    owner: bytes | None = None,
    decoys: int = 1000,
    suspects_tried: int = 1,
    answers: ArrayLike | None = None,
) -> Verdict:
    """How improbable the suspect's resemblance to a claimed ticket is by chance.

    Args:
        claim: the claim's folder.
        suspect: what `read_suspect` reads.
        reveal: the secret of one of the claim's keys.
        roots: certificates of the stamping authorities that the judge trusts.
        owner: public key (32 bytes) that the judge knows to be the owner's.
        decoys: how many keys that marked nothing are read in the same way.
        suspects_tried: how many suspects were looked at for this claim, this one counted; p is corrected for it.
        answers: int [Q], the suspect's answers to the keyed inputs of the revealed key, where it was asked.

    Returns:
        The verdict; equal inputs give equal verdicts.

    Raises:
        WinnowError: WN-O02 or WN-O05 when there is nothing at the claim's or the suspect's place.
        ValueError: when `suspects_tried` is below 1 or `decoys` below 0.
    """
    if suspects_tried < 1 or decoys < 0:
        raise ValueError("at least this one suspect was tried, and decoys are counted")
    if not Path(claim).is_dir():
        raise WinnowError("WN-O02", "there is no folder of this name", where=claim, fix="Give the claim's folder.")
    if not Path(suspect).exists():
        raise WinnowError("WN-O05", "there is nothing of this name", where=suspect, fix="Give the suspect's file.")
    verdict = Verdict("inconclusive", "", limits=LIMITS)
    case = _Case(Path(claim), Path(suspect), reveal, roots, owner, decoys, suspects_tried, answers)
    try:
        # Products and decompositions are small here: on several threads they are slower, and less alike.
        with threadpool_limits(1):
            return case.heard(verdict)
    except Stopped as stopped:
        return stopped.verdict


@dataclass(frozen=True)
class _Case:
    """What a judge was given."""

    claim: Path
    suspect: Path
    reveal: Secret
    roots: Sequence[x509.Certificate]
    owner: bytes | None
    decoys: int
    suspects_tried: int
    answers: ArrayLike | None

    def heard(self, verdict: Verdict) -> Verdict:
        claim, reference, verdict = self._claim(verdict)
        opened, verdict = self._opened(verdict, claim, reference)
        suspect, verdict = self._suspect(verdict)
        seen = look_at(suspect, claim, reference, opened.positions)
        verdict, informative = self._read(verdict, claim, opened, seen, suspect)
        return decided(verdict, seen, informative)

    def _claim(self, verdict: Verdict) -> tuple[Claim, Reference, Verdict]:
        """The claim, checked; an edited, foreign, unsigned or back-dated one ends the hearing."""
        advice = "Ask the owner for the claim as it was sealed."
        try:
            checks = check_claim(self.claim, self.roots, self.owner)
            verdict = replace(verdict, checks=tuple(Checked(c.name, c.ok, c.told) for c in checks))
            if failed := next((check for check in verdict.checks if check.ok is False), None):
                raise Stopped(replace(verdict, reason=f"{REFUSED}: {failed.name} {failed.told}", advice=advice))
            claim = read_claim(self.claim)
            reference = read_reference(self.claim, claim)
        except WinnowError as error:
            raise Stopped(replace(verdict, reason=f"{REFUSED}: {error.what}", advice=advice)) from error
        return claim, reference, replace(verdict, claim=told_of(claim), threshold_log2=claim.threshold_log2)

    def _opened(self, verdict: Verdict, claim: Claim, reference: Reference) -> tuple[Opened, Verdict]:
        """What the secret opens, if it is one of the claim's and the claim does not tell its bits beforehand."""
        index = next((at for at in range(len(claim.keys)) if is_key(claim, at, self.reveal)), None)
        if index is None:
            verdict = with_check(verdict, "revealed secret", False, "it opens none of the claim's keys")
            told = "Show the secret of one of this claim's keys."
            raise Stopped(replace(verdict, reason="the secret shown is not this claim's", advice=told))
        verdict = with_check(verdict, "revealed secret", True, f"it opens key {index} of {len(claim.keys)}")
        verdict = replace(verdict, claim={**verdict.claim, "key": index}, priority=priority_of(verdict.checks, index))
        if index in burnt_keys(self.claim, claim):
            known = "This key was shown before: since then others could have embedded or removed its mark."
            verdict = replace(verdict, limits=(*verdict.limits, known))
        try:
            opened = opened_with(claim, index, self.reveal)
        except WinnowError as error:
            raise Stopped(replace(verdict, reason=f"{REFUSED}: {error.what}")) from error
        return opened, foreseen(carried(verdict, reference, opened), reference, opened)

    def _suspect(self, verdict: Verdict) -> tuple[Suspect, Verdict]:
        try:
            suspect = read_suspect(self.suspect)
        except WinnowError as error:
            reason = f"the suspect cannot be read: {error.what}"
            raise Stopped(replace(verdict, reason=reason, advice=error.fix)) from error
        return suspect, replace(verdict, suspect={"digest": suspect.digest, "notes": list(suspect.notes)})

    def _read(
        self, verdict: Verdict, claim: Claim, opened: Opened, seen: Looks, suspect: Suspect
    ) -> tuple[Verdict, float]:
        layout = claim.layout
        readings, informative = read_marks(seen.looks, opened, layout.code)
        best = min(range(len(readings)), key=lambda at: readings[at].smallest_log2_p)
        tests = Tests(len(claim.keys), len(ALIGNMENTS), len(WAYS), self.suspects_tried)
        seed = hashlib.sha256(f"decoys {suspect.digest} {claim.digest}".encode()).digest()
        keys = decoy_keys(self.decoys, seed, claim.public_key, claim.model_id)
        looks = [(look.alignment, look.way, look.masks) for look in seen.looks]
        verdict = replace(
            verdict,
            suspect={**verdict.suspect, "fit": seen.fit.how, "misfits": list(seen.fit.misfits)},
            readings=readings,
            best=best,
            tests=tests,
            log2_p_adjusted=adjusted(readings[best].smallest_log2_p, tests.total),
            decoys=try_decoys(looks, best, layout, encode(layout.code, opened.payload), keys) if keys else None,
        )
        verdict = made_to_fit(verdict, seen, opened)
        if self.answers is not None:
            verdict = _with_answers(verdict, claim, opened.key, self.answers)
        return verdict, informative


def _with_answers(verdict: Verdict, claim: Claim, key: bytes, answers: ArrayLike) -> Verdict:
    """Black-box evidence: by how much the suspect knows the labels of the key's inputs."""
    given = np.asarray(answers)
    try:
        if claim.triggers is None:
            return with_check(verdict, "answers", None, "the claim has no keyed inputs: answers say nothing")
        if claim.triggers != claim.rule.get("triggers"):
            told = "not counted: the keyed inputs are not those settled before the marking"
            return with_check(verdict, "answers", None, told)
        rule = TriggerRule.from_plain(claim.triggers)
        hits = test_answers(trigger_set(key, rule).labels, given, rule.classes)
    except (WinnowError, ValueError) as error:
        return with_check(verdict, "answers", None, f"not counted: {getattr(error, 'what', error)}")
    tests = len(claim.keys) * (verdict.tests.suspects if verdict.tests else 1)
    found = Answered(hits.hits, hits.total, rule.classes, hits.log2_p, adjusted(hits.log2_p, tests))
    return replace(verdict, answers=found)
