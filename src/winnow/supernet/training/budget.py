"""Down to a budget: the least important units and tokens go until the MACs are few enough."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.supernet.space import Architecture, costs_of
from winnow.supernet.space.costs import token_cost

Alive = dict[str, Tensor]


def within_budget(
    architecture: Architecture, units: Mapping[str, Tensor], tokens: Mapping[str, Tensor], target: int
) -> tuple[Alive, Alive]:
    """Which units and tokens stay when the least important go, one by one, until the MACs are at most `target`.

    The greatest unit of all never goes. Of equal values the earlier block and position goes first, and units before
    tokens.

    Args:
        architecture: what there is.
        units: |gamma| [units] by block.
        tokens: |gamma| [tokens] by block.
        target: MACs.

    Returns:
        Boolean tensors by block, of units and of tokens.
    """
    alive = {block: torch.ones_like(values, dtype=torch.bool) for block, values in units.items()}
    living = {block: torch.ones_like(values, dtype=torch.bool) for block, values in tokens.items()}
    surplus = costs_of(architecture).macs - target
    savings = _unit_savings(architecture)
    path_savings = _token_savings(architecture)
    for block, place, is_token in _least_first(units, tokens):
        if surplus <= 0:
            break
        if is_token:
            living[block][place] = False
            surplus -= path_savings[block].pop()
        else:
            alive[block][place] = False
            surplus -= savings[block][place]
    return alive, living


def _least_first(units: Mapping[str, Tensor], tokens: Mapping[str, Tensor]) -> list[tuple[str, int, bool]]:
    """All but the greatest unit: block, position, and whether it is a token."""
    rows = [(v, block, place) for block, values in units.items() for place, v in enumerate(values.tolist())]
    greatest = max(rows, key=lambda row: row[0], default=None)
    marked = [(v, block, place, False) for v, block, place in rows if (v, block, place) != greatest]
    marked += [(v, block, p, True) for block, values in tokens.items() for p, v in enumerate(values.tolist())]
    return [(block, place, is_token) for _, block, place, is_token in sorted(marked, key=lambda row: row[0])]


def _unit_savings(architecture: Architecture) -> dict[str, list[int]]:
    """MACs of each unit, by block."""
    return {
        cost.place.name: [macs for n, macs in zip(widths, cost.unit_macs, strict=True) for _ in range(n)]
        for cost, widths in zip(costs_of(architecture).blocks, architecture.widths, strict=True)
    }


def _token_savings(architecture: Architecture) -> dict[str, list[int]]:
    """MACs that the next token to go saves, by block; the first to go is the last of the list."""
    side = architecture.space.token_side
    return {
        place.name: [token_cost(place, n, side)[1] - token_cost(place, n - 1, side)[1] for n in range(1, tokens + 1)]
        for place, tokens in zip(architecture.places, architecture.tokens, strict=True)
    }
