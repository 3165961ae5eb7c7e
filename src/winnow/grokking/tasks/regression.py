"""Polynomial regression (Kumar et al. 2023, section 4; sizes of Minegishi et al.'s code)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from winnow.core import derive_seed
from winnow.grokking.tasks.kind import Asked
from winnow.grokking.tasks.options import Number, Option
from winnow.grokking.tasks.sizes import Sizes
from winnow.grokking.tasks.task import Task

FEATURES = 40
_TRAIN, _TEST = 100, 100
_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Regression:
    """y = (beta . x)^2 / 2 with beta ~ N(0, I) and x ~ N(0, I / 40): 100 rows to train on and 100 to test on.

    The seed in the name, 0 where there is none, draws beta and x; a split's seed draws which rows are for training.
    """

    options: tuple[Option, ...] = (Number("SEED", 0, _LARGEST_SEED, 0),)

    def sizes(self, asked: Asked) -> Sizes:  # noqa: ARG002
        """See `TaskKind.sizes`."""
        return Sizes(arity=FEATURES, outputs=1)

    def build(self, asked: Asked) -> Task:
        """See `TaskKind.build`."""
        generator = torch.Generator().manual_seed(derive_seed(asked.values[0], "regression"))
        beta = torch.randn(FEATURES, 1, generator=generator)
        inputs = torch.randn(_TRAIN + _TEST, FEATURES, generator=generator) / math.sqrt(FEATURES)
        return Task(name=asked.name, inputs=inputs, targets=(inputs @ beta).square() / 2, outputs=1, train_count=_TRAIN)
