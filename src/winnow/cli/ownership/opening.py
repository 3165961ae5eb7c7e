"""A signed ticket as something to attack: from its folder, its passphrase, and the data of its run."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from winnow.cli.ownership.options import SignedFolder
from winnow.cli.ownership.training import TrainingFlags, flags_from, training_for
from winnow.core import WinnowError
from winnow.models import model_of
from winnow.ownership.attacks.opening import opened_target
from winnow.ownership.attacks.target import Target
from winnow.ownership.sources import Source, open_source
from winnow.signing.claims.vault import load_secrets
from winnow.sparsity import Ticket
from winnow.storage import read_json
from winnow.training import device_named

_STEPS = "1000it"  # of a retraining, where neither the flags nor a run tell


def open_signed(signed: SignedFolder, passphrase: str, flags: TrainingFlags, device: str, key: int = 0) -> Target:
    """The target of attacks.

    Raises:
        WinnowError: WN-O07 when the ticket is not signed yet, WN-O03 for a wrong passphrase or key, WN-D01 without
            data, WN-M01 when the network cannot be built.
    """
    if not signed.is_sealed:
        raise WinnowError("WN-O07", "no sealed claim is here", where=signed.path, fix="Give the folder of `sign`.")
    note = read_json(signed.note) if signed.note.is_file() else {}
    source = open_source(note["ticket"]) if Path(note.get("ticket", "")).is_dir() and note else None
    ticket = Ticket.from_pretrained(signed.ticket)
    training = training_for(
        source or Source(signed.ticket, ticket, None), flags_from(note.get("training", {}), flags), _STEPS
    )
    if training is None:
        raise WinnowError("WN-D01", "no data to measure on", where="--data", fix="Give the data of the ticket.")
    held = load_secrets(signed.secrets, passphrase)
    if not 0 <= key < len(held):
        raise WinnowError("WN-O03", f"there are {len(held)} keys, numbered from 0", where="--key")
    return opened_target(
        ticket,
        signed.claim,
        held[key],
        build=model_of(ticket.manifest).build,
        data=training.data,
        budget=training.plan,
        innocent=_innocent(source),
        device=device_named(device),
    )


def _innocent(source: Source | None) -> dict[str, Tensor] | None:
    """Another replicate of the run: trained without the key, from another start."""
    for folder in sorted(source.folder.parent.glob("replicate-*")) if source is not None and source.run else ():
        if source is not None and folder.name != source.folder.name:
            other = Ticket.from_pretrained(folder)
            return dict(other.trained) if other.trained is not None else None
    return None
