"""What of a trained ticket goes into its claim, as arrays: masks, weights, and which axes move together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from winnow.core import WinnowError
from winnow.ownership.coupling import coupled_axes
from winnow.ownership.encoders import encoder_axes
from winnow.ownership.sources import Source, module_of
from winnow.signing.alignment.axes import Axes
from winnow.sparsity import Mask, Ticket


def reference_masks(mask: Mask) -> dict[str, NDArray[np.bool_]]:
    """The mask as boolean arrays by layer."""
    return {name: tensor.numpy() for name, tensor in mask.items()}


def reference_weights(tensors: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    """Float tensors in half precision, which is enough to align by; in single where half cannot hold them."""
    floats = {name: t.detach().cpu().float() for name, t in tensors.items() if t.is_floating_point() and t.numel()}
    most = torch.finfo(torch.float16).max
    return {name: (t.half() if float(t.abs().max()) <= most else t).numpy() for name, t in floats.items()}


def axes_of(source: Source, ticket: Ticket) -> Axes:
    """The coupled axes of the ticket's network; those of an encoder by its names; () where neither is known."""
    named = encoder_axes({name: tuple(mask.shape) for name, mask in ticket.mask.items()})
    if named or source.input_shape is None:
        return named
    try:
        return coupled_axes(module_of(ticket), source.input_shape, list(ticket.mask))
    except WinnowError:
        return ()
