"""Small spaces, gradients and one way to move them, for the tests of accelerators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from winnow.grokking.accelerators.egalitarian import ColumnEgalitarian, Egalitarian
from winnow.grokking.accelerators.grokfast import ExponentialAverage, MovingAverage
from winnow.grokking.accelerators.muon import Muon
from winnow.grokking.accelerators.orthogonal import Orthogonal
from winnow.grokking.stacks.hooks import GradientHook, HookMaker
from winnow.grokking.stacks.rules import Rates, UpdateRule
from winnow.grokking.stacks.space import Space

SHAPES = {"embed": (7, 10), "project_in": (10, 4), "bias": (4,), "project_out": (4, 10), "unembed": (10, 7)}
# One tensors-by-name a run, one such list a step.
Run = dict[str, Tensor]
HOOKS: dict[str, HookMaker] = {
    "ma": MovingAverage(window=3, amplification=5.0),
    "ema": ExponentialAverage(),
    "orthogonal": Orthogonal(),
    "egd": Egalitarian(penalty=0.0),
    "egd-inside": Egalitarian(inside=True, penalty=0.0),
    "egd-column": ColumnEgalitarian(penalty=0.0),
}
RULES = {"muon": Muon()}
MAKERS = [*HOOKS, *RULES]
LEARNING, DECAY = (0.02, 0.05, 0.01), (1.0, 0.0, 0.3)


def drawn(runs: int, seed: int, shapes: dict[str, tuple[int, ...]] = SHAPES) -> list[Run]:
    """Random tensors of so many runs."""
    generator = torch.Generator().manual_seed(seed)
    return [{name: torch.randn(shape, generator=generator) for name, shape in shapes.items()} for _ in range(runs)]


def space_of(starts: Sequence[Run]) -> Space:
    return Space(starts, torch.device("cpu"))


def write(space: Space, gradients: Sequence[Run]) -> None:
    """Set every run's gradients."""
    for row, run in enumerate(gradients):
        for name, tensor in run.items():
            space.gradients[name][row] = tensor


def read(views: Mapping[str, Tensor], row: int) -> Run:
    return {name: view[row].clone() for name, view in views.items()}


def changed(hook: GradientHook, space: Space, gradients: Sequence[Run]) -> list[Run]:
    """Every run's gradients after the hook."""
    write(space, gradients)
    hook.change(space)
    return [read(space.gradients, row) for row in range(len(space))]


class Moved:
    """A space and what moves it: a hook before plain descent, or an update rule; runs may leave."""

    def __init__(self, name: str, starts: Sequence[Run], rows: Sequence[int]) -> None:
        self.space = space_of([starts[row] for row in rows])
        learning, decay = (torch.tensor([values[row] for row in rows]).double() for values in (LEARNING, DECAY))
        rates = Rates(learning, decay)
        self.hook = HOOKS[name](self.space) if name in HOOKS else None
        self.rule = None if self.hook else RULES[name](self.space, rates)

    @property
    def part(self) -> GradientHook | UpdateRule:
        """What has a state."""
        part = self.hook or self.rule
        assert part is not None
        return part

    def step(self, gradients: Sequence[Run]) -> None:
        write(self.space, gradients)
        if self.hook:
            self.hook.change(self.space)
            self.space.flat.sub_(self.space.flat_gradients, alpha=0.05)
        if self.rule:
            self.rule.step()

    def keep(self, rows: Sequence[int]) -> None:
        self.part.keep(torch.tensor(rows))
        self.space.keep(torch.tensor(rows))
