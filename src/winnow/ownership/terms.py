"""What an owner settles before signing: the terms of a claim, and where its parts go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.signing.asking.triggers import TriggerRule
from winnow.signing.code.layout import Layout, plan_layout
from winnow.sparsity import Mask

TAU = 0.01
KEYS = 2
_FAILING = 0.02


@dataclass(frozen=True)
class Places:
    """Where the parts of a signing lie.

    Args:
        claim: the claim's folder, for everybody.
        secrets: the file of secrets, for the owner alone and never inside the claim's or a ticket's folder.
        marked: the marked ticket's folder.
    """

    claim: Path
    secrets: Path
    marked: Path

    def check(self) -> None:
        """Make sure that nobody gets the secrets with the rest.

        Raises:
            WinnowError: WN-O06 when they would lie in one of the other folders.
        """
        for folder in (self.claim, self.marked):
            if self.secrets.resolve().is_relative_to(folder.resolve()):
                raise WinnowError(
                    "WN-O06",
                    "secrets must not lie in a folder that is given away",
                    where=self.secrets,
                    fix="Keep them elsewhere.",
                )


@dataclass(frozen=True)
class Terms:
    """What a claim is bound to from the start.

    Args:
        model_id: the owner's name for the model.
        keys: how many; each can be shown once, and costs swaps of its own.
        margin: by how much the favoured set of a bit leads.
        code: of `winnow.signing.code.codes`; the longest that fits when not given.
        tau: at most this share of its channel's scale, a suspect's weight counts as pruned.
        threshold_log2: a match is a corrected p of at most 2 to this power.
        triggers: keyed inputs; None for none.
    """

    model_id: str
    keys: int = KEYS
    margin: int = 3
    code: str | None = None
    tau: float = TAU
    threshold_log2: float = -64.0
    triggers: TriggerRule | None = None

    def layout(self, mask: Mask) -> Layout:
        """Where the mark of a ticket with this mask goes.

        Raises:
            WinnowError: WN-O01 when it has no room.
        """
        shapes = {name: tuple(tensor.shape) for name, tensor in mask.items()}
        return plan_layout(shapes, {name: int(tensor.sum()) for name, tensor in mask.items()}, code=self.code)

    def rule(self, mask: Mask) -> dict[str, Any]:
        """What every key is bound to. The triggers are in it, or they could be chosen later to suit a suspect."""
        return {
            "model_id": self.model_id,
            "layout": self.layout(mask).to_plain(),
            "tau": self.tau,
            "threshold_log2": self.threshold_log2,
            "margin": self.margin,
            "unmarked": mask.digest(),
            "triggers": self.triggers.to_plain() if self.triggers else None,
        }
