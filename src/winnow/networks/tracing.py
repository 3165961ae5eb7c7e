"""`trace`: the graph of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn

from winnow.networks.graph import Graph, Unsupported
from winnow.networks.running import GraphNetwork
from winnow.networks.translation import Translation

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def trace(module: nn.Module, input_shape: tuple[int, ...]) -> Graph:
    """What the module computes in eval mode, as a graph. The module, its modes and the global generators stay as is.

    Linear and convolution layers, BatchNorm, element-wise activations, sums, pools, flattening and dropout are known,
    as layers, functions or methods, nested in any way. At the end the graph runs beside the module on random inputs.

    Args:
        module: the network; it takes one tensor and returns one.
        input_shape: of one input, the batch left out: (C, H, W) or (F,).

    Raises:
        Unsupported: for anything else; the message names the operation and the node.
    """
    _refuse_special(module)
    with _eval_mode(module), torch.random.fork_rng(devices=[]), torch.no_grad():
        traced = _symbolic(module)
        shapes = _Shapes(module, traced)
        try:
            shapes.run(_blank(module, input_shape))
        except Exception as error:  # the user's own forward may fail in any way
            raise Unsupported(f"inputs of {input_shape} do not go through the network: {_told(error)}") from error
        graph = Translation(module, shapes.found).graph(traced)
        _compare(module, graph, input_shape)
    return graph


def _refuse_special(module: nn.Module) -> None:
    """Refuse what a graph of plain operations would silently leave out."""
    for name, part in module.named_modules():
        if isinstance(part, nn.Embedding):
            raise Unsupported(f"an embedding of token ids, at {name or 'the network'}")
    for name, part in module.named_modules():
        if any(getattr(part, hooks, None) for hooks in _HOOKS):
            raise Unsupported(f"a hook on {type(part).__name__} at {name or 'the network'}")
    seen: dict[int, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        if id(parameter) in seen:
            raise Unsupported(f"{name} is tied to {seen[id(parameter)]}")
        seen[id(parameter)] = name


@contextmanager
def _eval_mode(module: nn.Module) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        yield
    finally:
        for part, was_training in modes:
            part.training = was_training


def _symbolic(module: nn.Module) -> fx.Graph:
    try:
        return fx.Tracer().trace(module)
    except Exception as error:  # control flow over values, attributes that are missing, anything in the user's forward
        raise Unsupported(f"the network's forward cannot be traced: {_told(error)}") from error


def _blank(module: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """A batch of two zeros of the type and on the device of the network's weights."""
    like = next((p for p in module.parameters() if p.is_floating_point()), torch.empty(0))
    return torch.zeros(2, *shape, dtype=like.dtype, device=like.device)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


class _Shapes(fx.Interpreter):
    """Runs the traced network and notes the shape of every tensor on the way."""

    def __init__(self, module: nn.Module, traced: fx.Graph) -> None:
        super().__init__(module, graph=traced)
        self.extra_traceback = False
        self.found: dict[fx.Node, tuple[int, ...]] = {}

    def run_node(self, n: fx.Node) -> Any:
        """The value of the node."""
        value = super().run_node(n)
        if isinstance(value, Tensor):
            self.found[n] = tuple(value.shape)
        return value


def _compare(module: nn.Module, graph: Graph, shape: tuple[int, ...]) -> None:
    """Run both: what a trace cannot see, an in-place operation on a value read again, must not pass for understood."""
    blank = _blank(module, shape)
    noise = torch.randn(blank.shape, generator=torch.Generator().manual_seed(0)).to(blank)
    expected = module(noise.clone())
    found = GraphNetwork(graph, module.state_dict()).eval()(noise.clone())
    close = 1e3 * torch.finfo(expected.dtype).eps
    scale = float(expected.nan_to_num(0, 0, 0).abs().max())
    if not torch.allclose(found, expected, rtol=close, atol=close * scale, equal_nan=True):
        raise Unsupported("the traced operations give other values than the network, as after an in-place operation")
