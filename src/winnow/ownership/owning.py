"""From a ticket to a signed one, in two stages: commit and mark, then seal what was trained.

Between them lies the training, by Winnow (`winnow.ownership.training`) or by the owner's own code. The first stage can
be run again after a kill: secrets and commitments that are there are used, and the mark follows from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from winnow.core import WinnowError
from winnow.ownership.marking import MarkReport, leads_of, mark
from winnow.ownership.references import axes_of, reference_masks, reference_weights
from winnow.ownership.sources import Source
from winnow.ownership.terms import Places, Terms
from winnow.signing.alignment.axes import axes_to_plain
from winnow.signing.asking.triggers import TriggerRule, Triggers, joint_digest, trigger_set
from winnow.signing.claims.claim_folder import seal_claim
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.commitments import commit0, weights_digest
from winnow.signing.claims.keys import Identity, Secret
from winnow.signing.claims.pending import CLAIM, Pending, begin_claim, names_of, read_pending
from winnow.signing.claims.vault import load_secrets, save_secrets
from winnow.signing.code.stream import derive_key
from winnow.signing.stamps.stamps import Stamper
from winnow.sparsity import Ticket

_FAILING = 0.02


@dataclass(frozen=True)
class Begun:
    """A signing between its stages.

    Args:
        pending: the commitments.
        keys: the derived keys, 32 bytes each: as secret as the secrets.
        ticket: marked, to be trained.
        report: what marking changed.
        triggers: a set per key, to be trained along; empty when the terms have none.
    """

    pending: Pending
    keys: tuple[bytes, ...]
    ticket: Ticket
    report: MarkReport
    triggers: tuple[Triggers, ...]


def begin(
    ticket: Ticket,
    identity: Identity,
    passphrase: str,
    places: Places,
    terms: Terms,
    *,
    dense: Mapping[str, Tensor] | None = None,
    start: Mapping[str, Tensor] | None = None,
    stamper: Stamper | None = None,
) -> Begun:
    """The first stage: secrets, their commitments (stamped, where there is a stamper), then the marked ticket.

    Args:
        ticket: to be signed; with trained weights, where it has them, the mark costs less and holds better.
        identity: the owner's.
        passphrase: protects the secrets.
        places: where everything goes.
        terms: what the claim is bound to.
        dense, start: see `winnow.ownership.marking.mark`.
        stamper: see `winnow.signing.stamps.stamps`.

    Raises:
        WinnowError: WN-O01 without room for a mark, WN-O03 when the secrets there are not those of the claim there or
            the passphrase does not open them, WN-O07 when the claim is sealed already or another ticket's.
    """
    places.check()
    if (places.claim / CLAIM).exists():
        raise WinnowError("WN-O07", "this claim is sealed", where=places.claim, fix="Name a new folder.")
    pending, held = _committed(ticket, identity, passphrase, places, terms, stamper)
    keys = _keys(identity, pending, held)
    payloads = [key[:16] for key in pending.keys]
    marked, report = mark(ticket, pending.layout, keys, payloads, margin=terms.margin, dense=dense, start=start)
    marked.save_pretrained(places.marked)
    triggers = tuple(trigger_set(key, terms.triggers) for key in keys) if terms.triggers else ()
    return Begun(pending, keys, marked, report, triggers)


def seal(
    ticket: Ticket,
    identity: Identity,
    passphrase: str,
    places: Places,
    *,
    source: Source | None = None,
    weights: bool = True,
    stamper: Stamper | None = None,
) -> Claim:
    """The second stage: bind the trained ticket to the keys, sign, and write the claim.

    Args:
        ticket: the marked ticket, trained by whatever code.
        identity, passphrase, places: as for `begin`.
        source: tells of the network, so that channels which can only move together are told in the claim.
        weights: whether the claim holds the trained weights (rounded), by which a disguised suspect is aligned.
        stamper: for the stamp of the whole claim.

    Raises:
        WinnowError: WN-O03 for another identity or other secrets, WN-O07 when it was not begun, is sealed already,
            or the ticket is untrained or does not carry the mark.
    """
    if ticket.trained is None:
        raise WinnowError("WN-O07", "the marked ticket is not trained yet", where=places.marked, fix="Train it first.")
    if not (places.claim / names_of(0)[0]).exists():
        raise WinnowError("WN-O07", "this claim was not begun", where=places.claim, fix="Begin it first.")
    pending = read_pending(places.claim)
    held = load_secrets(places.secrets, passphrase)
    _check_secrets(pending, identity, held, places)
    keys = _keys(identity, pending, held)
    _check_marks(ticket, pending, keys)
    tensors = reference_weights(ticket.trained)
    rule = pending.rule.get("triggers")
    sets = [trigger_set(key, TriggerRule.from_plain(rule)) for key in keys] if rule else []
    return seal_claim(
        places.claim,
        identity,
        reference_masks(ticket.mask),
        weights=tensors if weights else None,
        trained_digest=weights_digest(tensors),
        triggers=rule,
        triggers_digest=joint_digest(sets) if sets else None,
        axes=axes_to_plain(axes_of(source, ticket)) if source else (),
        architecture=source.architecture if source else {},
        stamper=stamper,
    )


def _committed(
    ticket: Ticket,
    identity: Identity,
    passphrase: str,
    places: Places,
    terms: Terms,
    stamper: Stamper | None,
) -> tuple[Pending, tuple[Secret, ...]]:
    """Secrets first, then their commitments; whichever is there already is used."""
    layout = terms.layout(ticket.mask)  # where there is none, nothing is written
    begun = (places.claim / names_of(0)[0]).exists()
    if places.secrets.exists():
        held = load_secrets(places.secrets, passphrase)
    elif begun:
        raise WinnowError("WN-O03", "the claim was begun, and its secrets are not here", where=places.secrets)
    else:
        held = tuple(Secret.new() for _ in range(terms.keys))
        save_secrets(places.secrets, held, passphrase)
    if begun:
        pending = read_pending(places.claim)
        _check_secrets(pending, identity, held, places)
        _check_same(pending, ticket, terms, places)
        return pending, held
    if len(held) != terms.keys:
        raise _other_terms(places)
    pending = begin_claim(
        places.claim,
        identity,
        held,
        model_id=terms.model_id,
        layout=layout,
        tau=terms.tau,
        threshold_log2=terms.threshold_log2,
        rule=terms.rule(ticket.mask),
        stamper=stamper,
    )
    return pending, held


def _check_secrets(pending: Pending, identity: Identity, held: tuple[Secret, ...], places: Places) -> None:
    if identity.public != pending.public_key:
        raise WinnowError("WN-O03", "another identity began this claim", where=places.claim)
    if tuple(commit0(identity.public, one, pending.rule) for one in held) != pending.keys:
        raise WinnowError("WN-O03", "these are not the secrets that the claim was begun with", where=places.secrets)


def _keys(identity: Identity, pending: Pending, held: tuple[Secret, ...]) -> tuple[bytes, ...]:
    return tuple(derive_key(one.secret, identity.public, pending.rule["model_id"]) for one in held)


def _check_marks(ticket: Ticket, pending: Pending, keys: tuple[bytes, ...]) -> None:
    for index, key in enumerate(keys):
        leads = leads_of(ticket.mask, pending.layout, key, pending.keys[index][:16])
        if (leads <= 0).mean() > _FAILING:
            raise WinnowError(
                "WN-O07", f"the ticket does not carry the mark of key {index}", fix="Seal the marked ticket, trained."
            )


def _check_same(pending: Pending, ticket: Ticket, terms: Terms, places: Places) -> None:
    if pending.rule != terms.rule(ticket.mask) or len(pending.keys) != terms.keys:
        raise _other_terms(places)


def _other_terms(places: Places) -> WinnowError:
    what = "it was begun for another ticket or on other terms"
    return WinnowError("WN-O07", what, where=places.claim, fix="Name new places, or give the same ticket and terms.")
