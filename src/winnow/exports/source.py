"""What is exported: a masked network in eval mode, and its graph where it has one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from winnow.core import canonical_json
from winnow.networks import Graph, Unsupported, trace
from winnow.sparsity import Ticket

_FACTS = ("model", "source", "results", "mask_digest", "density_percent")


@dataclass(frozen=True)
class Source:
    """A network to write.

    Attributes:
        module: a copy of the caller's in eval mode on the CPU, pruned weights exactly 0.
        input_shape: of one input, the batch left out.
        graph: what it computes, or None.
        reason: why there is no graph, naming the operation.
        facts: canonical JSON of what the ticket tells about itself.
    """

    module: nn.Module
    input_shape: tuple[int, ...]
    graph: Graph | None
    reason: str
    facts: str

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The state dict, second names of tied weights included."""
        return {name: t for name, t in self.module.state_dict().items() if isinstance(t, Tensor)}

    def inputs(self, count: int) -> Tensor:
        """Random inputs (count, *input_shape), the same every time: of the network's own float type.

        A network that reads no floats gives its own, by a method `example_inputs(count, *input_shape)`.
        """
        own = getattr(self.module, "example_inputs", None)
        if own is not None:
            return own(count, *self.input_shape)
        noise = torch.randn(count, *self.input_shape, generator=torch.Generator().manual_seed(count))
        return noise.to(next((t.dtype for t in self.module.parameters() if t.is_floating_point()), torch.float32))

    def filled(self, tensors: Mapping[str, Tensor]) -> nn.Module:
        """A copy of the network with these tensors, all of them, as `load_state_dict` fills it."""
        module = copy.deepcopy(self.module)
        own = {name: value for name, value in self.module.state_dict().items() if not isinstance(value, Tensor)}
        module.load_state_dict({**own, **tensors})
        return module


def source_of(ticket: Ticket, module: nn.Module, input_shape: tuple[int, ...]) -> Source:
    """The ticket's network as it will be written; the caller's module stays as it is.

    Args:
        ticket: its mask is applied, its manifest is told in the file.
        module: filled with the weights to write.
        input_shape: of one input, the batch left out.

    Raises:
        WinnowError: WN-P02 when the mask does not fit the module.
    """
    own = copy.deepcopy(module).cpu().eval().requires_grad_(False)
    ticket.mask.apply_(dict(own.named_parameters()))
    graph, reason = _traced(own, input_shape)
    return Source(own, tuple(input_shape), graph, reason, _facts(ticket.manifest))


def _traced(module: nn.Module, input_shape: tuple[int, ...]) -> tuple[Graph | None, str]:
    try:
        return trace(module, input_shape), ""
    except Unsupported as reason:
        return None, str(reason)


def _facts(manifest: Mapping[str, Any]) -> str:
    return canonical_json({name: manifest[name] for name in _FACTS if name in manifest})
