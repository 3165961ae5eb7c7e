"""Structures: what is pruned as one: a weight, as many of each unit, an output channel, or M - N of every M weights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from winnow.core import WinnowError


class Structure(Protocol):
    """How one pool is pruned. `density` is what the structure itself fixes, if it does."""

    density: float | None

    def prune_pool(self, scores: Sequence[Tensor], alive: Sequence[Tensor], keep: int) -> list[Tensor]:
        """The new masks of a pool's tensors.

        Args:
            scores: a float tensor per weight tensor, higher is better, same shapes.
            alive: the masks so far; a pruned weight never comes back.
            keep: how many weights of the pool remain.
        """
        ...


class SingleWeights:
    """Unstructured: exactly `keep` weights remain. Of equal scores, the earlier tensor and position goes first."""

    density: float | None = None

    def prune_pool(self, scores: Sequence[Tensor], alive: Sequence[Tensor], keep: int) -> list[Tensor]:
        """See `Structure.prune_pool`."""
        flat_alive = torch.cat([a.flatten() for a in alive])
        positions = flat_alive.nonzero().squeeze(1)
        flat_scores = torch.cat([s.flatten() for s in scores])[positions]
        flat_alive[positions[_lowest(flat_scores, len(positions) - keep)]] = False
        parts = flat_alive.split([a.numel() for a in alive])
        return [part.view(a.shape) for part, a in zip(parts, alive, strict=True)]


class Rows:
    """Single weights, as many in every output unit of a tensor (Wanda's comparison group, Sun et al. 2023, section 3).

    Counts are exact; where they do not divide, the first units keep one weight more. Tensors of one pool share its
    count in proportion to what they have left.
    """

    density: float | None = None

    def prune_pool(self, scores: Sequence[Tensor], alive: Sequence[Tensor], keep: int) -> list[Tensor]:
        """See `Structure.prune_pool`."""
        living = [int(a.sum()) for a in alive]
        counts = [keep * count // max(sum(living), 1) for count in living]
        for place in range(keep - sum(counts)):
            counts[place] += 1
        return [self._prune(s, a, count) for s, a, count in zip(scores, alive, counts, strict=True)]

    def _prune(self, scores: Tensor, alive: Tensor, keep: int) -> Tensor:
        rows, living = _rows(scores), _rows(alive)
        each, more = divmod(keep, len(rows))
        kept = torch.full((len(rows), 1), each)
        kept[:more] += 1
        order = _dead_first(rows, living)
        ranks = torch.empty_like(order).scatter_(1, order, torch.arange(rows.shape[1]).expand_as(order))
        return ((ranks >= rows.shape[1] - kept) & living).view(alive.shape)


class Channels:
    """Whole output channels (rows of dimension 0), ranked by the mean score of their living weights.

    Channels go while the pool keeps at least `keep` weights, so that the count is met to within one channel; the last
    channel of a tensor always stays.
    """

    density: float | None = None

    def prune_pool(self, scores: Sequence[Tensor], alive: Sequence[Tensor], keep: int) -> list[Tensor]:
        """See `Structure.prune_pool`."""
        sizes = [_rows(a).sum(1) for a in alive]
        surplus = int(sum(int(s.sum()) for s in sizes)) - keep
        masks = [a.clone() for a in alive]
        for tensor, row in _worst_channels_first(scores, alive, sizes):
            size = int(sizes[tensor][row])
            if size > surplus:
                break
            if int(masks[tensor].flatten(1).any(1).sum()) > 1:
                masks[tensor][row] = False
                surplus -= size
        return masks


class NofM:
    """At most N of every M neighbouring inputs of a unit remain (2:4 is what tensor cores run)."""

    def __init__(self, n: int, m: int) -> None:
        self.n, self.m = n, m
        self.density: float | None = n / m

    def prune_pool(self, scores: Sequence[Tensor], alive: Sequence[Tensor], keep: int) -> list[Tensor]:
        """See `Structure.prune_pool`; a pool that keeps all is left alone, else the pattern decides how many."""
        if keep >= sum(int(a.sum()) for a in alive):
            return list(alive)
        return [self._prune(s, a) for s, a in zip(scores, alive, strict=True)]

    def _prune(self, scores: Tensor, alive: Tensor) -> Tensor:
        rows = _rows(scores)
        if rows.shape[1] % self.m:
            raise WinnowError(
                "WN-P03",
                f"{rows.shape[1]} inputs of a unit do not divide into groups of {self.m}",
                fix="Leave this layer out with --prunable, or prune single weights.",
            )
        groups, living = rows.reshape(-1, self.m), alive.reshape(-1, self.m)
        order = _dead_first(groups, living)
        kept = torch.ones_like(living).scatter_(1, order[:, : self.m - self.n], False)
        return kept.view(alive.shape) & alive


def structure_named(name: str) -> Structure:
    """ "weight", "row", "channel" or "N:M".

    Raises:
        WinnowError: WN-R02 for anything else.
    """
    if name == "weight":
        return SingleWeights()
    if name == "row":
        return Rows()
    if name == "channel":
        return Channels()
    pattern = re.fullmatch(r"(\d+):(\d+)", name)
    if pattern and 0 < int(pattern[1]) < int(pattern[2]):
        return NofM(int(pattern[1]), int(pattern[2]))
    raise WinnowError("WN-R02", f"no structure {name!r}", fix='One of: weight, row, channel, or N:M such as "2:4".')


def _rows(tensor: Tensor) -> Tensor:
    if tensor.dim() < 2:
        raise WinnowError(
            "WN-P03", "a tensor of one dimension has no channels", fix="Leave it out with --prunable, or prune weights."
        )
    return tensor.flatten(1)


def _dead_first(rows: Tensor, living: Tensor) -> Tensor:
    """Per row, positions in the order in which they go: dead ones, then the lowest, of equal scores the earlier."""
    # Both sorts ascend and are stable.
    order = rows.masked_fill(~living, 0).sort(dim=1, stable=True).indices
    return order.gather(1, living.gather(1, order).to(torch.uint8).sort(dim=1, stable=True).indices)


def _lowest(scores: Tensor, count: int) -> Tensor:
    """Positions of the `count` lowest scores; of equal ones the first. Linear time, no sort."""
    if count <= 0:
        return torch.empty(0, dtype=torch.long)
    threshold = scores.kthvalue(count).values
    below = (scores < threshold).nonzero().squeeze(1)
    ties = (scores == threshold).nonzero().squeeze(1)
    return torch.cat([below, ties[: count - len(below)]])


def _worst_channels_first(
    scores: Sequence[Tensor], alive: Sequence[Tensor], sizes: Sequence[Tensor]
) -> list[tuple[int, int]]:
    ranked = []
    for tensor, (score, mask, size) in enumerate(zip(scores, alive, sizes, strict=True)):
        means = torch.where(mask, score, 0).flatten(1).sum(1) / size.clamp(min=1)
        if torch.isnan(means).any():
            raise WinnowError("WN-P03", "a channel's scores hold both infinities, so it has no mean")
        ranked += [(float(means[row]), tensor, row) for row in range(len(means)) if size[row] > 0]
    return [(tensor, row) for _, tensor, row in sorted(ranked)]
