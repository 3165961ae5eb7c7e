"""A Transformer block with LayerNorm, as Grokfast's code has it (Lee et al. 2024, arXiv 2405.20233).

Attention is torch's `MultiheadAttention`, the MLP is four times as wide with GELU, and the residual stream around
attention starts behind the LayerNorm, not before it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from winnow.grokking.networks.network import Weights
from winnow.grokking.networks.textbook import causal_attention

_ATTENTION = ("query", "key", "value", "output")


def block_shapes(width: int) -> dict[str, tuple[int, ...]]:
    """Every parameter of a block."""
    maps = {**dict.fromkeys(_ATTENTION, (width, width)), "mlp_in": (width, 4 * width), "mlp_out": (4 * width, width)}
    norms = {f"{part}_{what}": (width,) for part in ("attention", "mlp") for what in ("scale", "shift")}
    return {**norms, **maps, **{f"{name}_bias": shape[1:] for name, shape in maps.items()}}


def block_bounds(width: int) -> dict[str, float]:
    """Bounds of the uniform starts of torch's own modules; what is not named starts at 0 (scales at 1).

    Queries, keys and values are drawn as one matrix [3 width, width] by Glorot and Bengio's rule.
    """
    by_inputs = {
        "output": width,
        "mlp_in": width,
        "mlp_in_bias": width,
        "mlp_out": 4 * width,
        "mlp_out_bias": 4 * width,
    }
    glorot = dict.fromkeys(("query", "key", "value"), math.sqrt(6 / (4 * width)))
    return {**glorot, **{name: 1 / math.sqrt(inputs) for name, inputs in by_inputs.items()}}


def block_of(weights: Weights, number: int) -> dict[str, Tensor]:
    """The parameters of one block, without its number in their names."""
    start = f"block{number}_"
    return {name.removeprefix(start): tensor for name, tensor in weights.items() if name.startswith(start)}


def norm(weights: Weights, name: str, rows: Tensor) -> Tensor:
    """LayerNorm of stacked rows [S, n, width]."""
    scale, shift = weights[f"{name}_scale"].unsqueeze(1), weights[f"{name}_shift"].unsqueeze(1)
    return F.layer_norm(rows, rows.shape[-1:]) * scale + shift


def linear(block: Weights, name: str, rows: Tensor) -> Tensor:
    """A linear map with its bias, of stacked rows [S, n, in]."""
    return torch.baddbmm(block[f"{name}_bias"].unsqueeze(1), rows, block[name])


def finished(block: Weights, stream: Tensor, heads: Tensor) -> Tensor:
    """The block behind its attention: stacked rows [S, n, width] from the stream and the heads' values."""
    stream = stream + linear(block, "output", heads)
    return stream + linear(block, "mlp_out", F.gelu(linear(block, "mlp_in", norm(block, "mlp", stream))))


def plain_norm(weights: Weights, name: str, stream: Tensor) -> Tensor:
    """LayerNorm of one network."""
    return F.layer_norm(stream, stream.shape[-1:], weights[f"{name}_scale"], weights[f"{name}_shift"])


def plain_block(block: Weights, stream: Tensor, heads: int) -> Tensor:
    """The whole block of one network at every place, [n, places, width], as a textbook writes it."""
    stream = plain_norm(block, "attention", stream)
    query, key, value = (stream @ block[name] + block[f"{name}_bias"] for name in _ATTENTION[:3])
    stream = stream + causal_attention(query, key, value, heads) @ block["output"] + block["output_bias"]
    inner = F.gelu(plain_norm(block, "mlp", stream) @ block["mlp_in"] + block["mlp_in_bias"])
    return stream + inner @ block["mlp_out"] + block["mlp_out_bias"]
