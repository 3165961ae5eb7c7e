"""The controlled dense network: as small as a ticket, and without its structure."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Mask


def norm_matched_start(start: Mapping[str, Tensor], mask: Mask, p: int) -> tuple[dict[str, Tensor], float]:
    """The dense start, its matrices multiplied so that their norm is the ticket's (Minegishi et al. 2023, section 4.2).

    r_p = ||start * mask||_p / ||start||_p with both norms over all masked matrices together, in float64; the authors'
    code has means of per-matrix norms there. Tensors without a mask (biases, scales of norms) are passed on as they
    are, as the norms do not count them.

    Args:
        start: one network's tensors by name.
        mask: the ticket's.
        p: 1 or 2.

    Returns:
        The tensors in the start's precision, and r_p: at a density of 0.4 near 0.40 (p = 1) and 0.63 (p = 2) for a
        random mask, more for a ticket, which keeps weights that were large from the start.

    Raises:
        WinnowError: WN-R02 for another p, WN-P02 when the mask does not fit.
    """
    if p not in (1, 2):
        raise WinnowError("WN-R02", "the norm to match is the first or the second", where=f"p = {p}")
    masked = mask.applied(start)
    ratio = _norm([masked[name] for name in mask], p) / _norm([start[name] for name in mask], p)
    return {name: tensor * ratio if name in mask else tensor for name, tensor in start.items()}, ratio


def _norm(tensors: list[Tensor], p: int) -> float:
    return float(torch.linalg.vector_norm(torch.cat([t.double().flatten() for t in tensors]), p))
