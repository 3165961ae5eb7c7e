"""The tour's chapter on ownership: a ticket is signed, attacked three ways, and judged beside an innocent one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.ownership.attacks.audit import Case, carried_out
from winnow.ownership.attacks.opening import opened_target
from winnow.ownership.attacks.target import Target
from winnow.ownership.signing import sign_ticket
from winnow.ownership.sources import Source, open_source
from winnow.ownership.terms import Places, Terms
from winnow.ownership.training import trigger_rule
from winnow.signing.claims.claim_folder import read_claim
from winnow.signing.claims.keys import Identity, Secret
from winnow.signing.claims.vault import load_secrets
from winnow.signing.judging.judging import judge
from winnow.signing.judging.page import write_verdict
from winnow.sparsity import Ticket, save_tensors
from winnow.tickets.prepared import Prepared

# A real owner keeps it to himself. Here nothing is protected, and the tour can go on where it was stopped.
_PASSPHRASE = "tour"
_ATTACKS = (
    ("a fifth of its weights pruned", Case("prune-smallest", 0.2, 0)),
    ("its neurons permuted and rescaled", Case("disguise", 1.0, 0)),
    ("tuned on", Case("tune", 1.0, 0)),
)
_TUNING_STEPS, _DECOYS = 300, 100


@dataclass(frozen=True)
class Owned:
    """What the chapter tells: one entry a suspect, and the page of the disguised one's verdict."""

    signed: str
    judged: list[dict[str, Any]]
    page: Path

    def lines(self) -> Iterator[str]:
        """One line each."""
        yield self.signed
        for one in self.judged:
            right = "" if one["accuracy_percent"] is None else f", {one['accuracy_percent']:.1f} % test accuracy"
            agree = f"{one['matches']} of {one['bits']} bits agree, p at most 2^{round(one['log2_p_adjusted'] or 0)}"
            yield f"{one['suspect']}{right}: {one['outcome']}, {agree}."
        yield f"Verdict: {self.page}"


def own(folder: Path, ticket: Path, innocent: Path) -> Owned:
    """Sign, attack and judge; a second time, what is signed stays signed.

    Args:
        folder: of everything.
        ticket: what is signed, in a run.
        innocent: another replicate's ticket; left out when it is not there.
    """
    source = open_source(ticket)
    prepared = source.prepared()
    if prepared is None:
        raise WinnowError("WN-R05", "the tour's ticket stands in no run", where=ticket)
    identity, places = (
        _identity(folder / "identity.pem"),
        Places(folder / "claim", folder / "secrets.json", folder / "marked"),
    )
    signed = _signed(source, prepared, identity, places, folder / "ticket")
    secret = load_secrets(places.secrets, _PASSPHRASE)[0]
    target = opened_target(
        signed,
        places.claim,
        secret,
        build=prepared.model.build,
        data=prepared.data,
        budget=replace(prepared.plan, steps=_TUNING_STEPS),
    )
    judged = [_attacked(target, what, case, folder, secret) for what, case in _ATTACKS]
    if innocent.is_dir():
        name = "An innocent ticket, from another start"
        judged.append({"suspect": name, "accuracy_percent": None, **_judged(folder, innocent, secret)})
    claim = read_claim(places.claim)
    told = f"Signed: {claim.layout.bits} bits in {signed.mask.kept:,} weights, every layer's count as it was."
    return Owned(told, judged, folder / _ATTACKS[1][1].attack / "verdict.html")


def _signed(source: Source, prepared: Prepared, identity: Identity, places: Places, out: Path) -> Ticket:
    if not (places.claim / "claim.json").exists():
        terms = Terms("tour", keys=1, triggers=trigger_rule(prepared.data))
        plan = prepared.plan
        sign_ticket(source, identity, _PASSPHRASE, places, terms, prepared.data, plan, out=out)
    return Ticket.from_pretrained(out)


def _attacked(target: Target, what: str, case: Case, folder: Path, secret: Secret) -> dict[str, Any]:
    left, row = carried_out(target, case)
    suspect = folder / case.attack / "suspect.safetensors"
    save_tensors(suspect, left.tensors)
    found = _judged(folder, suspect, secret, folder / case.attack)
    return {"suspect": f"The signed ticket, {what}", "accuracy_percent": 100 * row["accuracy"], **found}


def _judged(folder: Path, suspect: Path, secret: Secret, out: Path | None = None) -> dict[str, Any]:
    verdict = judge(folder / "claim", suspect, secret, decoys=_DECOYS)
    if out is not None:
        write_verdict(verdict, out)
    best = verdict.reading
    return {
        "outcome": verdict.outcome,
        "matches": best.matches if best else None,
        "bits": best.total if best else None,
        "log2_p_adjusted": verdict.log2_p_adjusted,
    }


def _identity(file: Path) -> Identity:
    if file.exists():
        return Identity.load(file, _PASSPHRASE)
    identity = Identity.create()
    identity.save(file, _PASSPHRASE)
    return identity
