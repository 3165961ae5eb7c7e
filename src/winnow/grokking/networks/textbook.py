"""The parts of one network as a textbook writes them: the oracle that the folded forms are tested against."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def looked_up(table: Tensor, inputs: Tensor) -> Tensor:
    """Rows [..., width] of a table [tokens, width]; inputs are tokens [...], or weights of tokens [..., tokens].

    The second form is for scores that send something else than tokens through a network, such as SynFlow's ones.
    """
    return inputs @ table if inputs.is_floating_point() else table[inputs]


def causal_attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """softmax(q k / sqrt(d_head)) v over the places up to each one's own; [n, places, heads * d_head] all of them."""
    q, k, v = (part.unflatten(-1, (heads, -1)).transpose(-3, -2) for part in (query, key, value))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
    weights = scores.masked_fill(later, -torch.inf).softmax(-1)
    return (weights @ v).transpose(-3, -2).flatten(-2)
