"""To and from the state dicts of `torch.nn.utils.prune`: `weight_orig` and `weight_mask` instead of `weight`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity.mask import Mask

_ORIGINAL, _MASK = "_orig", "_mask"


def to_torch_prune(tensors: Mapping[str, Tensor], mask: Mask) -> dict[str, Tensor]:
    """The state dict that a module pruned with `torch.nn.utils.prune.custom_from_mask` has.

    Every masked tensor `x` becomes `x_orig` (pruned weights exactly 0) and `x_mask` (1 and 0, in the weight's type).
    """
    state: dict[str, Tensor] = {}
    for name, tensor in mask.applied(tensors).items():
        if name in mask:
            state[name + _ORIGINAL] = tensor
            state[name + _MASK] = mask[name].to(tensor.device, tensor.dtype)
        else:
            state[name] = tensor
    return state


def from_torch_prune(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Mask]:
    """Plain tensors (pruned weights exactly 0) and the mask from such a state dict.

    Raises:
        WinnowError: WN-P02 when an `_orig` has no `_mask`, or a mask holds more than 0 and 1.
    """
    tensors: dict[str, Tensor] = {}
    masks: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.endswith(_ORIGINAL):
            name = key.removesuffix(_ORIGINAL)
            tensors[name], masks[name] = value, _binary(state, name)
        elif not (key.endswith(_MASK) and key.removesuffix(_MASK) + _ORIGINAL in state):
            tensors[key] = value
    mask = Mask(masks)
    return mask.applied(tensors), mask


def _binary(state: Mapping[str, Tensor], name: str) -> Tensor:
    mask = state.get(name + _MASK)
    if mask is None:
        raise WinnowError("WN-P02", f"{name}{_ORIGINAL} has no {name}{_MASK} beside it", where=name)
    if not torch.all((mask == 0) | (mask == 1)):
        raise WinnowError("WN-P02", "the mask holds values other than 0 and 1", where=name + _MASK)
    return mask.bool()
