"""Which tensors a measure over matrices looks at."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.sparsity import Mask

ALL = "all"  # the key of a measure over every matrix together, beside the matrices' own names


def remaining(weights: Mapping[str, Tensor], mask: Mask | None = None) -> dict[str, Tensor]:
    """The matrices a mask covers, float64 and with pruned weights exactly 0; without a mask every tensor as it is.

    The authors' masks multiply weights in the forward pass only, so pruned entries of their files still hold values:
    what is not masked here would be counted.

    Raises:
        WinnowError: WN-P02 when a masked weight is missing or has another shape.
    """
    if mask is None:
        return {name: tensor.detach().to(torch.float64) for name, tensor in weights.items()}
    applied = mask.applied({name: tensor.detach() for name, tensor in weights.items()})
    return {name: applied[name].to(torch.float64) for name in mask}
