"""Who is trained at a level: the ticket, its controls, and the trunk of continued training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from winnow.core import derive_seed
from winnow.models import Model
from winnow.sparsity import Mask, tensors_of
from winnow.tickets.controls import Origin, control_named
from winnow.tickets.recipe import TICKET, TRUNK, FindRecipe
from winnow.training import Member


@dataclass(frozen=True)
class _Draws:
    """The streams of one draw of a control. The first draw's names are those of runs with one draw."""

    cast: Cast
    place: tuple[str | int, ...]
    replicate: int

    def fresh(self) -> dict[str, Tensor]:
        return self.cast.drawn(*self.place)

    def initial(self) -> dict[str, Tensor]:
        return self.cast.initial(self.replicate)

    def seed(self, what: str) -> int:
        return self.cast.seed(what, *self.place)


class Cast:
    """Makes the members of a level; every draw comes from a stream named after replicate, level and branch.

    Args:
        recipe: branches, draws and seed.
        model: draws new networks.
        rewind_step: where the ticket starts.
        initial: the initialisation of a replicate, theta_0.
    """

    def __init__(
        self, recipe: FindRecipe, model: Model, rewind_step: int, initial: Callable[[int], dict[str, Tensor]]
    ) -> None:
        self._recipe, self._model, self._rewind_step, self.initial = recipe, model, rewind_step, initial

    def drawn(self, *stream: str | int) -> dict[str, Tensor]:
        """A network drawn from the stream of that name."""
        return tensors_of(self._model.build(self.seed("init", *stream)))

    def seed(self, *stream: str | int) -> int:
        """The seed of a stream of this recipe."""
        return derive_seed(self._recipe.seed, *stream)

    def dense(self, replicate: int, mask: Mask) -> Member:
        """The network before any pruning, level 0."""
        return self._member(TICKET, replicate, 0, self.initial(replicate), mask, 0)

    def of_level(self, level: int, origins: Sequence[Origin]) -> list[Member]:
        """Ticket, trunk and controls of all replicates at a level from 1 on."""
        trunk = [TRUNK] if self._recipe.rounds == "continued" else []
        own = [self._own(branch, level, origins) for branch in (TICKET, *trunk)]
        controls = [
            self._control(branch, level, draw, replicate, origin)
            for branch in self._recipe.controls
            for draw in range(self._recipe.draws)
            for replicate, origin in enumerate(origins)
        ]
        return [*(member for members in own for member in members), *controls]

    def _own(self, branch: str, level: int, origins: Sequence[Origin]) -> list[Member]:
        keeps = branch == TRUNK or self._recipe.rewinding == "rate"
        starts = [origin.kept if keeps and origin.kept is not None else origin.rewound for origin in origins]
        return [
            self._member(branch, replicate, level, start, origin.mask, self._rewind_step)
            for replicate, (start, origin) in enumerate(zip(starts, origins, strict=True))
        ]

    def _control(self, branch: str, level: int, draw: int, replicate: int, origin: Origin) -> Member:
        place = (branch, replicate, level, *([draw] if draw else []))
        control = control_named(branch)
        tensors, mask = control.start(origin, _Draws(self, place, replicate))
        first = self._rewind_step if control.at_rewind else 0
        return self._member(branch, replicate, level, tensors, mask, first, draw)

    def _member(
        self,
        branch: str,
        replicate: int,
        level: int,
        start: Mapping[str, Tensor],
        mask: Mask,
        first: int,
        draw: int = 0,
    ) -> Member:
        place = (branch, replicate, level, *([draw] if draw else []))
        return Member(
            branch=branch,
            # Further draws of a control are further replicates in the table of metrics.
            replicate=draw * self._recipe.replicates + replicate,
            start=start,
            mask=mask,
            # Ticket and controls of one replicate see the same batches: their differences are paired.
            order_seed=self.seed("order", replicate, level),
            noise_seed=self.seed("noise", *place),
            first_step=first,
        )
