"""The dense small network that a ticket is held against: as many weights, none of them masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from winnow.sparsity.scopes import round_half_up
from winnow.supernet.space import Architecture, Space, Stage, costs_of, dense_architecture

_SHARES = 256


def dense_small(ticket: Architecture, weights: int) -> Architecture:
    """The dense supernet of uniformly scaled widths whose count of weights is nearest to a ticket's.

    First all channels are scaled by c / C, where C is the width of the last stage's first branch and c = 1, 2, ..., C
    (rounded half up, at least 1), so that branches keep their ratios: the smallest c is taken whose whole supernet has
    as many weights as the ticket or more. Then the search units of every path are scaled by one share, the
    one of 1/256, 2/256, ..., 1 whose count is nearest (rounded half up, at least 1; of equal ones the smaller).
    Token paths are never masked, so the small network has as many tokens in each block as the ticket.

    Args:
        ticket: what search left.
        weights: of the ticket that remain, classifier and token paths included; biases and norms are not counted.
    """
    whole = next((one for one in _scaled(ticket) if costs_of(one).parameters >= weights), None)
    if whole is None:
        whole = list(_scaled(ticket))[-1]
    candidates = [_with_share(whole, share) for share in range(1, _SHARES + 1)]
    return min(candidates, key=lambda one: abs(costs_of(one).parameters - weights))


def _scaled(ticket: Architecture) -> Iterator[Architecture]:
    """The whole supernet at every scale of its channels, the narrowest first."""
    widest = ticket.space.stages[-1].channels[0]
    for width in range(1, widest + 1):
        space = _scaled_space(ticket.space, width, widest)
        dense = dense_architecture(space, ticket.task, ticket.outputs, ticket.input_size)
        yield dense.with_widths(dense.widths, ticket.tokens)


def _scaled_space(space: Space, width: int, widest: int) -> Space:
    def scaled(channels: int) -> int:
        return max(1, round_half_up(channels * width / widest))

    def each(channels: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(map(scaled, channels))

    return replace(
        space,
        name=space.name if width == widest else f"{space.name}-{width}of{widest}",
        stem=each(space.stem),
        stages=tuple(Stage(stage.blocks, each(stage.channels)) for stage in space.stages),
        head_channels=each(space.head_channels),
        class_features=scaled(space.class_features),
        dense_channels=scaled(space.dense_channels),
    )


def _with_share(whole: Architecture, share: int) -> Architecture:
    widths = [tuple(max(1, round_half_up(n * share / _SHARES)) for n in row) for row in whole.widths]
    return whole.with_widths(widths)
