"""The paper's MLP: softmax(ReLU((E_a + E_b) W_in) W_out W_unembed), no biases (Minegishi et al. 2023, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.networks.network import Weights, drawn
from winnow.grokking.networks.textbook import looked_up


@dataclass(frozen=True)
class TokenRows:
    """Tokens of S runs as rows of one table [S * tokens, ...].

    Attributes:
        rows: int64 [arity, S * n].
        count: n.
    """

    rows: tuple[Tensor, ...]
    count: int

    @classmethod
    def of(cls, inputs: Tensor, tokens: int) -> TokenRows:
        """The rows of tokens [S, n, arity]."""
        offset = torch.arange(len(inputs), device=inputs.device).view(-1, 1) * tokens
        return cls(tuple((inputs[..., place] + offset).flatten() for place in range(inputs.shape[-1])), inputs.shape[1])


@dataclass(frozen=True)
class PairMlp:
    """Sum of two embeddings, one hidden layer of ReLU; the linear maps on both sides of it are folded.

    Only `tokens` embeddings exist and nothing nonlinear lies between embedding and W_in, or W_out and unembedding, so
    A = E W_in [tokens, hidden] and B = W_out W_unembed [hidden, outputs] give the same logits ReLU(A[a] + A[b]) B, and
    the gradients through the factors are exact.

    Attributes:
        tokens: size of the vocabulary.
        outputs: classes.
        width: of the embeddings.
        hidden: neurons.
    """

    tokens: int
    outputs: int
    width: int = 500
    hidden: int = 48
    name: str = "mlp"

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See `Network.shapes`."""
        return {
            "embed": (self.tokens, self.width),
            "project_in": (self.width, self.hidden),
            "project_out": (self.hidden, self.width),
            "unembed": (self.width, self.outputs),
        }

    @property
    def prunable(self) -> tuple[str, ...]:
        """All four matrices."""
        return tuple(self.shapes)

    def start(self, generator: torch.Generator, scale: float = 1.0) -> dict[str, Tensor]:
        """See `Network.start`."""
        return drawn(self.shapes, generator, scale)

    def prepare(self, inputs: Tensor) -> TokenRows:
        """See `Network.prepare`."""
        return TokenRows.of(inputs, self.tokens)

    def outputs_of_folded(self, table: Tensor, readout: Tensor, prepared: TokenRows) -> tuple[Tensor, Tensor]:
        """Hidden activations [S, n, hidden] and logits [S, n, outputs] from A [S, tokens, hidden] and B."""
        flat = table.reshape(-1, self.hidden)
        hidden = flat.index_select(0, prepared.rows[0])
        for rows in prepared.rows[1:]:
            hidden = hidden + flat.index_select(0, rows)
        hidden = torch.relu(hidden).view(-1, prepared.count, self.hidden)
        return hidden, torch.bmm(hidden, readout)

    def outputs_of(self, weights: Weights, prepared: TokenRows) -> Tensor:
        """See `Network.outputs_of`."""
        table, readout = self.folded(weights)
        return self.outputs_of_folded(table, readout, prepared)[1]

    def folded(self, weights: Weights) -> tuple[Tensor, Tensor]:
        """A [S, tokens, hidden] and B [S, hidden, outputs]."""
        return torch.bmm(weights["embed"], weights["project_in"]), torch.bmm(weights["project_out"], weights["unembed"])

    def plain(self, weights: Weights, inputs: Tensor) -> Tensor:
        """See `Network.plain`."""
        embedded = looked_up(weights["embed"], inputs).sum(-2)
        return torch.relu(embedded @ weights["project_in"]) @ weights["project_out"] @ weights["unembed"]
