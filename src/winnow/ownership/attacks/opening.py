"""From what an owner has (a ticket, its claim, a secret) to a `Target`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.data import DataSet
from winnow.ownership.attacks.target import Target
from winnow.signing.asking.triggers import TriggerRule, trigger_set
from winnow.signing.claims.claim_folder import check_reveal, read_claim, read_reference
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.keys import Secret
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import sent_bits
from winnow.signing.code.stream import derive_key
from winnow.signing.judging.looking import Opened
from winnow.sparsity import Ticket
from winnow.training import TrainingPlan

_PAYLOAD = 16  # bytes of commit0 that a mark carries


def opened_target(
    ticket: Ticket,
    claim: Path | str,
    secret: Secret,
    *,
    build: Callable[[int], nn.Module],
    data: DataSet,
    budget: TrainingPlan,
    other: DataSet | None = None,
    innocent: dict[str, Tensor] | None = None,
    device: torch.device | None = None,
) -> Target:
    """The target of an audit.

    Args:
        ticket: marked and trained.
        claim: the folder of its claim, sealed.
        secret: of one of the claim's keys; it stays in memory.
        build: a network of the ticket's architecture; its weights are a function of the seed.
        data: what the ticket was trained on.
        budget: what an attacker spends on a retraining.
        other: another task, for tuning on other data.
        innocent: tensors of an independent network of this architecture.
        device: where retraining runs.

    Raises:
        WinnowError: WN-O02 when the claim cannot be read, WN-O03 when the secret opens none of its keys, WN-O07 when
            the ticket has no trained weights.
    """
    if ticket.trained is None:
        raise WinnowError("WN-O07", "the ticket has no trained weights to attack", fix="Train it, and seal its claim.")
    sealed = read_claim(claim)
    opened = _opened(sealed, secret)
    rule = None if sealed.triggers is None else TriggerRule.from_plain(sealed.triggers)
    return Target(
        name=sealed.model_id,
        build=build,
        tensors=dict(ticket.trained),
        mask=ticket.mask,
        data=data,
        budget=budget,
        claim=sealed,
        reference=read_reference(claim, sealed),
        opened=opened,
        triggers=None if rule is None else trigger_set(opened.key, rule),
        other=other,
        innocent=innocent,
        device=device,
    )


def _opened(claim: Claim, secret: Secret) -> Opened:
    key = derive_key(secret.secret, claim.public_key, claim.model_id)
    for index in range(len(claim.keys)):
        try:
            payload = check_reveal(claim, index, secret)[:_PAYLOAD]
        except WinnowError:
            continue
        sent = sent_bits(key, claim.layout.code, payload)
        return Opened(key, keyed_positions(key, claim.layout), payload, sent)
    raise WinnowError("WN-O03", "the secret opens none of the claim's keys", fix="Give the secret of this claim.")
