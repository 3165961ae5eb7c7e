"""Origins: where the mask and the start of every level come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor, nn

from winnow.core import derive_seed
from winnow.sparsity import Mask, tensors_of, weights_of
from winnow.storage import RunFolder
from winnow.tickets.controls import Origin
from winnow.tickets.during import early_bird_for
from winnow.tickets.early_bird import EarlyBird, early_bird_weights
from winnow.tickets.levels import LevelFolder
from winnow.tickets.masking import Masker
from winnow.tickets.prepared import Prepared
from winnow.tickets.recipe import AT_START, FROM_DENSE
from winnow.training import Member


class Origins(Protocol):
    """What a search asks before it trains a level."""

    def initial(self, replicate: int) -> dict[str, Tensor]:
        """The start of the dense network, theta_0."""
        ...

    def of(self, level: int, replicate: int) -> Origin:
        """Mask and start of a level from 1 on; the levels before it are done."""
        ...

    def watch(self) -> EarlyBird | None:
        """Who watches the dense network train, to draw early-bird tickets."""
        ...


class PrunedOrigins:
    """Masks by pruning what this run trained (Frankle & Carbin 2019, section 1) or, "at-start", its untrained one."""

    def __init__(self, prepared: Prepared, run_folder: RunFolder, module: nn.Module) -> None:
        self._prepared, self._recipe, self._run_folder = prepared, prepared.recipe, run_folder
        self._masker = Masker(prepared, module)

    def initial(self, replicate: int) -> dict[str, Tensor]:
        """See `Origins.initial`: drawn from the replicate's own stream."""
        return tensors_of(self._prepared.model.build(derive_seed(self._recipe.seed, "init", "start", replicate)))

    def of(self, level: int, replicate: int) -> Origin:
        """See `Origins.of`: pruned from the level that the recipe names, the one before or the dense one."""
        dense = LevelFolder(self._run_folder, 0)
        rewound = dense.ticket(replicate).start
        if self._recipe.rounds == AT_START:
            return self._untrained(level, replicate, rewound)
        folder = dense if self._recipe.rounds == "oneshot" else LevelFolder(self._run_folder, level - 1)
        ticket = folder.ticket(replicate)
        trained = folder.trunk(replicate) or early_bird_weights(folder.path, replicate) or ticket.trained
        if trained is None:
            raise AssertionError("levels are saved with trained weights")
        return Origin(self._masker.pruned(level, replicate, ticket.mask, rewound, trained), rewound, trained)

    def watch(self) -> EarlyBird | None:
        """See `Origins.watch`: it looks at the mask of level 1, if the dense network were pruned now."""

        def drawn_now(member: Member, tensors: Mapping[str, Tensor]) -> Mask:
            return self._masker.pruned(1, member.replicate, member.mask, member.start, tensors)

        return early_bird_for(self._prepared, drawn_now)

    def _untrained(self, level: int, replicate: int, start: Mapping[str, Tensor]) -> Origin:
        """Pruned before training, or left whole for methods that prune while they train."""
        mask = Mask.ones(weights_of(start, self._prepared.layers))
        if self._recipe.during not in FROM_DENSE:
            mask = self._masker.pruned(level, replicate, mask, start, start)
        return Origin(mask, start, None)
