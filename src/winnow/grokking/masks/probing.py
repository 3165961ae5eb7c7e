"""`NetworkProbe`: a network of these studies, for the scores of `winnow.sparsity` that run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from winnow.grokking.networks.network import Network
from winnow.grokking.stacks.losses import Loss
from winnow.sparsity import Probe


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkProbe(Probe):
    """A `Probe` that asks `Network.plain` and a loss of these studies.

    Attributes:
        network: the architecture.
        criterion: the loss that is trained with.
        module: nothing; the network is a function of its weights.
    """

    network: Network
    criterion: Loss
    module: nn.Module = field(default_factory=nn.Module)

    def loss(self, weights: Mapping[str, Tensor], temperature: float = 1.0) -> Tensor:
        """See `Probe.loss`: mean loss of the examples, outputs divided by the temperature."""
        outputs = self.network.plain({**self.tensors, **weights}, self.inputs) / temperature
        return self.criterion.values(outputs.unsqueeze(0), self.labels.unsqueeze(0)).squeeze(0)

    def output(self, inputs: Tensor, change: Callable[[Tensor], Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Probe.output`."""
        weights = {name: change(w).detach().requires_grad_() for name, w in self.living().items()}
        rest = {name: change(t) for name, t in self.tensors.items() if name not in weights}
        return self.network.plain({**rest, **weights}, inputs).sum(), weights

    def tokens(self) -> Tensor:
        """Every token that the examples have, once at every place, int64 [tokens, arity].

        A row has different tokens at its places (consecutive ones): where places attend to each other, equal ones would
        leave nothing to choose between, and queries and keys without a gradient.
        """
        found = self.inputs.unique()
        places = torch.arange(self.inputs.shape[1], device=found.device)
        return found[(torch.arange(len(found), device=found.device).unsqueeze(1) + places) % len(found)]
