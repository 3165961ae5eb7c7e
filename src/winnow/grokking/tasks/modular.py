"""Arithmetic modulo P over pairs (Minegishi et al. 2023, section 3 and Figure 2c; Power et al. 2022, appendix A.1)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.tasks.kind import Asked
from winnow.grokking.tasks.options import Number, Option, Word
from winnow.grokking.tasks.sizes import Sizes
from winnow.grokking.tasks.task import Task

Operation = Callable[[Tensor, Tensor, int], Tensor]

# Which pairs (a, b) a table holds. The authors' code takes i <= j for all operations but subtraction.
PAIRS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "half": lambda a, b: a <= b,
    "all": lambda a, b: a >= 0,  # noqa: ARG005
    "nonzero": lambda a, b: b > 0,  # noqa: ARG005
}
_LARGEST = 1000  # a full table of a million pairs
_TERM = re.compile(r"(?:x(\d?))?(?:y(\d?))?")


@dataclass(frozen=True)
class Modular:
    """The pairs of a modulus and what an operation makes of them.

    The name says which pairs: "half" for a <= b, 2278 at P = 67 (the paper's text counts 2211, its code makes 2278),
    "all" for the full table, "nonzero" for all with b != 0, the table of Grokfast (Lee et al. 2024).

    Attributes:
        operation: of a, b and the modulus; int64 tensors.
        pairs: where the name says nothing.
        tables: names of `PAIRS` that the operation is defined on.
        of_primes: whether the modulus must be prime.
    """

    operation: Operation
    pairs: str = "all"
    tables: tuple[str, ...] = tuple(PAIRS)
    of_primes: bool = False

    @property
    def options(self) -> tuple[Option, ...]:
        """Modulus and pairs."""
        return Number("P", 2, _LARGEST), Word(self.tables, self.pairs)

    def sizes(self, asked: Asked) -> Sizes:
        """See `TaskKind.sizes`."""
        return Sizes(arity=2, outputs=asked.values[0], tokens=asked.values[0])

    def build(self, asked: Asked) -> Task:
        """See `TaskKind.build`; WN-C01 where the modulus has to be prime and is not."""
        modulus, pairs = asked.values
        if self.of_primes and not _is_prime(modulus):
            what, advice = f"{modulus} is not prime, so not every number has an inverse", "Take a prime, such as 97."
            raise WinnowError("WN-C01", what, where=asked.name, fix=advice)
        numbers = torch.arange(modulus)
        table = torch.cartesian_prod(numbers, numbers)
        table = table[PAIRS[pairs](table[:, 0], table[:, 1])]
        results = self.operation(table[:, 0], table[:, 1], modulus) % modulus
        return Task(name=asked.name, inputs=table, targets=results, outputs=modulus, tokens=modulus)


def quotient(a: Tensor, b: Tensor, modulus: int) -> Tensor:
    """a times the inverse of b; true division, unlike the `x // (y + 1)` of the authors' code."""
    inverses = torch.tensor([0] + [pow(number, -1, modulus) for number in range(1, modulus)])
    return a * inverses[b]


def polynomial(text: str) -> Operation:
    """The polynomial in x = a and y = b that is written so, such as "x3+xy2+y"."""
    powers = [_powers(term) for term in text.split("+")]

    def value(a: Tensor, b: Tensor, modulus: int) -> Tensor:
        return torch.stack([a**x % modulus * (b**y % modulus) for x, y in powers]).sum(0)

    return value


def _powers(term: str) -> tuple[int, int]:
    match = _TERM.fullmatch(term)
    if not term or match is None:
        raise ValueError(f"no term of a polynomial: {term!r}")
    x, y = (0 if power is None else int(power or 1) for power in match.groups())
    return x, y


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


POLYNOMIALS = ("x2+y2", "x2+xy+y2", "x2+xy+y2+x", "x3+xy", "x3+xy2+y")

MODULAR: dict[str, Modular] = {
    "add": Modular(lambda a, b, _: a + b, "half"),
    "subtract": Modular(lambda a, b, _: a - b),
    "multiply": Modular(lambda a, b, _: a * b),
    "divide": Modular(quotient, "nonzero", ("nonzero",), of_primes=True),
    **{text: Modular(polynomial(text)) for text in POLYNOMIALS},
}
