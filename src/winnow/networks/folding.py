"""`fold_normalisation`: batch normalisations become part of the layer before them; for inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from winnow.networks.graph import Graph, Node


def fold_normalisation(graph: Graph, tensors: Mapping[str, Tensor]) -> tuple[Graph, dict[str, Tensor]]:
    """The same network in eval mode without the batch normalisations that alone read a linear layer or convolution.

    Weights are scaled by channel, so that zeros stay zeros; biases are added where there were none. In float64.

    Returns:
        The smaller graph and its tensors.
    """
    state = dict(tensors)
    folded: dict[str, str] = {}
    kept: dict[str, Node] = {}
    for node in graph.nodes:
        source = node.inputs[0] if node.inputs else ""
        before = kept.get(source)
        alone = before is not None and len(graph.consumers(source)) == 1
        if node.kind == "batchnorm" and before is not None and before.kind in ("linear", "conv") and alone:
            kept[source] = _absorb(before, node, state)
            folded[node.name] = source
        else:
            kept[node.name] = replace(node, inputs=tuple(folded.get(name, name) for name in node.inputs))
    return Graph(tuple(kept.values())), state


def _absorb(layer: Node, norm: Node, state: dict[str, Tensor]) -> Node:
    """The layer with the normalisation's scale and shift; the state is changed."""
    weight = state[layer.tensors["weight"]]
    mean, variance = (state.pop(norm.tensors[role]).double() for role in ("running_mean", "running_var"))
    state.pop(norm.tensors.get("num_batches_tracked", ""), None)
    scale = torch.rsqrt(variance + norm.options["eps"])
    if "weight" in norm.tensors:
        scale = scale * state.pop(norm.tensors["weight"]).double()
    shift = -mean * scale
    if "bias" in norm.tensors:
        shift = shift + state.pop(norm.tensors["bias"]).double()
    name = layer.tensors.get("bias", layer.tensors["weight"].removesuffix("weight") + "bias")
    if "bias" in layer.tensors:
        shift = shift + state[name].double() * scale
    state[layer.tensors["weight"]] = (weight.double() * scale.view(-1, *[1] * (weight.dim() - 1))).to(weight.dtype)
    state[name] = shift.to(weight.dtype)
    return replace(layer, tensors={**layer.tensors, "bias": name})
