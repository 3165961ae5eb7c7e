"""Prompts: the tokens of an example between tokens that never change, such as (a, b, "=")."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from winnow.grokking.networks.textbook import looked_up


@dataclass(frozen=True)
class Prompt:
    """What stands at which place, and the rows that it takes to embed every prompt there is.

    A row is a token at a place; where places have no embeddings, a row is a token. There are far fewer rows than
    examples, so all that a row decides by itself is computed on rows and gathered.

    Attributes:
        tokens: of the task.
        pattern: a fixed token per place, numbered from `tokens` on, or None for the next token of the example.
        positions: whether places have embeddings.
    """

    tokens: int
    pattern: tuple[int | None, ...]
    positions: bool

    @property
    def vocabulary(self) -> int:
        """The task's tokens and the fixed ones."""
        return self.tokens + sum(token is not None for token in self.pattern)

    @property
    def row_count(self) -> int:
        """How many rows there are (R)."""
        return sum(self._sizes) if self.positions else self.vocabulary

    @property
    def last(self) -> slice:
        """The rows that can stand at the last place."""
        if self.positions:
            return slice(self.row_count - self._sizes[-1], None)
        token = self.pattern[-1]
        return slice(0, self.tokens) if token is None else slice(token, token + 1)

    @property
    def last_count(self) -> int:
        """How many of them there are (Q)."""
        return self._sizes[-1]

    def rows(self, embed: Tensor, position: Tensor | None) -> Tensor:
        """The embeddings of all rows.

        Args:
            embed: [S, vocabulary, width].
            position: [S, places, width]; None without positions.

        Returns:
            [S, R, width], place after place.
        """
        if position is None:
            return embed
        starts = [0 if token is None else token for token in self.pattern]
        tokens = [embed[:, start : start + size] for start, size in zip(starts, self._sizes, strict=True)]
        return torch.cat([part + position[:, place, None] for place, part in enumerate(tokens)], 1)

    def places(self, inputs: Tensor) -> Tensor:
        """The row at every place, int64 [..., places], of tokens [..., arity]."""
        own = iter(inputs.unbind(-1))
        offsets = self._offsets
        rows = [
            torch.full_like(inputs[..., 0], offset) if token is not None else next(own) + offset
            for token, offset in zip(self.pattern, offsets, strict=True)
        ]
        return torch.stack(rows, -1)

    def stream(self, embed: Tensor, position: Tensor | None, inputs: Tensor) -> Tensor:
        """The embedded prompts [n, places, width] of one network; inputs as `looked_up` takes them, [n, arity, ...]."""
        own = iter(looked_up(embed[: self.tokens], inputs).unbind(1))
        stream = [next(own) if token is None else embed[token].expand(len(inputs), -1) for token in self.pattern]
        return torch.stack(stream, 1) + (0 if position is None else position)

    @property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(self.tokens if token is None else 1 for token in self.pattern)

    @property
    def _offsets(self) -> tuple[int, ...]:
        """Row of the first token that can stand at each place."""
        if self.positions:
            return tuple(accumulate(self._sizes[:-1], initial=0))
        return tuple(0 if token is None else token for token in self.pattern)
