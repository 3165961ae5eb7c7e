"""Where prompts of two layers find the rows that they share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.networks.attention import rows_by_head
from winnow.grokking.networks.prompts import Prompt


@dataclass(frozen=True)
class PairRows:
    """The prompts (a, op, b, =) of S runs, n each.

    Behind the first layer a run has M = 2 tokens + 2 n states: those of places 0 and 1, which know only a, one for each
    a; then those of places 2 and 3, one for each prompt.

    Attributes:
        queries: int64 [S * M], rows of the first layer's stream.
        scores: int64 [S * M, places], rows of the first layer's table of scores.
        values: int64 [S * M * heads, places], rows of the first layer's values.
        unseen: bool [S * M, places, 1], the places behind a state's own.
        states: int64 [S * n, places], the states of a prompt.
        states_by_head: int64 [S * n * heads, places].
        count: n.
    """

    queries: Tensor
    scores: Tensor
    values: Tensor
    unseen: Tensor
    states: Tensor
    states_by_head: Tensor
    count: int

    @classmethod
    def of(cls, prompt: Prompt, heads: int, inputs: Tensor) -> PairRows:
        """The rows of tokens [S, n, 2]."""
        runs, count, device = len(inputs), inputs.shape[1], inputs.device
        first = torch.arange(runs, device=device).view(-1, 1, 1)
        keys, own = _keys(prompt, inputs)
        later = torch.arange(len(prompt.pattern), device=device) > own.unsqueeze(-1)
        queries = keys.gather(-1, own.view(1, -1, 1).expand(runs, -1, 1)) + first * prompt.row_count
        states = _states(prompt.tokens, inputs) + first * (2 * prompt.tokens + 2 * count)
        return cls(
            queries=queries.flatten(),
            scores=(queries * prompt.row_count + keys).flatten(0, 1),
            values=rows_by_head((keys + first * prompt.row_count).flatten(0, 1), heads),
            unseen=later.repeat(runs, 1).unsqueeze(-1),
            states=states.flatten(0, 1),
            states_by_head=rows_by_head(states.flatten(0, 1), heads),
            count=count,
        )


def _keys(prompt: Prompt, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The rows at all places for every state, [S, M, places], and the place of every state, [M]."""
    runs, count, device = len(inputs), inputs.shape[1], inputs.device
    # Any b does for the states that do not see it.
    alone = torch.arange(prompt.tokens, device=device).view(1, -1, 1).expand(runs, -1, 2)
    alone, places = prompt.places(alone), prompt.places(inputs)
    sizes = torch.tensor([prompt.tokens, prompt.tokens, count, count], device=device)
    return torch.cat([alone, alone, places, places], 1), torch.arange(4, device=device).repeat_interleave(sizes)


def _states(tokens: int, inputs: Tensor) -> Tensor:
    """The states at all places of every prompt, [S, n, 4], within a run."""
    count = inputs.shape[1]
    own = 2 * tokens + torch.arange(count, device=inputs.device).expand(len(inputs), -1)
    return torch.stack([inputs[..., 0], inputs[..., 0] + tokens, own, own + count], -1)
