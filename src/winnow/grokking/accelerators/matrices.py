"""Which tensors of a network are matrices, which of them lie inside, and how their singular values are made equal."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from winnow.grokking.stacks.space import Space

Quintic = tuple[float, float, float]
# Steepest at 0, at the price of ending anywhere in about [0.7, 1.2] (Jordan et al. 2024, the Muon optimizer).
STEEP: Quintic = (3.4445, -4.7750, 2.0315)
# Newton-Schulz of fifth order: what is near 1 is soon 1.
EXACT: Quintic = (15 / 8, -10 / 8, 3 / 8)


def matrices(space: Space) -> list[str]:
    """Names of the tensors of two dimensions or more; of more than two, the last two are the matrix (one per head)."""
    return [name for name, shape in space.shapes.items() if len(shape) > 1]


def hidden_matrices(space: Space) -> list[str]:
    """Those that are no embedding (of tokens or positions), no unembedding, and not the last of all, the output."""
    names = matrices(space)
    return [name for name in names[:-1] if "embed" not in name and "position" not in name]


def slope(steps: Sequence[Quintic]) -> float:
    """What the steps multiply the smallest singular values by."""
    return math.prod(linear for linear, _, _ in steps)


def equalised(gradients: Tensor, norms: Tensor, steps: Sequence[Quintic]) -> Tensor:
    """U p(S / norm) V^T of every matrix U S V^T, p being a composition of odd polynomials a x + b x^3 + c x^5.

    A composition of odd polynomials of X is a polynomial of X X^T times X, so the steps are done on Gram matrices of
    the smaller side; in float64, as the Gram matrix squares the condition number.

    Args:
        gradients: [..., rows, columns].
        norms: [..., 1, 1], at least the largest singular value of each.
        steps: coefficients (a, b, c) of each polynomial, applied in order.
    """
    scaled = gradients.double() / norms
    is_wide = gradients.shape[-2] <= gradients.shape[-1]
    gram = scaled @ scaled.mT if is_wide else scaled.mT @ scaled
    # The same function twice: eigenvalues take a third of the time on a CPU, but an eigensolver waits for a GPU.
    factor = factor_by_products(gram, steps) if gram.is_cuda else factor_by_eigenvalues(gram, steps)
    return (factor @ scaled if is_wide else scaled @ factor).to(gradients.dtype)


def factor_by_products(gram: Tensor, steps: Sequence[Quintic]) -> Tensor:
    """q(A) of Gram matrices A = X X^T [..., k, k] with q(X X^T) X = p(X), by matrix products."""
    unit = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    total = unit
    for linear, cubic, quintic in steps:
        factor = linear * unit + gram @ (cubic * unit + quintic * gram)
        total = total @ factor
        gram = gram @ factor @ factor
    return total


def factor_by_eigenvalues(gram: Tensor, steps: Sequence[Quintic]) -> Tensor:
    """The same from the eigenvalues of A."""
    # A run that has diverged must not stop the others: what is not finite stays so in X.
    squares, vectors = torch.linalg.eigh(gram.nan_to_num(0.0, 0.0, 0.0))
    total = torch.ones_like(squares)
    for linear, cubic, quintic in steps:
        factor = linear + squares * (cubic + quintic * squares)
        total = total * factor
        squares = squares * factor.square()
    return (vectors * total.unsqueeze(-2)) @ vectors.mT


def frobenius(tensors: Tensor) -> Tensor:
    """Norm of every matrix, float64 [..., 1, 1]."""
    return torch.linalg.matrix_norm(tensors, dtype=torch.float64, keepdim=True)
