"""The two-layer Transformer of Power et al. (2022), as Grokfast's code has it (Lee et al. 2024, arXiv 2405.20233)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.networks.attention import attended, heads_apart, score_table
from winnow.grokking.networks.blocks import (
    block_bounds,
    block_of,
    block_shapes,
    finished,
    linear,
    norm,
    plain_block,
    plain_norm,
)
from winnow.grokking.networks.network import Weights, matrices
from winnow.grokking.networks.pair_rows import PairRows
from winnow.grokking.networks.prompts import Prompt

_BLOCKS = (0, 1)


@dataclass(frozen=True, kw_only=True)
class TwoLayer:
    """Two blocks of causal attention and an MLP, and a last LayerNorm; the answer is read behind "=".

    At 97 tokens it has 422,400 parameters. That code has 422,784, with a fifth place that no prompt reaches and two
    classes (op and =) that are never right.

    Folded: the first layer's queries, keys and values are taken on rows, a token at a place. Attention is causal, so
    behind the first layer places 0 and 1 know only a and are one state for each a. The second layer asks the last
    place only. Of eight states a prompt, three go through an MLP.

    Attributes:
        tokens: size of the task's vocabulary.
        outputs: classes.
        width: of the residual stream.
        heads: of the attention.
    """

    tokens: int
    outputs: int
    width: int = 128
    heads: int = 4
    name: str = "transformer-grokfast"

    @property
    def prompt(self) -> Prompt:
        """(a, op, b, =)."""
        return Prompt(self.tokens, (None, self.tokens + 1, None, self.tokens), positions=True)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See `Network.shapes`."""
        block = block_shapes(self.width)
        return {
            "embed": (self.prompt.vocabulary, self.width),
            "position": (len(self.prompt.pattern), self.width),
            **{f"block{number}_{name}": shape for number in _BLOCKS for name, shape in block.items()},
            "final_scale": (self.width,),
            "final_shift": (self.width,),
            "unembed": (self.width, self.outputs),
        }

    @property
    def prunable(self) -> tuple[str, ...]:
        """All matrices."""
        return matrices(self.shapes)

    def start(self, generator: torch.Generator, scale: float = 1.0) -> dict[str, Tensor]:
        """See `Network.start`: the starts of torch's modules, embeddings from N(0, 1)."""
        block = block_bounds(self.width)
        bounds = {f"block{number}_{name}": bound for number in _BLOCKS for name, bound in block.items()}
        bounds["unembed"] = 1 / math.sqrt(self.width)
        tensors = {}
        for name, shape in self.shapes.items():
            if name in ("embed", "position"):
                tensors[name] = torch.randn(shape, generator=generator)
            else:
                middle = 1.0 if name.endswith("_scale") else 0.0
                spread = 2 * torch.rand(shape, generator=generator) - 1
                tensors[name] = middle + bounds.get(name, 0.0) * spread
        return {name: tensor * scale if tensor.dim() > 1 else tensor for name, tensor in tensors.items()}

    def prepare(self, inputs: Tensor) -> PairRows:
        """See `Network.prepare`."""
        return PairRows.of(self.prompt, self.heads, inputs)

    def outputs_of(self, weights: Weights, prepared: PairRows) -> Tensor:
        """See `Network.outputs_of`."""
        rows = self.prompt.rows(weights["embed"], weights["position"])
        states = self._first(block_of(weights, 0), rows, prepared)
        last = self._second(block_of(weights, 1), states, prepared)
        return torch.bmm(norm(weights, "final", last), weights["unembed"])

    def _first(self, block: Weights, rows: Tensor, prepared: PairRows) -> Tensor:
        """The states [S, M, width] behind the first layer."""
        rows = norm(block, "attention", rows)
        query, key, value = (linear(block, name, rows) for name in ("query", "key", "value"))
        scores = score_table(query, key, self.heads).index_select(0, prepared.scores.flatten())
        scores = scores.view(*prepared.scores.shape, self.heads).masked_fill(prepared.unseen, -torch.inf)
        stream = rows.flatten(0, 1).index_select(0, prepared.queries).view(len(rows), -1, self.width)
        return finished(block, stream, attended(value, prepared.values, scores))

    def _second(self, block: Weights, states: Tensor, prepared: PairRows) -> Tensor:
        """The last place's stream [S, n, width] behind the second layer."""
        states = norm(block, "attention", states)
        last = states[:, -prepared.count :]
        query = linear(block, "query", last).flatten(0, 1).unsqueeze(1)
        key, value = (linear(block, name, states) for name in ("key", "value"))
        key = key.flatten(0, 1).index_select(0, prepared.states.flatten()).view(*prepared.states.shape, self.width)
        product = heads_apart(query * key, self.heads)
        scores = product.sum(-1) / math.sqrt(product.shape[-1])
        return finished(block, last, attended(value, prepared.states_by_head, scores))

    def plain(self, weights: Weights, inputs: Tensor) -> Tensor:
        """See `Network.plain`."""
        return plain_norm(weights, "final", self.states(weights, inputs)[-1][:, -1]) @ weights["unembed"]

    def states(self, weights: Weights, inputs: Tensor) -> list[Tensor]:
        """The residual stream [n, 4, width] of one network behind each layer, from inputs [n, 2]."""
        states = [self.prompt.stream(weights["embed"], weights["position"], inputs)]
        for number in _BLOCKS:
            states.append(plain_block(block_of(weights, number), states[-1], self.heads))
        return states[1:]
