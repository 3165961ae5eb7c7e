"""Composition of permutations (Power et al. 2022, appendix A.1: S5)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch

from winnow.grokking.tasks.kind import Asked
from winnow.grokking.tasks.options import Option
from winnow.grokking.tasks.sizes import Sizes
from winnow.grokking.tasks.task import Task


@dataclass(frozen=True)
class Permutations:
    """All pairs of permutations of `degree` things; the answer applies the second, then the first.

    A permutation's token is its place in lexicographic order, so token 0 changes nothing.
    """

    degree: int
    options: tuple[Option, ...] = ()

    def sizes(self, asked: Asked) -> Sizes:  # noqa: ARG002
        """See `TaskKind.sizes`."""
        order = math.factorial(self.degree)
        return Sizes(arity=2, outputs=order, tokens=order)

    def build(self, asked: Asked) -> Task:
        """See `TaskKind.build`."""
        elements = torch.tensor(list(itertools.permutations(range(self.degree))))
        order = len(elements)
        pairs = torch.cartesian_prod(torch.arange(order), torch.arange(order))
        first, second = elements[pairs].unbind(1)
        # Read as numbers to the base of the degree, permutations are in lexicographic order.
        digits = self.degree ** torch.arange(self.degree - 1, -1, -1)
        composed = (first.gather(1, second) * digits).sum(1)
        targets = torch.searchsorted((elements * digits).sum(1), composed)
        return Task(name=asked.name, inputs=pairs, targets=targets, outputs=order, tokens=order)
