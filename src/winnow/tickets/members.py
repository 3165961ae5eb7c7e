"""Who is trained at a level: the ticket, its controls, and the trunk of continued training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from winnow.core import derive_seed
from winnow.models import Model
from winnow.sparsity import Mask, tensors_of
from winnow.tickets.recipe import RANDOM, REINIT, TICKET, TRUNK, FindRecipe
from winnow.training import Member


@dataclass(frozen=True)
class Origin:
    """What one replicate brings to a level.

    Args:
        mask: what remains at this level.
        rewound: tensors at the rewind step.
        kept: trained tensors of the level before (of the trunk, in continued training); None at level 0.
    """

    mask: Mask
    rewound: Mapping[str, Tensor]
    kept: Mapping[str, Tensor] | None


class Cast:
    """Makes the members of a level; every draw comes from a stream named after replicate, level and branch."""

    def __init__(self, recipe: FindRecipe, model: Model, rewind_step: int) -> None:
        self._recipe, self._model, self._rewind_step = recipe, model, rewind_step

    def initial(self, replicate: int) -> dict[str, Tensor]:
        """The initialisation of a replicate, theta_0."""
        return self._drawn("start", replicate)

    def dense(self, replicate: int, mask: Mask) -> Member:
        """The network before any pruning, level 0."""
        return self._member(TICKET, replicate, 0, self.initial(replicate), mask, 0)

    def of_level(self, level: int, origins: Sequence[Origin]) -> list[Member]:
        """Ticket, trunk and controls of all replicates at a level from 1 on."""
        branches = [TICKET, *([TRUNK] if self._recipe.rounds == "continued" else []), *self._recipe.controls]
        return [
            self._of_branch(branch, replicate, level, origin)
            for branch in branches
            for replicate, origin in enumerate(origins)
        ]

    def _of_branch(self, branch: str, replicate: int, level: int, origin: Origin) -> Member:
        first = self._rewind_step
        if branch == REINIT:
            return self._member(branch, replicate, level, self._drawn(branch, replicate, level), origin.mask, 0)
        if branch == RANDOM:
            mask = origin.mask.shuffled(derive_seed(self._recipe.seed, "mask", branch, replicate, level))
            return self._member(branch, replicate, level, self._drawn(branch, replicate, level), mask, 0)
        keeps = branch == TRUNK or self._recipe.rewinding == "rate"
        start = origin.kept if keeps and origin.kept is not None else origin.rewound
        return self._member(branch, replicate, level, start, origin.mask, first)

    def _member(
        self, branch: str, replicate: int, level: int, start: Mapping[str, Tensor], mask: Mask, first: int
    ) -> Member:
        seed = self._recipe.seed
        return Member(
            branch=branch,
            replicate=replicate,
            start=start,
            mask=mask,
            # Ticket and controls of one replicate see the same batches: their differences are paired.
            order_seed=derive_seed(seed, "order", replicate, level),
            noise_seed=derive_seed(seed, "noise", branch, replicate, level),
            first_step=first,
        )

    def _drawn(self, *stream: str | int) -> dict[str, Tensor]:
        return tensors_of(self._model.build(derive_seed(self._recipe.seed, "init", *stream)))
