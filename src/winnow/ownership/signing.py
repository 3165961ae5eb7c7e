"""`sign_ticket`: commit, mark, train and seal in one go, for a ticket whose network and data are at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from winnow.core import WinnowError
from winnow.data import DataSet
from winnow.ownership.marking import MarkReport
from winnow.ownership.owning import Begun, begin, seal
from winnow.ownership.sources import Source
from winnow.ownership.terms import Places, Terms
from winnow.ownership.training import SHARE, TrainedTicket, answers_of_tensors, train_marked
from winnow.signing.asking.triggers import Hits, test_answers
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.keys import Identity
from winnow.signing.stamps.stamps import Stamper
from winnow.sparsity import Ticket
from winnow.training import CheckpointFile, Progress, TrainingPlan


@dataclass(frozen=True)
class Signed:
    """A signed ticket.

    Args:
        ticket: marked and trained.
        claim: sealed.
        report: what marking changed.
        test_accuracy: of the signed ticket; None when its training was found done.
        hits: per key, how it answers its triggers.
    """

    ticket: Ticket
    claim: Claim
    report: MarkReport
    test_accuracy: float | None
    hits: tuple[Hits, ...]


def sign_ticket(
    source: Source,
    identity: Identity,
    passphrase: str,
    places: Places,
    terms: Terms,
    data: DataSet,
    plan: TrainingPlan,
    *,
    out: Path,
    release_start: bool = False,
    share: float = SHARE,
    first_step: int = 0,
    seed: int = 0,
    stamper: Stamper | None = None,
    device: torch.device | None = None,
    progress: Progress | None = None,
) -> Signed:
    """Sign a ticket from beginning to end. Run again after a kill, it goes on where it was.

    Args:
        source: the ticket.
        identity, passphrase, places, terms, stamper: see `winnow.ownership.owning.begin`.
        data: what to train on.
        plan: the training's budget.
        out: folder of the signed, trained ticket.
        release_start: whether the ticket's start is to be given away too. Switched-on weights then begin where the
            dense network did, and a larger margin is wise: they stay small.
        share: of the training examples that are triggers.
        first_step: where on the plan the ticket starts (its rewind step).
        seed: names the data order.
        device: the CPU when not given.
        progress: who is told.

    Raises:
        WinnowError: as `begin`, `train_marked` and `seal`; WN-M01 when the network cannot be built; WN-R02, before
            the ticket is marked, when the plan ends where the ticket was rewound to or before.
    """
    if first_step >= plan.steps:
        what = f"the ticket goes on from step {first_step:,}, and training ends at step {plan.steps:,}"
        raise WinnowError("WN-R02", what, where="--steps", fix=f"Give more than {first_step:,}.")
    module = source.module()
    dense = source.dense
    begun = begin(
        source.ticket,
        identity,
        passphrase,
        places,
        terms,
        dense=dense.trained if dense else None,
        start=dense.start if dense and release_start else None,
        stamper=stamper,
    )
    trained = partial(
        train_marked,
        module,
        begun.ticket,
        data,
        plan,
        triggers=begun.triggers,
        share=share,
        first_step=first_step,
        seed=seed,
        device=device,
        progress=progress,
    )
    done, accuracy = _trained(out, begun, trained)
    claim = seal(done, identity, passphrase, places, source=source, stamper=stamper)
    ask = answers_of_tensors(module, done.trained or {})
    hits = tuple(test_answers(one.labels, ask(one.inputs), one.rule.classes) for one in begun.triggers)
    return Signed(done, claim, begun.report, accuracy, hits)


def _trained(out: Path, begun: Begun, train: Callable[..., TrainedTicket]) -> tuple[Ticket, float | None]:
    """The signed ticket, trained and saved; with its test accuracy where that was not done before."""
    done = _done(out, begun)
    if done is not None:
        return done, None
    # Named after the mask: what another mark's training left behind is not gone on with.
    digest = begun.ticket.mask.digest()[:12]
    checkpoint = CheckpointFile(out.with_name(f"{out.name}-{digest}.checkpoint.safetensors"))
    trained = train(checkpoint=checkpoint)
    measured = {"validation_accuracy": trained.validation_accuracy, "test_accuracy": trained.test_accuracy}
    done = replace(trained.ticket, manifest={**begun.ticket.manifest, "results": measured})
    done.save_pretrained(out)
    checkpoint.remove()
    return done, trained.test_accuracy


def _done(out: Path, begun: Begun) -> Ticket | None:
    """The signed ticket of an earlier run, trained; None where there is none yet."""
    if not (out / "ticket.json").is_file():
        return None
    found = Ticket.from_pretrained(out)
    if found.trained is None or found.mask != begun.ticket.mask:
        raise WinnowError("WN-O07", "another ticket lies here", where=out, fix="Name a new folder.")
    return found
