"""`GrokModule`: one of these networks as an `nn.Module`, for scores, tickets and exports."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from winnow.grokking.networks.network import Network
from winnow.grokking.networks.registry import network_named
from winnow.grokking.tasks import sizes_named


class GrokModule(nn.Module):
    """One network's weights as parameters of the same names.

    Args:
        network: the architecture.
        weights: one network's tensors by name; copied.
    """

    def __init__(self, network: Network, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.network = network
        for name in network.shapes:
            self.register_parameter(name, nn.Parameter(weights[name].detach().clone()))

    def forward(self, inputs: Tensor) -> Tensor:
        """`Network.plain`: outputs [n, outputs].

        Args:
            inputs: [n, ...] as the task has them; for networks of tokens also float [n, arity, tokens], weights of
                tokens. One-hot weights answer as tokens do, and scores such as SynFlow can send ones.
        """
        # Not `get_parameter`: `torch.func.functional_call` puts tensors in the place of parameters.
        return self.network.plain({name: getattr(self, name) for name in self.network.shapes}, inputs)


def build(network: str, task: str) -> GrokModule:
    """A fresh module, drawn from torch's global generator; what a ticket's manifest names as its builder.

    Args:
        network: a name of `NETWORKS`.
        task: a name of `TASKS`; only its sizes are used, no data is read.

    Raises:
        WinnowError: WN-M01, WN-M02 and WN-C01 for names that are unknown or do not fit.
    """
    made = network_named(network, sizes_named(task))
    return GrokModule(made, made.start(torch.default_generator))
