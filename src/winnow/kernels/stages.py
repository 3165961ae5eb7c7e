"""A graph as the stages that the kernels run: neighbours that one pass over memory can do are put together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from winnow.kernels.elementwise import ACTIVATIONS
from winnow.networks import Graph, Node, Unsupported


@dataclass(frozen=True)
class Stage:
    """One or more nodes that run as one.

    Args:
        kind: "taps" (linear, conv), "batchnorm", "pool", "activation" or "add".
        node: the first of its nodes.
        source: the values that it reads.
        output: the name of the last of its nodes, which names its values.
        function: the activation at its end; "identity" for none.
        extra: values that are added before the activation.
    """

    kind: str
    node: Node
    source: str
    output: str
    function: str = "identity"
    extra: str | None = None


@dataclass
class Stages:
    """The stages in order, with the shape of every value.

    Args:
        input: the name of the images.
        output: the name of the logits.
        stages: in order.
        shapes: (channels, height, width) by name.
        input_shape: of one image, as the network takes it.
    """

    input: str
    output: str
    stages: list[Stage] = field(default_factory=list)
    shapes: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    input_shape: tuple[int, ...] = ()

    def readers(self, name: str) -> Iterator[Stage]:
        """The stages that read a value."""
        return (stage for stage in self.stages if name in (stage.source, stage.extra))


_KINDS = {"linear": "taps", "conv": "taps", "batchnorm": "batchnorm", "maxpool": "pool", "avgpool": "pool"}
_KINDS |= {"activation": "activation", "add": "add"}
_VIEWS = ("flatten", "dropout")


def stages_of(graph: Graph, *, training: bool = False) -> Stages:
    """The stages of a graph.

    Args:
        graph: the network.
        training: whether it will be trained: dropout and frozen statistics are then refused.

    Raises:
        Unsupported: an operation that the kernels do not have.
    """
    names = {graph.input.name: graph.input.name}
    result = Stages(graph.input.name, "", shapes={graph.input.name: _shape(graph.input)}, input_shape=graph.input.shape)
    chains = {chain[-1].name: chain for chain in _chains(graph, training)}
    for node in graph.nodes[1:]:
        if node.kind in _VIEWS:
            names[node.name] = names[node.inputs[0]]
        elif node.name in chains:
            stage = _stage(chains[node.name], names)
            result.stages.append(stage)
            result.shapes[node.name] = _shape(node)
            names[node.name] = node.name
            _check_shapes(stage, result.shapes)
    result.output = names[graph.output.name]
    if training:
        _check_output(result)
    return result


def _check_shapes(stage: Stage, shapes: dict[str, tuple[int, int, int]]) -> None:
    """Flattened planes stay planes in memory: only a linear layer knows how to read them as one row."""
    own = shapes[stage.output]
    sources = [stage.extra] if stage.kind in ("taps", "pool") else [stage.source, stage.extra]
    if any(shapes[name] != own for name in sources if name is not None):
        raise Unsupported(f"{stage.node.kind} of flattened planes, at {stage.node.name}")


def _check_output(stages: Stages) -> None:
    _, height, width = stages.shapes[stages.output]
    last = [stage.node for stage in stages.stages if stage.output == stages.output]
    if not last or height * width > 1 or last[0].kind == "conv":
        raise Unsupported(f"an output that is no row of logits, at {stages.output}")


def _chains(graph: Graph, training: bool) -> list[list[Node]]:
    """Nodes that run as one, in order; each chain is an operation, perhaps a sum, perhaps an activation."""
    chains: list[list[Node]] = []
    taken: set[str] = {graph.input.name}
    for node in graph.nodes[1:]:
        _check(node, training)
        if node.name in taken or node.kind in _VIEWS:
            continue
        chain = [node]
        if node.kind in ("linear", "conv", "batchnorm"):
            _extend(chain, graph, taken, "add")
        if node.kind != "activation" and _KINDS[node.kind] != "pool":
            _extend(chain, graph, taken, "activation")
        taken |= {part.name for part in chain}
        chains.append(chain)
    return chains


def _extend(chain: list[Node], graph: Graph, taken: set[str], kind: str) -> None:
    """Take in the only reader of the chain's end, where it is of that kind."""
    readers = graph.consumers(chain[-1].name)
    if len(readers) != 1 or readers[0].kind != kind or readers[0].name in taken:
        return
    if kind == "add" and len(set(readers[0].inputs)) == 1:
        return
    if chain[0].kind == "batchnorm" and kind == "activation" and readers[0].options["function"] != "relu":
        return
    chain.append(readers[0])


def _stage(chain: list[Node], names: dict[str, str]) -> Stage:
    first, last = chain[0], chain[-1]
    function = last.options["function"] if last.kind == "activation" else "identity"
    extra = None
    if first.kind == "add":
        extra = names[first.inputs[1]]
    for before, node in itertools.pairwise(chain):
        if node.kind == "add":
            (other,) = [name for name in node.inputs if name != before.name]
            extra = names[other]
    return Stage(_KINDS[first.kind], first, names[first.inputs[0]], last.name, function, extra)


def _check(node: Node, training: bool) -> None:
    if node.kind not in _KINDS and node.kind not in _VIEWS:
        raise Unsupported(f"{node.kind} at {node.name}")
    if node.kind == "activation" and node.options["function"] not in ACTIVATIONS:
        raise Unsupported(f"the activation {node.options['function']} at {node.name}")
    if node.kind == "dropout" and training and node.options["p"] > 0:
        raise Unsupported(f"dropout while training, at {node.name}")
    if node.kind == "batchnorm" and "running_mean" not in node.tensors:
        raise Unsupported(f"batch normalisation without running averages, at {node.name}")
    if node.kind == "batchnorm" and node.options["momentum"] is None and "num_batches_tracked" not in node.tensors:
        raise Unsupported(f"batch normalisation that averages and does not count, at {node.name}")


def _shape(node: Node) -> tuple[int, int, int]:
    channels, height, width = (*node.shape, 1, 1)[:3]
    return channels, height, width
