"""One-layer Transformers without LayerNorm: the paper's, its code's, and Nanda et al.'s (2023, arXiv 2301.05217)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.networks.attention import attended, mixed, rows_by_head, score_table
from winnow.grokking.networks.network import Weights, drawn, matrices
from winnow.grokking.networks.prompts import Prompt
from winnow.grokking.networks.textbook import causal_attention


@dataclass(frozen=True)
class PromptRows:
    """Which rows the prompts of S runs are made of, n prompts each.

    Attributes:
        scores: int64 [S * n, places], rows of the table of scores.
        values: of the table of values: int64 [S * n, places + 1] with one head, the last of them the residual stream;
            int64 [S * n * heads, places] with several.
        streams: int64 [S * n], rows of the residual streams.
        count: n.
    """

    scores: Tensor
    values: Tensor
    streams: Tensor
    count: int


@dataclass(frozen=True, kw_only=True)
class OneLayer:
    """Causal attention and an MLP of ReLU on a residual stream; the answer is read at the last place.

    Only the last place's query is asked. Queries, keys and values are linear in a token's embedding, so they are taken
    on the rows of the vocabulary. The neurons' inputs and the logits past them are linear in the values too: with one
    head they are rows of one table, with several W_O W_in and W_O W_unembed are folded. Per example remain a softmax
    over the places, a weighted sum of rows, the ReLU, and its product with W_out W_unembed. Gradients are exact.

    Attributes:
        prompt: what the tokens stand between.
        outputs: classes.
        width: of the residual stream.
        neurons: of the MLP.
        heads: of the attention.
        head_width: of a head's queries, keys and values.
        biases: whether the MLP has biases, which start at 0.
        starts_by_width: whether a matrix is drawn as if it had `width` inputs, the unembedding as many as there are
            tokens (Nanda et al.'s code); otherwise each counts its own.
    """

    prompt: Prompt
    outputs: int
    width: int = 128
    neurons: int = 128
    heads: int = 1
    head_width: int = 128
    biases: bool = False
    starts_by_width: bool = False
    name: str = "transformer"

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See `Network.shapes`."""
        wide = (self.width, self.heads * self.head_width)
        shapes = {
            "embed": (self.prompt.vocabulary, self.width),
            "position": (len(self.prompt.pattern), self.width),
            "query": wide,
            "key": wide,
            "value": wide,
            "output": wide[::-1],
            "mlp_in": (self.width, self.neurons),
            "mlp_in_bias": (self.neurons,),
            "mlp_out": (self.neurons, self.width),
            "mlp_out_bias": (self.width,),
            "unembed": (self.width, self.outputs),
        }
        absent = () if self.prompt.positions else ("position",)
        absent += () if self.biases else ("mlp_in_bias", "mlp_out_bias")
        return {name: shape for name, shape in shapes.items() if name not in absent}

    @property
    def prunable(self) -> tuple[str, ...]:
        """All matrices."""
        return matrices(self.shapes)

    def start(self, generator: torch.Generator, scale: float = 1.0) -> dict[str, Tensor]:
        """See `Network.start`."""
        by_width = {**dict.fromkeys(self.shapes, self.width), "unembed": self.prompt.vocabulary}
        return drawn(self.shapes, generator, scale, by_width if self.starts_by_width else {})

    def prepare(self, inputs: Tensor) -> PromptRows:
        """See `Network.prepare`."""
        runs = torch.arange(len(inputs), device=inputs.device).view(-1, 1)
        rows, last = self.prompt.row_count, self.prompt.last_count
        places = self.prompt.places(inputs)
        asking = places[..., -1] - self.prompt.last.start
        streams = runs * last + asking
        scores = streams.unsqueeze(-1) * rows + places
        if self.heads > 1:
            values = rows_by_head((runs.unsqueeze(-1) * rows + places).flatten(0, 1), self.heads)
        else:
            values = (
                runs.unsqueeze(-1) * (rows + last) + torch.cat([places, rows + asking.unsqueeze(-1)], -1)
            ).flatten(0, 1)
        return PromptRows(scores.flatten(0, 1), values, streams.flatten(), inputs.shape[1])

    def outputs_of(self, weights: Weights, prepared: PromptRows) -> Tensor:
        """See `Network.outputs_of`."""
        rows = self.prompt.rows(weights["embed"], weights.get("position"))
        asking = rows[:, self.prompt.last]
        table = score_table(torch.bmm(asking, weights["query"]), torch.bmm(rows, weights["key"]), self.heads)
        scores = table.index_select(0, prepared.scores.flatten()).view(*prepared.scores.shape, self.heads)
        # What a vector of the residual stream adds to the neurons' inputs, and to the logits past them.
        read = torch.cat([weights["mlp_in"], weights["unembed"]], -1)
        streams = torch.bmm(asking, read) + self._constant(weights)
        mix = self._by_table if self.heads == 1 else self._by_head
        seen = mix(torch.bmm(rows, weights["value"]), weights["output"], read, streams, scores, prepared)
        neurons, direct = seen.split([self.neurons, self.outputs], -1)
        return torch.baddbmm(direct, neurons.relu(), torch.bmm(weights["mlp_out"], weights["unembed"]))

    def _constant(self, weights: Weights) -> Tensor | int:
        """What the biases add: [S, 1, neurons + outputs]."""
        if not self.biases:
            return 0
        past = torch.bmm(weights["mlp_out_bias"].unsqueeze(1), weights["unembed"])
        return torch.cat([weights["mlp_in_bias"].unsqueeze(1), past], -1)

    def _by_table(
        self, values: Tensor, output: Tensor, read: Tensor, streams: Tensor, scores: Tensor, prepared: PromptRows
    ) -> Tensor:
        """One head: everything that a token adds is a row of one table."""
        table = torch.cat([torch.bmm(torch.bmm(values, output), read), streams], 1).flatten(0, 1)
        weights = scores.squeeze(-1).softmax(-1)
        weights = torch.cat([weights, torch.ones_like(weights[:, :1])], -1)
        return mixed(table, prepared.values, weights).view(len(values), prepared.count, -1)

    def _by_head(
        self, values: Tensor, output: Tensor, read: Tensor, streams: Tensor, scores: Tensor, prepared: PromptRows
    ) -> Tensor:
        """Several heads: their values are narrower than what they add, so they are mixed first."""
        if streams.shape[1] > 1:  # otherwise the last token is always the same
            streams = streams.flatten(0, 1).index_select(0, prepared.streams).view(len(values), prepared.count, -1)
        return torch.baddbmm(streams, attended(values, prepared.values, scores), torch.bmm(output, read))

    def plain(self, weights: Weights, inputs: Tensor) -> Tensor:
        """See `Network.plain`."""
        return self.states(weights, inputs)[:, -1] @ weights["unembed"]

    def states(self, weights: Weights, inputs: Tensor) -> Tensor:
        """The residual stream [n, places, width] of one network behind its layer, from inputs [n, arity]."""
        stream = self.prompt.stream(weights["embed"], weights.get("position"), inputs)
        query, key, value = (stream @ weights[name] for name in ("query", "key", "value"))
        stream = stream + causal_attention(query, key, value, self.heads) @ weights["output"]
        neurons = torch.relu(stream @ weights["mlp_in"] + weights.get("mlp_in_bias", 0))
        return stream + neurons @ weights["mlp_out"] + weights.get("mlp_out_bias", 0)
