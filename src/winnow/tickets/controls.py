"""Controls: what is trained beside a ticket to tell what made it win. A control is one small function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from winnow.sparsity import Mask, Pool, prune


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


class Draws(Protocol):
    """Where a control's randomness comes from: streams named after branch, replicate, level and draw."""

    def fresh(self) -> dict[str, Tensor]:
        """A new initialisation."""
        ...

    def initial(self) -> dict[str, Tensor]:
        """The replicate's own initialisation, theta_0."""
        ...

    def seed(self, what: str) -> int:
        """A seed for drawing `what`."""
        ...


Start = tuple[Mapping[str, Tensor], Mask]


@dataclass(frozen=True)
class Control:
    """What is trained beside the ticket.

    Args:
        start: the tensors and the mask that it starts with.
        at_rewind: whether it starts where the ticket does, at the rewind step, else at step 0 with the full budget.
    """

    start: Callable[[Origin, Draws], Start]
    at_rewind: bool


def reinit(origin: Origin, draws: Draws) -> Start:
    """The ticket's mask on a fresh initialisation (Frankle & Carbin 2019, section 2)."""
    return (draws.fresh(), origin.mask)


def random(origin: Origin, draws: Draws) -> Start:
    """As many weights in every layer at random positions, on a fresh initialisation (Appendix E)."""
    return (draws.fresh(), origin.mask.shuffled(draws.seed("mask")))


def shuffled(origin: Origin, draws: Draws) -> Start:
    """The ticket's own start under its mask shuffled within every layer (Frankle et al. 2021, section 5)."""
    return (origin.rewound, origin.mask.shuffled(draws.seed("mask")))


def at_init(origin: Origin, draws: Draws) -> Start:
    """As many weights in every layer, the largest at initialisation instead of after training (Appendix F.4)."""
    initial = draws.initial()
    weights = {name: initial[name] for name in origin.mask}
    pools = [Pool((name,), int(mask.sum())) for name, mask in origin.mask.items()]
    return (initial, prune({n: w.abs() for n, w in weights.items()}, Mask.ones(weights), pools))


def resampled(origin: Origin, draws: Draws) -> Start:
    """The ticket's mask; each living weight drawn anew from its layer's living start weights (Appendix F.3)."""
    generator = torch.Generator().manual_seed(draws.seed("weights"))
    return (_changed(origin, lambda _, living: _drawn_from(living, generator)), origin.mask)


def signs(origin: Origin, draws: Draws) -> Start:
    """The ticket's mask; each weight its start's sign times its layer's deviation (Zhou et al. 2019, section 4)."""
    deviations = _deviations(origin, draws)
    return (_changed(origin, lambda name, living: living.sign() * deviations[name]), origin.mask)


def noise(strength: float) -> Control:
    """The ticket with Gaussian noise of so many deviations of each layer's initialisation on its start (App. F.7)."""

    def start(origin: Origin, draws: Draws) -> Start:
        generator = torch.Generator().manual_seed(draws.seed("weights"))
        deviations = _deviations(origin, draws)

        def noisy(name: str, living: Tensor) -> Tensor:
            return living + strength * deviations[name] * torch.randn(living.shape, generator=generator)

        return (_changed(origin, noisy), origin.mask)

    return Control(start, at_rewind=True)


CONTROLS: dict[str, Control] = {
    "reinit": Control(reinit, at_rewind=False),
    "random": Control(random, at_rewind=False),
    "shuffled": Control(shuffled, at_rewind=True),
    "at-init": Control(at_init, at_rewind=False),
    "resampled": Control(resampled, at_rewind=True),
    "signs": Control(signs, at_rewind=True),
}


def control_named(name: str) -> Control:
    """The control of that name; "noise-0.5" is noise of half a deviation. The recipe has checked that there is one."""
    strength = re.fullmatch(r"noise-(.+)", name)
    return noise(float(strength[1])) if strength else CONTROLS[name]


def _changed(origin: Origin, change: Callable[[str, Tensor], Tensor]) -> dict[str, Tensor]:
    """The ticket's start with the living weights of every masked tensor changed; biases and norms stay."""
    tensors = dict(origin.rewound)
    for name, mask in origin.mask.items():
        tensors[name] = tensors[name].clone()
        tensors[name][mask] = change(name, tensors[name][mask])
    return tensors


def _deviations(origin: Origin, draws: Draws) -> dict[str, Tensor]:
    """Standard deviation of every layer's weights at initialisation, survivors or not."""
    initial = draws.initial()
    return {name: initial[name].std() for name in origin.mask}


def _drawn_from(values: Tensor, generator: torch.Generator) -> Tensor:
    """As many values, drawn with replacement."""
    return values[torch.randint(max(len(values), 1), values.shape, generator=generator)]
