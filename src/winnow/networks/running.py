"""`GraphNetwork`: runs a graph with plain torch functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.networks.activations import activate
from winnow.networks.fitting import check_tensors
from winnow.networks.graph import Graph, Node


class GraphNetwork(nn.Module):
    """The network that a graph describes. It puts out, bit for bit, what the traced module does, training included.

    Args:
        graph: what to compute.
        tensors: a state dict with every name of the graph; copied. The network's own state dict has the same names,
            those that the graph does not read included.

    Raises:
        WinnowError: WN-M02 when a tensor is missing or of another shape.
    """

    def __init__(self, graph: Graph, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        check_tensors(graph, tensors)
        trained = {name for node in graph.nodes for role, name in node.tensors.items() if role in ("weight", "bias")}
        # These attributes must not meet the names of a network's own parts ("graph", "nodes", ...).
        self._winnow_graph = graph
        self._winnow_places = {name: _register(self, name, t, name in trained) for name, t in tensors.items()}
        self._winnow_last_use = {name: node.name for node in graph.nodes for name in node.inputs}

    def forward(self, images: Tensor) -> Tensor:
        """The output (batch, F) or (batch, C, H, W) for a batch of inputs of the graph's shape."""
        graph, last_use = self._winnow_graph, self._winnow_last_use
        values = {graph.input.name: images}
        for node in graph.nodes[1:]:
            result = _run(node, [values[name] for name in node.inputs], self._tensors(node), self.training)
            for name in set(node.inputs):
                if last_use[name] == node.name:
                    del values[name]
            values[node.name] = result
        return values[graph.output.name]

    def _tensors(self, node: Node) -> dict[str, Tensor]:
        places = {role: self._winnow_places[name] for role, name in node.tensors.items()}
        return {role: getattr(part, leaf) for role, (part, leaf) in places.items()}


def _register(root: nn.Module, name: str, tensor: Tensor, trained: bool) -> tuple[nn.Module, str]:
    """Put a copy of the tensor at its dotted name, making the modules on the way; where it is: (module, attribute)."""
    *path, leaf = name.split(".")
    copy = tensor.detach().clone()
    part = root
    try:
        for step in path:
            if step not in part._modules:
                part.add_module(step, nn.Module())
            part = part.get_submodule(step)
        if trained:
            part.register_parameter(leaf, nn.Parameter(copy))
        else:
            part.register_buffer(leaf, copy)
    except (KeyError, TypeError, AttributeError) as error:
        raise WinnowError("WN-M02", "no module can hold a tensor of this name", where=name) from error
    return part, leaf


def _run(node: Node, inputs: Sequence[Tensor], tensors: Mapping[str, Tensor], training: bool) -> Tensor:
    """The value of a node. Its `options` carry what torch's function of the same name takes."""
    taken, options = inputs[0], node.options
    match node.kind:
        case "linear":
            return F.linear(taken, tensors["weight"], tensors.get("bias"))
        case "conv":
            where = (options["stride"], options["padding"], options["dilation"], options["groups"])
            return F.conv2d(taken, tensors["weight"], tensors.get("bias"), *where)
        case "batchnorm":
            return _batchnorm(node, taken, tensors, training)
        case "activation":
            return activate(taken, options)
        case "add":
            return taken + inputs[1]
        case "maxpool":
            return F.max_pool2d(taken, options["kernel"], options["stride"], options["padding"])
        case "avgpool":
            return _avgpool(node, taken)
        case "flatten":
            return taken.flatten(1)
        case "dropout":
            return F.dropout(taken, options["p"], training)
    raise KeyError(node.kind)


def _batchnorm(node: Node, taken: Tensor, tensors: Mapping[str, Tensor], training: bool) -> Tensor:
    momentum = node.options["momentum"]
    if training:
        tracked = tensors["num_batches_tracked"].add_(1)
        momentum = 1 / float(tracked) if momentum is None else momentum
    statistics = (tensors["running_mean"], tensors["running_var"])
    scale = (tensors.get("weight"), tensors.get("bias"))
    return F.batch_norm(taken, *statistics, *scale, training, momentum or 0.0, node.options["eps"])


def _avgpool(node: Node, taken: Tensor) -> Tensor:
    """One average, three functions: they round differently, and a traced network keeps its own."""
    method = node.options["method"]
    if method == "mean":
        return taken.mean((2, 3), keepdim=True)
    if method == "adaptive":
        return F.adaptive_avg_pool2d(taken, (node.shape[1], node.shape[2]))
    return F.avg_pool2d(taken, node.options["kernel"], node.options["stride"], node.options["padding"])
