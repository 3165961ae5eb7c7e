"""What a graph must look like: checks of plain data that came from a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from winnow.core import WinnowError
from winnow.networks.activations import ACTIVATIONS

FIELDS = {"name", "kind", "inputs", "shape", "tensors", "options"}
AVERAGES = ("window", "adaptive", "mean")
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")

# Kind to: how many inputs, tensors it must have, tensors it may have.
ROLES: dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]] = {
    "input": (0, (), ()),
    "linear": (1, ("weight",), ("bias",)),
    "conv": (1, ("weight",), ("bias",)),
    "batchnorm": (1, _STATISTICS, ("weight", "bias")),
    "activation": (1, (), ()),
    "add": (2, (), ()),
    "maxpool": (1, (), ()),
    "avgpool": (1, (), ()),
    "flatten": (1, (), ()),
    "dropout": (1, (), ()),
}


def _count(value: Any, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _pair(value: Any, least: int = 1) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(_count(size, least) for size in value)


def _padding(value: Any) -> bool:
    return _pair(value, 0)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_WINDOW: dict[str, Callable[[Any], bool]] = {"kernel": _pair, "stride": _pair, "padding": _padding}
# Kind to: each option with what it may be.
OPTIONS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "conv": {"stride": _pair, "padding": _padding, "dilation": _pair, "groups": _count},
    "batchnorm": {"eps": _number, "momentum": lambda value: value is None or _number(value)},
    "maxpool": _WINDOW,
    "avgpool": {**_WINDOW, "method": lambda value: isinstance(value, str) and value in AVERAGES},
    "dropout": {"p": lambda value: _number(value) and 0 <= value <= 1},
}


def checked_plain(plain: Any) -> list[dict[str, Any]]:
    """The fields of every node, lists turned to tuples.

    Raises:
        WinnowError: WN-S03 at the first thing that no graph has.
    """
    listed = plain.get("nodes") if isinstance(plain, Mapping) else None
    if not isinstance(listed, list) or not listed:
        raise WinnowError("WN-S03", "a graph is an object with a list of nodes", where="graph")
    nodes = [_fields(node, place) for place, node in enumerate(listed)]
    shapes: dict[str, tuple[int, ...]] = {}
    used: set[str] = set()
    for place, node in enumerate(nodes):
        _refuse_unless((node["kind"] == "input") == (place == 0), "the first node, and no other, is the input", node)
        _refuse_unless(node["name"] not in shapes, "a name stands twice", node)
        _refuse_unless(all(name in shapes for name in node["inputs"]), "it reads a node that is not before it", node)
        _refuse_unless(used.isdisjoint(node["tensors"].values()), "its tensors belong to another node", node)
        _check_options(node)
        _check_shape(node, [shapes[name] for name in node["inputs"]])
        shapes[node["name"]] = node["shape"]
        used.update(node["tensors"].values())
    return nodes


def _refuse_unless(right: bool, what: str, node: Mapping[str, Any]) -> None:
    if not right:
        raise WinnowError("WN-S03", f"no graph: {what}", where=node["name"])


def _fields(node: Any, place: int) -> dict[str, Any]:
    """The node's fields, each of the right type."""
    here = {"name": f"node {place}"}
    _refuse_unless(isinstance(node, Mapping) and set(node) == FIELDS, f"a node has {', '.join(sorted(FIELDS))}", here)
    fields = dict(node)
    _refuse_unless(isinstance(fields["name"], str) and bool(fields["name"]), "a name is text", here)
    _refuse_unless(isinstance(fields["kind"], str) and fields["kind"] in ROLES, "an unknown kind", fields)
    _refuse_unless(_texts(fields["inputs"]), "inputs are a list of names", fields)
    _refuse_unless(isinstance(fields["shape"], (list, tuple)), "a shape is a list of sizes", fields)
    _refuse_unless(isinstance(fields["tensors"], Mapping), "tensors are an object", fields)
    _refuse_unless(isinstance(fields["options"], Mapping), "options are an object", fields)
    fields["inputs"], fields["shape"] = tuple(fields["inputs"]), tuple(fields["shape"])
    fields["options"] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields["options"].items()}
    fields["tensors"] = dict(fields["tensors"])
    _check_roles(fields)
    return fields


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


def _check_roles(node: dict[str, Any]) -> None:
    arity, needed, allowed = ROLES[node["kind"]]
    names = list(node["tensors"].values())
    _refuse_unless(len(node["inputs"]) == arity, f"it takes {arity} inputs", node)
    _refuse_unless(set(needed) <= set(node["tensors"]) <= {*needed, *allowed}, "other tensors than its kind has", node)
    _refuse_unless(_texts(names) and len(set(names)) == len(names), "a tensor is named once, by text", node)


def _check_options(node: dict[str, Any]) -> None:
    options, kind = node["options"], node["kind"]
    if kind == "activation":
        function = options.get("function")
        known = isinstance(function, str) and function in ACTIVATIONS
        _refuse_unless(known, "an unknown activation", node)
        arguments = ACTIVATIONS[function][1] if known else {}
        _refuse_unless(set(options) == {"function", *arguments}, "other arguments than the activation has", node)
        right = all(_argument(options[name], default) for name, default in arguments.items())
        _refuse_unless(right, "an argument that the activation does not take", node)
        return
    wanted = OPTIONS.get(kind, {})
    _refuse_unless(set(options) == set(wanted), f"its options are not {', '.join(wanted) or 'none'}", node)
    for name, right in wanted.items():
        _refuse_unless(right(options[name]), f"its {name} cannot be {options[name]!r}", node)


def _argument(value: Any, default: Any) -> bool:
    return value in ("none", "tanh") if isinstance(default, str) else _number(value)


def _check_shape(node: dict[str, Any], inputs: list[tuple[int, ...]]) -> None:
    """The shape as far as it follows from the inputs alone; tensors are checked when they come."""
    shape, kind, options = node["shape"], node["kind"], node["options"]
    _refuse_unless(bool(shape) and all(map(_count, shape)), "a shape has positive sizes", node)
    if kind in ("batchnorm", "activation", "add", "dropout"):
        _refuse_unless(all(shape == other for other in inputs), "its shape is not that of its inputs", node)
    elif kind == "flatten":
        _refuse_unless(shape == (math.prod(inputs[0]),), "its shape does not hold all of its input", node)
    elif kind == "linear":
        _refuse_unless(len(shape) == len(inputs[0]) == 1, "a linear layer takes and gives vectors", node)
    elif kind == "conv":
        _refuse_unless(len(shape) == len(inputs[0]) == 3, "a convolution takes and gives images", node)
    elif kind in ("maxpool", "avgpool"):
        _refuse_unless(len(inputs[0]) == 3 and shape == pooled(inputs[0], options), "its shape is no pool's", node)
        narrow = all(2 * pad <= size for pad, size in zip(options["padding"], options["kernel"], strict=True))
        _refuse_unless(narrow, "a pool of nothing but padding", node)


def pooled(shape: tuple[int, ...], options: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape (C, H, W) after a pool of these options."""
    windows = zip(shape[1:], options["kernel"], options["stride"], options["padding"], strict=True)
    return (shape[0], *((size + 2 * padding - kernel) // stride + 1 for size, kernel, stride, padding in windows))
