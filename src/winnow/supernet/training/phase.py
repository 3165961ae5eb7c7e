"""`Phase`: a stretch of training with one learning-rate schedule, and when its searches and prunings come."""

from __future__ import annotations

from dataclasses import dataclass

from winnow.core import WinnowError
from winnow.supernet.recipe import SupernetRecipe


@dataclass(frozen=True)
class Phase:
    """So many updates, during which units, weights, both or neither are removed.

    With neither it is plain training of the architecture and the mask that are there (the paper's retraining).

    Args:
        name: for the metrics' column "branch".
        steps: updates; the learning rate goes through its whole schedule over them.
        search: penalise importances and remove dead units.
        prune: remove weights until `sparsity`.
        sparsity: share of the weights that survived the search which is pruned at the end of the phase.
    """

    name: str
    steps: int
    search: bool = False
    prune: bool = False
    sparsity: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            WinnowError: WN-R02.
        """
        if self.steps < 1:
            raise WinnowError("WN-R02", f"{self.steps} steps cannot be trained", where=self.name)
        if not 0 <= self.sparsity < 1:
            raise WinnowError("WN-R02", f"a sparsity of {self.sparsity} is not in [0, 1)", where=self.name)


def searches(phase: Phase, recipe: SupernetRecipe) -> bool:
    """Whether units are penalised and removed: a recipe can turn off what a phase would do."""
    return phase.search and recipe.search != "none"


def count_events(every: int, steps: int) -> int:
    """How many events a phase has: one every so many steps, and one at its end."""
    return -(-steps // every)


def event_number(done: int, every: int, steps: int) -> int:
    """The number, from 1, of the event that is due after `done` steps; 0 when none is."""
    return count_events(every, done) if done % every == 0 or done == steps else 0
