"""`Prepared`: a recipe resolved against its data and network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from winnow.core import plain
from winnow.data import DataSet, describe
from winnow.models import Model
from winnow.sparsity import Layer, Pool
from winnow.storage.runs import SHORT_ID
from winnow.tickets.controls import control_named
from winnow.tickets.recipe import FindRecipe
from winnow.training import TrainingPlan


@dataclass(frozen=True)
class Prepared:
    """A recipe resolved against its data and network: all that `--dry-run` tells, and all that can be refused early."""

    recipe: FindRecipe
    data: DataSet
    model: Model
    layers: list[Layer]
    ladder: list[list[Pool]]
    plan: TrainingPlan
    rewind_step: int
    run_id: str

    @property
    def default_folder(self) -> Path:
        """Where the run goes when no folder is given."""
        return Path("runs") / f"{self.recipe.name}-{self.run_id[:SHORT_ID]}"

    def describe(self) -> dict[str, object]:
        """The resolved recipe with counts of parameters and steps, as plain data."""
        module = self.model.build(0)
        total = sum(layer.weights for layer in self.layers)
        kept = [sum(pool.keep for pool in pools) for pools in self.ladder]
        return {
            "id": self.run_id,
            "recipe": plain(self.recipe),
            "data": describe(self.data),
            "parameters": sum(p.numel() for p in module.parameters()),
            "prunable_weights": total,
            "density_percent": [round(100 * count / total, 2) for count in kept],
            "steps_per_level": self.plan.steps,
            "network_steps": self.network_steps,
        }

    @property
    def network_steps(self) -> int:
        """Optimizer steps of all networks together."""
        return sum(self.steps_of(level) for level in range(self.recipe.levels + 1))

    def steps_of(self, level: int) -> int:
        """Optimizer steps of all networks of a level."""
        if level == 0:
            return self.recipe.replicates * self.plan.steps
        rewound = self.plan.steps - self.rewind_step
        own = rewound * (2 if self.recipe.rounds == "continued" else 1)
        each = [rewound if control_named(name).at_rewind else self.plan.steps for name in self.recipe.controls]
        return self.recipe.replicates * (own + self.recipe.draws * sum(each))
