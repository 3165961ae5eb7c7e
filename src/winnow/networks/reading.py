"""What torch's layers and functions mean: how each becomes a kind of node with plain options."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from winnow.networks.activations import ACTIVATIONS
from winnow.networks.graph import Unsupported

Shape = tuple[int, ...]
Arguments = Mapping[str, Any]


class Operation(NamedTuple):
    """A kind of node, the arguments of the torch functions that make it, and their translation to options.

    The layers carry these arguments as attributes of the same names.
    """

    kind: str
    defaults: dict[str, Any]
    options: Callable[[Arguments, Shape], dict[str, Any]]


def _require(right: bool, what: str) -> None:
    if not right:
        raise Unsupported(what)


def _pair(value: Any) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    _require(len(pair) == 2 and all(isinstance(size, int) for size in pair), f"a size of {value}")
    return pair


def _maxpool(given: Arguments, shape: Shape) -> dict[str, Any]:
    _require(len(shape) == 3, "a pool of something else than images")
    _require(_pair(given["dilation"]) == (1, 1), "a pool with dilation")
    _require(not given["ceil_mode"] and not given["return_indices"], "a pool with ceil_mode or return_indices")
    return _window(given)


def _avgpool(given: Arguments, shape: Shape) -> dict[str, Any]:
    _require(len(shape) == 3, "a pool of something else than images")
    plain = not given["ceil_mode"] and given["count_include_pad"] and given["divisor_override"] is None
    _require(plain, "a pool with ceil_mode, divisor_override or without count_include_pad")
    return {**_window(given), "method": "window"}


def _window(given: Arguments) -> dict[str, Any]:
    kernel = _pair(given["kernel_size"])
    stride = _pair(given["stride"]) if given["stride"] else kernel
    return {"kernel": kernel, "stride": stride, "padding": _pair(given["padding"])}


def _adaptive(given: Arguments, shape: Shape) -> dict[str, Any]:
    _require(len(shape) == 3, "a pool of something else than images")
    asked = given["output_size"]
    asked = (asked, asked) if asked is None or isinstance(asked, int) else tuple(asked)
    sizes = [whole if size is None else size for whole, size in zip(shape[1:], asked, strict=True)]
    exact = all(size > 0 and whole % size == 0 for whole, size in zip(shape[1:], sizes, strict=True))
    _require(exact, f"an adaptive pool from {shape[1:]} to {tuple(sizes)}, which does not divide it")
    kernel = tuple(whole // size for whole, size in zip(shape[1:], sizes, strict=True))
    return {"kernel": kernel, "stride": kernel, "padding": (0, 0), "method": "adaptive"}


def _mean(given: Arguments, shape: Shape) -> dict[str, Any]:
    dims = given["dim"] if isinstance(given["dim"], (tuple, list)) else (given["dim"],)
    whole = len(shape) == 3 and all(isinstance(d, int) for d in dims) and sorted(d % 4 for d in dims) == [2, 3]
    _require(whole and given["dtype"] is None, "a mean over something else than height and width")
    return {"kernel": shape[1:], "stride": shape[1:], "padding": (0, 0), "method": "mean"}


def _dropout(given: Arguments, _shape: Shape) -> dict[str, Any]:
    # A network in eval mode that asks for training=False passed its own mode on: `F.dropout(x, p, self.training)`.
    _require(not given["training"] or given["p"] == 0, "dropout that is at work outside of training")
    return {"p": float(given["p"])}


def _conv(given: Arguments, shape: Shape) -> dict[str, Any]:
    _require(len(shape) == 3, "a convolution of something else than images")
    _require(given["padding_mode"] == "zeros", f"padding with {given['padding_mode']}")
    stride, dilation = _pair(given["stride"]), _pair(given["dilation"])
    padding = given["padding"]
    if padding == "same":
        spans = [d * (size - 1) for d, size in zip(dilation, _pair(given["kernel_size"]), strict=True)]
        _require(all(span % 2 == 0 for span in spans), "padding that is not the same on both sides")
        padding = tuple(span // 2 for span in spans)
    padding = (0, 0) if padding == "valid" else _pair(padding)
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": given["groups"]}


def _linear(_given: Arguments, shape: Shape) -> dict[str, Any]:
    _require(len(shape) == 1, "a linear layer on something else than vectors")
    return {}


def _batchnorm(given: Arguments, _shape: Shape) -> dict[str, Any]:
    _require(bool(given["track_running_stats"]), "BatchNorm without running statistics")
    momentum = given["momentum"]
    return {"eps": float(given["eps"]), "momentum": None if momentum is None else float(momentum)}


def _activation(function: str) -> Operation:
    arguments = ACTIVATIONS[function][1]

    def options(given: Arguments, _shape: Shape) -> dict[str, Any]:
        return {"function": function, **{name: given[name] for name in arguments}}

    return Operation("activation", {**arguments, "inplace": False}, options)


def _none(_given: Arguments, _shape: Shape) -> dict[str, Any]:
    return {}


_POOL = {"kernel_size": None, "stride": None, "padding": 0}
MAXPOOL = Operation("maxpool", {**_POOL, "dilation": 1, "ceil_mode": False, "return_indices": False}, _maxpool)
AVGPOOL = Operation(
    "avgpool", {**_POOL, "ceil_mode": False, "count_include_pad": True, "divisor_override": None}, _avgpool
)
ADAPTIVE = Operation("avgpool", {"output_size": None}, _adaptive)
MEAN = Operation("avgpool", {"dim": None, "keepdim": False, "dtype": None}, _mean)
DROPOUT = Operation("dropout", {"p": 0.5, "training": True, "inplace": False}, _dropout)
DROPOUT_LAYER = Operation("dropout", {"p": 0.5}, lambda given, _shape: {"p": float(given["p"])})
_CONV = {"kernel_size": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "padding_mode": "zeros"}
CONV = Operation("conv", _CONV, _conv)
LINEAR = Operation("linear", {}, _linear)
BATCHNORM = Operation("batchnorm", {"eps": 1e-5, "momentum": 0.1, "track_running_stats": True}, _batchnorm)
ADD = Operation("add", {"alpha": 1}, _none)
# Any of the operations that only shape anew; the shape before and after tells what it does.
RESHAPE = Operation("flatten", {}, _none)

LAYERS: dict[type[nn.Module], Operation] = {
    nn.Linear: LINEAR,
    nn.Conv2d: CONV,
    nn.BatchNorm1d: BATCHNORM,
    nn.BatchNorm2d: BATCHNORM,
    nn.MaxPool2d: MAXPOOL,
    nn.AvgPool2d: AVGPOOL,
    nn.AdaptiveAvgPool2d: ADAPTIVE,
    nn.Dropout: DROPOUT_LAYER,
    nn.Flatten: RESHAPE,
    nn.Identity: RESHAPE,
    nn.ReLU: _activation("relu"),
    nn.ReLU6: _activation("relu6"),
    nn.LeakyReLU: _activation("leaky_relu"),
    nn.ELU: _activation("elu"),
    nn.SELU: _activation("selu"),
    nn.GELU: _activation("gelu"),
    nn.SiLU: _activation("silu"),
    nn.Mish: _activation("mish"),
    nn.Hardswish: _activation("hardswish"),
    nn.Hardsigmoid: _activation("hardsigmoid"),
    nn.Sigmoid: _activation("sigmoid"),
    nn.Tanh: _activation("tanh"),
}
_NAMED = {name: _activation(name) for name in ACTIVATIONS}
FUNCTIONS: dict[Any, Operation] = {
    **{getattr(F, name): operation for name, operation in _NAMED.items()},
    **{getattr(torch, name): _NAMED[name] for name in ("relu", "sigmoid", "tanh")},
    **{getattr(torch, f"{name}_"): _NAMED[name] for name in ("relu", "sigmoid", "tanh")},
    F.max_pool2d: MAXPOOL,
    F.avg_pool2d: AVGPOOL,
    F.adaptive_avg_pool2d: ADAPTIVE,
    F.dropout: DROPOUT,
    torch.mean: MEAN,
    torch.flatten: RESHAPE,
    torch.reshape: RESHAPE,
    torch.add: ADD,
    operator.add: ADD,
    operator.iadd: ADD,
}
METHODS: dict[str, Operation] = {
    **{name: _NAMED[name] for name in ("relu", "sigmoid", "tanh")},
    **{f"{name}_": _NAMED[name] for name in ("relu", "sigmoid", "tanh")},
    **dict.fromkeys(("flatten", "view", "reshape", "contiguous"), RESHAPE),
    "mean": MEAN,
    "add": ADD,
    "add_": ADD,
}
