"""Sparse parity (Pearce et al. 2023, "Do machine learning models memorize or generalize?")."""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch

from winnow.core import WinnowError, derive_seed
from winnow.grokking.tasks.kind import Asked
from winnow.grokking.tasks.options import Number, Option
from winnow.grokking.tasks.sizes import Sizes
from winnow.grokking.tasks.task import Task

_TRAIN = 1200
# The paper gives no number. With 2,000 an accuracy of 0.95 has a standard error of half a percent.
_TEST = 2000
_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Parity:
    """Whether the first 3 of 30 bits hold an odd number of ones: 1,200 strings to train on, 2,000 others to test on.

    "parity-40-3-7" has 40 bits, of which 3 count, and strings drawn with seed 7. The strings are distinct.

    An example is float32 [bits + 1]: -1 and +1 for the bits, and a constant 1. The constant stands in for a bias, which
    no network here has; without one the odd part of a hidden layer of ReLU is linear, and the parity of an odd number
    of signs is odd and not linear. The number of test strings and this form are choices of ours.
    """

    options: tuple[Option, ...] = (
        Number("BITS", 12, 60, 30),
        Number("COUNTING", 1, 60, 3),
        Number("SEED", 0, _LARGEST_SEED, 0),
    )

    def sizes(self, asked: Asked) -> Sizes:
        """See `TaskKind.sizes`."""
        return Sizes(arity=asked.values[0] + 1, outputs=2)

    def build(self, asked: Asked) -> Task:
        """See `TaskKind.build`; WN-C01 when more bits count than there are."""
        bits, counting, seed = asked.values
        if counting > bits:
            advice = f"Let at most {bits} bits count."
            raise WinnowError("WN-C01", f"of {bits} bits {counting} cannot count", where=asked.name, fix=advice)
        draws = random.Random(derive_seed(seed, "parity"))
        strings = torch.tensor(draws.sample(range(2**bits), _TRAIN + _TEST))
        ones = strings.unsqueeze(1) >> torch.arange(bits) & 1
        inputs = torch.cat([2.0 * ones - 1, torch.ones(len(ones), 1)], 1)
        targets = ones[:, :counting].sum(1) % 2
        return Task(name=asked.name, inputs=inputs, targets=targets, outputs=2, train_count=_TRAIN)
