"""From the nodes of torch.fx to the nodes of a graph."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from winnow.networks.graph import Graph, Node, Unsupported
from winnow.networks.reading import ADD, FUNCTIONS, LAYERS, MEAN, METHODS, RESHAPE, Operation

_ROLES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


class Translation:
    """Turns the nodes of a trace to ours, one after another."""

    def __init__(self, module: nn.Module, shapes: Mapping[fx.Node, tuple[int, ...]]) -> None:
        self.module = module
        self.shapes = shapes
        self.known = set(module.state_dict().keys())
        self.nodes: list[Node] = []
        self.names: dict[fx.Node, str] = {}  # the node of ours that holds the value
        self.owners: dict[str, str] = {}

    def graph(self, traced: fx.Graph) -> Graph:
        """The whole graph, without nodes that the output does not need."""
        for node in traced.nodes:
            if node.op == "output":
                returned = node.args[0]
                if not isinstance(returned, fx.Node) or returned not in self.names:
                    raise Unsupported("a network that returns something else than one tensor")
                return Graph(_needed(self.nodes, self.names[returned]))
            # Sizes that a forward reads, as in x.view(x.size(0), -1), are no tensors; only shapes come of them.
            if node in self.shapes:
                self._read(node)
        raise Unsupported("a network that returns nothing")

    def _read(self, node: fx.Node) -> None:
        place = f"{_described(node, self.module)} at node {node.name}"
        shape = self.shapes[node]
        if node.op == "placeholder":
            if self.nodes:
                raise Unsupported(f"a second input at node {node.name}")
            self._append(node, "input", (), shape[1:])
            return
        operation, given = self._operation(node, place)
        sources = self._sources(node, operation, place)
        if not shape or shape[0] != 2:
            raise Unsupported(f"{place}: it mixes the inputs of a batch")
        before = self.shapes[sources[0]]
        try:
            options = operation.options(given, before[1:])
        except Unsupported as reason:
            raise Unsupported(f"{place}: {reason}") from None
        self._add_operation(node, operation, sources, options, place)

    def _operation(self, node: fx.Node, place: str) -> tuple[Operation, dict[str, Any]]:
        """The operation of a node and its arguments."""
        if node.op == "call_module":
            layer = self.module.get_submodule(str(node.target))
            operation = LAYERS.get(type(layer))
            if operation is not None:
                return operation, {name: getattr(layer, name, default) for name, default in operation.defaults.items()}
        table: Mapping[Any, Operation] = {"call_function": FUNCTIONS, "call_method": METHODS}.get(node.op, {})
        operation = table.get(node.target)
        if operation is None:
            raise Unsupported(place)
        if operation is RESHAPE:
            return operation, {}
        named = list(operation.defaults)
        positional = node.args[2:] if operation is ADD else node.args[1:]
        # Methods take dimensions one by one too: x.mean(2, 3) is no mean over two, torch reads keepdim=3.
        given = {**operation.defaults, **dict(zip(named, positional, strict=False)), **node.kwargs}
        given = {name: value for name, value in given.items() if name not in ("input", "other")}
        if set(given) != set(named) or len(positional) > len(named) or given.get("alpha", 1) != 1:
            raise Unsupported(f"{place}: arguments {node.args[1:]} {dict(node.kwargs)}")
        return operation, given

    def _sources(self, node: fx.Node, operation: Operation, place: str) -> list[fx.Node]:
        """The tensors that the node reads."""
        named = [node.kwargs[name] for name in ("input", "other") if name in node.kwargs]
        values = [*node.args[: 2 if operation is ADD else 1], *named]
        found = [value for value in values if isinstance(value, fx.Node) and value in self.names]
        if len(found) != (2 if operation is ADD else 1):
            raise Unsupported(f"{place}: not all that it reads are tensors of the network")
        if len({self.shapes[source] for source in found}) > 1:
            raise Unsupported(f"{place}: a sum of unequal shapes")
        return found

    def _add_operation(
        self, node: fx.Node, operation: Operation, sources: list[fx.Node], options: dict[str, Any], place: str
    ) -> None:
        shape, before = self.shapes[node][1:], self.shapes[sources[0]][1:]
        inputs = tuple(self.names[source] for source in sources)
        if operation is RESHAPE and shape == before:
            self.names[node] = inputs[0]
        elif operation is RESHAPE and shape != (math.prod(before),):
            raise Unsupported(f"{place}: from {before} to {shape}, which is no flattening")
        elif operation is MEAN and len(shape) == 1:
            self._append(node, "avgpool", inputs, (shape[0], 1, 1), options=options)
            inputs = (self.names[node],)
            self._append(node, "flatten", inputs, shape, suffix="_flat")
        else:
            self._append(node, operation.kind, inputs, shape, tensors=self._tensors(node, place), options=options)

    def _tensors(self, node: fx.Node, place: str) -> dict[str, str]:
        """Role to name in the state dict, for a layer that has tensors."""
        if node.op != "call_module":
            return {}
        path, layer = str(node.target), self.module.get_submodule(str(node.target))
        roles = [role for role in _ROLES if isinstance(getattr(layer, role, None), Tensor)]
        names = {role: f"{path}.{role}" for role in roles}
        for name in names.values():
            if name not in self.known:
                raise Unsupported(f"{place}: {name} is not in the state dict")
            if name in self.owners:
                raise Unsupported(f"{place}: the layer is used a second time, first at node {self.owners[name]}")
            self.owners[name] = node.name
        return names

    def _append(
        self,
        node: fx.Node,
        kind: str,
        inputs: tuple[str, ...],
        shape: tuple[int, ...],
        *,
        tensors: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        suffix: str = "",
    ) -> None:
        name = node.name + suffix
        self.nodes.append(Node(name, kind, inputs, shape, tensors or {}, options or {}))
        self.names[node] = name


def _needed(nodes: list[Node], output: str) -> tuple[Node, ...]:
    needed = {output, nodes[0].name}
    for node in reversed(nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return tuple(node for node in nodes if node.name in needed)


def _described(node: fx.Node, module: nn.Module) -> str:
    """The operation as its user wrote it."""
    if node.op == "call_module":
        return f"{type(module.get_submodule(str(node.target))).__name__} ({node.target})"
    if node.op == "call_method":
        return f"method {node.target}"
    if node.op == "get_attr":
        return f"tensor {node.target}"
    name = getattr(node.target, "__name__", str(node.target))
    home = next((path for path, place in (("torch", torch), ("torch.nn.functional", F)) if hasattr(place, name)), "")
    return f"{home}.{name}" if home else f"{getattr(node.target, '__module__', '')}.{name}"
