"""Engines: the gradients of S runs in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from winnow.grokking.networks.mlp import PairMlp, TokenRows
from winnow.grokking.networks.network import Network, Weights
from winnow.grokking.stacks.losses import Loss


class Engine(Protocol):
    """Outputs and gradients of a stack; runs do not see each other."""

    def gradients(
        self, weights: Weights, into: Mapping[str, Tensor], prepared: Any, targets: Tensor, also: Any = None
    ) -> tuple[Tensor, Tensor | None]:
        """Write the gradient of every run's mean loss into `into`; the outputs [S, n, outputs] from before.

        `also` are further examples (of the test set): their outputs by the same weights come beside, in the same pass.
        """
        ...

    def outputs(self, weights: Weights, prepared: Any) -> Tensor:
        """Outputs [S, n, outputs], without gradients."""
        ...


class AutogradEngine:
    """Any network, by autograd."""

    def __init__(self, network: Network, loss: Loss) -> None:
        self._network, self._loss = network, loss

    def gradients(
        self, weights: Weights, into: Mapping[str, Tensor], prepared: Any, targets: Tensor, also: Any = None
    ) -> tuple[Tensor, Tensor | None]:
        """See `Engine.gradients`."""
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in weights.items()}
        with torch.enable_grad():
            outputs = self._network.outputs_of(leaves, prepared)
        given = outputs.detach()
        found = torch.autograd.grad(outputs, list(leaves.values()), self._loss.gradient(given, targets))
        for name, gradient in zip(leaves, found, strict=True):
            into[name].copy_(gradient)
        return given, None if also is None else self.outputs(weights, also)

    @torch.no_grad()
    def outputs(self, weights: Weights, prepared: Any) -> Tensor:
        """See `Engine.outputs`."""
        return self._network.outputs_of(weights, prepared)


class FoldedEngine:
    """The paper's MLP with its backward pass written out on the folded maps.

    Half the time of autograd on a CPU: the sum over embeddings has one activation buffer, and every gradient is written
    where the update rule reads it.
    """

    def __init__(self, network: PairMlp, loss: Loss) -> None:
        self._network, self._loss = network, loss

    @torch.no_grad()
    def gradients(
        self,
        weights: Weights,
        into: Mapping[str, Tensor],
        prepared: TokenRows,
        targets: Tensor,
        also: TokenRows | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """See `Engine.gradients`."""
        table, readout = self._network.folded(weights)
        hidden, outputs = self._forward(table, readout, prepared)
        upper = self._loss.gradient(outputs, targets)
        readout_gradient = torch.bmm(hidden.transpose(1, 2), upper)
        below = torch.bmm(upper, readout.transpose(1, 2))
        torch.ops.aten.threshold_backward.grad_input(below, hidden, 0, grad_input=below)
        table_gradient = self._scattered(below, table, prepared)
        torch.bmm(table_gradient, weights["project_in"].transpose(1, 2), out=into["embed"])
        torch.bmm(weights["embed"].transpose(1, 2), table_gradient, out=into["project_in"])
        torch.bmm(readout_gradient, weights["unembed"].transpose(1, 2), out=into["project_out"])
        torch.bmm(weights["project_out"].transpose(1, 2), readout_gradient, out=into["unembed"])
        return outputs, None if also is None else self._forward(table, readout, also)[1]

    @torch.no_grad()
    def outputs(self, weights: Weights, prepared: TokenRows) -> Tensor:
        """See `Engine.outputs`."""
        return self._forward(*self._network.folded(weights), prepared)[1]

    def _forward(self, table: Tensor, readout: Tensor, prepared: TokenRows) -> tuple[Tensor, Tensor]:
        flat = table.view(-1, self._network.hidden)
        hidden = flat.index_select(0, prepared.rows[0])
        for rows in prepared.rows[1:]:
            hidden += flat.index_select(0, rows)
        hidden = hidden.clamp_min_(0).view(-1, prepared.count, self._network.hidden)
        return hidden, torch.bmm(hidden, readout)

    def _scattered(self, below: Tensor, table: Tensor, prepared: TokenRows) -> Tensor:
        """Gradients of the hidden rows, added up at their tokens."""
        total = torch.zeros_like(table).view(-1, self._network.hidden)
        for rows in prepared.rows:
            total.index_add_(0, rows, below.view(-1, self._network.hidden))
        return total.view_as(table)


def engine_for(network: Network, loss: Loss) -> Engine:
    """The fastest engine that knows the network."""
    return FoldedEngine(network, loss) if isinstance(network, PairMlp) else AutogradEngine(network, loss)
