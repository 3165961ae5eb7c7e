"""Attention over rows that many examples share; only queries that the answer needs are asked."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def heads_apart(rows: Tensor, heads: int) -> Tensor:
    """[..., heads, d_head] of [..., heads * d_head]."""
    return rows.unflatten(-1, (heads, -1))


def score_table(queries: Tensor, keys: Tensor, heads: int) -> Tensor:
    """Every query's score of every key.

    Args:
        queries: [S, Q, heads * d_head].
        keys: [S, R, heads * d_head].
        heads: number of heads.

    Returns:
        [S * Q * R, heads], over sqrt(d_head).
    """
    q, k = (heads_apart(part, heads).transpose(1, 2) for part in (queries, keys))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    return scores.permute(0, 2, 3, 1).reshape(-1, heads)


def rows_by_head(rows: Tensor, heads: int) -> Tensor:
    """Rows [m, places] of a table, as rows [m * heads, places] of the table with its heads apart."""
    return (rows.unsqueeze(1) * heads + torch.arange(heads, device=rows.device).view(1, -1, 1)).flatten(0, 1)


def mixed(table: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums of rows of a table [rows, width]: [m, width] from int64 [m, places] and weights [m, places]."""
    return F.embedding_bag(rows, table, per_sample_weights=weights, mode="sum")


def attended(values: Tensor, rows: Tensor, scores: Tensor) -> Tensor:
    """The values under the softmax of the scores.

    Args:
        values: [S, R, heads * d_head].
        rows: int64 [m * heads, places], of the values with their heads apart; see `rows_by_head`.
        scores: [m, places, heads]; -inf where a place is not seen.

    Returns:
        [S, m / S, heads * d_head].
    """
    heads = scores.shape[-1]
    weights = scores.softmax(1).transpose(1, 2).flatten(0, 1)
    return mixed(heads_apart(values, heads).flatten(0, 2), rows, weights).view(len(values), -1, values.shape[-1])
