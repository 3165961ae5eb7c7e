"""Which channels put out the same number for every input, and which number."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.networks.activations import activate
from winnow.networks.graph import Graph, Node

Tensors = Mapping[str, Tensor]


def constants(graph: Graph, tensors: Tensors) -> dict[str, Tensor]:
    """For each node, the constant of each of its channels (C,) in eval mode, in float64; NaN where it varies.

    A channel that is constant for every input but not over the image (zeros around a constant, convolved) counts as
    one that varies.
    """
    values: dict[str, Tensor] = {}
    for node in graph.nodes:
        found = _constant(node, [values[name] for name in node.inputs], tensors)
        values[node.name] = torch.where(found.isfinite(), found, torch.nan)
    return values


def _constant(node: Node, inputs: list[Tensor], tensors: Tensors) -> Tensor:
    match node.kind:
        case "input":
            return torch.full((node.channels,), torch.nan, dtype=torch.float64)
        case "linear" | "conv":
            return _weighted(node, inputs[0], tensors)
        case "batchnorm":
            return _normed(node, inputs[0], tensors)
        case "activation":
            return torch.where(inputs[0].isnan(), torch.nan, activate(inputs[0], node.options))
        case "add":
            return inputs[0] + inputs[1]
        case "avgpool":
            return torch.where(stuck(node, inputs[0]), torch.nan, inputs[0])
        case "flatten":
            return inputs[0].repeat_interleave(node.channels // len(inputs[0]))
    return inputs[0]  # maxpool pads with minus infinity, and dropout does nothing


def stuck(node: Node, values: Tensor) -> Tensor:
    """Which constants (C,) are none any more where this node reads them: zeros around an image are other numbers."""
    return (values != 0) & (any(node.options.get("padding", ())))


def exact(name: str, tensors: Tensors) -> Tensor:
    """The tensor in float64 on the CPU."""
    return tensors[name].detach().to("cpu", torch.float64)


def kernels(node: Node, tensors: Tensors) -> Tensor:
    """The weight as (outputs, inputs of a group, pixels of the kernel), in float64."""
    weight = exact(node.tensors["weight"], tensors)
    return weight.reshape(*weight.shape[:2], -1)


def _weighted(node: Node, values: Tensor, tensors: Tensors) -> Tensor:
    """An output is constant when it reads, with weights that are not 0, only constants."""
    weight = kernels(node, tensors)
    groups = node.options.get("groups", 1)
    # What each output reads (outputs, inputs of a group); all read the same without groups (1, inputs).
    read = values.view(groups, -1).repeat_interleave(len(weight) // groups if groups > 1 else 1, 0)
    varies = ((weight != 0).any(2) & (read.isnan() | stuck(node, read))).any(1)
    total = (weight.sum(2) * read.nan_to_num()).sum(1)
    if "bias" in node.tensors:
        total = total + exact(node.tensors["bias"], tensors)
    return torch.where(varies, torch.nan, total)


def _normed(node: Node, values: Tensor, tensors: Tensors) -> Tensor:
    """BatchNorm by its running statistics; with a scale of exactly 0 whatever comes in becomes its bias."""
    known = {role: exact(name, tensors) for role, name in node.tensors.items()}
    scale = (known["running_var"] + node.options["eps"]).rsqrt()
    shift = known["bias"] if "bias" in known else torch.zeros_like(scale)
    if "weight" not in known:
        return (values - known["running_mean"]) * scale + shift
    normed = (values - known["running_mean"]) * scale * known["weight"] + shift
    return torch.where(known["weight"] == 0, shift, normed)
