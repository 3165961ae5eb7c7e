"""Bits: eight mask entries to a byte."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def pack(mask: Tensor) -> Tensor:
    """Boolean tensor of any shape to uint8 [ceil(n / 8)]: first entry in the highest bit, last byte filled with 0."""
    return torch.from_numpy(np.packbits(mask.flatten().numpy()))


def unpack(packed: Tensor, shape: Sequence[int]) -> Tensor:
    """The inverse of `pack`.

    Raises:
        ValueError: when the bytes do not hold exactly that many entries.
    """
    count = math.prod(shape)
    if packed.dtype != torch.uint8 or packed.numel() != -(-count // 8):
        raise ValueError(f"{packed.numel()} bytes of {packed.dtype} do not hold {count} bits")
    bits = np.unpackbits(packed.numpy(), count=count)
    return torch.from_numpy(bits.astype(bool)).view(*shape) if shape else torch.tensor(bool(bits[0]))
