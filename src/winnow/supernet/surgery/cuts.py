"""`Cuts`: what goes from which tensor when search units die, by names that follow from the architecture alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.supernet.space import Architecture
from winnow.supernet.space.architecture import Widths

Axes = tuple[tuple[int, Tensor], ...]
_NORM = ("weight", "bias", "running_mean", "running_var")
_COUNT = "num_batches_tracked"
_LINEAR = ("query.weight", "key_value.weight", "output.weight", "inner.weight", "outer.weight")
_VECTORS = ("inner.bias", "outer.bias", *(f"{n}_norm.{p}" for n in ("attention", "inner") for p in _NORM[:2]))
# Tensors of a token path: those with one entry a token and on which axis, and the others.
_BY_TOKEN = {"read.weight": 0, **{f"token_norm.{part}": 0 for part in _NORM}, "queries": 0, "write.weight": 1}
_OF_TOKENS = (
    *_BY_TOKEN,
    f"token_norm.{_COUNT}",
    "coordinates",
    *(f"{layer}.{name}" for layer in ("encoder", "decoder") for name in (*_LINEAR, *_VECTORS)),
    *(f"write_norm.{part}" for part in (*_NORM, _COUNT)),
)


@dataclass(frozen=True)
class Cuts:
    """From one architecture to a narrower one.

    Args:
        architecture: the narrower one.
        indices: per tensor (parameter or buffer of the wider network) the axes that are cut and what stays, int64.
        removed: tensors that go as a whole.
        renamed: tensors that live on by another name: the last shift and running mean of an emptied block.
    """

    architecture: Architecture
    indices: dict[str, Axes] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    renamed: dict[str, str] = field(default_factory=dict)


def plan_cuts(
    architecture: Architecture, alive: Mapping[str, Tensor], tokens_alive: Mapping[str, Tensor] | None = None
) -> Cuts:
    """What to cut so that the living units stay.

    Args:
        architecture: of the network that is cut.
        alive: per block, bool [units] in the units' order; a block that is not named stays whole.
        tokens_alive: per block, bool [tokens]. A path without a living token goes.

    Raises:
        WinnowError: WN-M02 when a block is unknown, or has another number of units or tokens.
    """
    names = [place.name for place in architecture.places]
    units = _kept(alive, dict(zip(names, map(sum, architecture.widths), strict=True)))
    tokens = _kept(tokens_alive or {}, dict(zip(names, architecture.tokens, strict=True)))
    made = Cuts(architecture)
    removed: set[str] = set()
    widths, counts = list(architecture.widths), list(architecture.tokens)
    for number, name in enumerate(names):
        if name in units:
            widths[number] = _cut_block(made, removed, architecture, number, units[name])
        if name in tokens:
            counts[number] = int(tokens[name].sum())
            _cut_tokens(made, removed, f"blocks.{name}.tokens", tokens[name])
    return Cuts(architecture.with_widths(widths, counts), made.indices, frozenset(removed), made.renamed)


def cut_tensors(tensors: Mapping[str, Tensor], cuts: Cuts) -> dict[str, Tensor]:
    """Any tensors by the wider network's names (all or some), cut and by the narrower network's names.

    A tensor that nothing is cut from is passed on itself, not copied.
    """
    return {
        cuts.renamed.get(name, name): cut_axes(tensor, cuts.indices.get(name, ()))
        for name, tensor in tensors.items()
        if name not in cuts.removed
    }


def cut_axes(tensor: Tensor, axes: Axes) -> Tensor:
    """What stays of one tensor."""
    for axis, kept in axes:
        tensor = tensor.index_select(axis, kept.to(tensor.device))
    return tensor


def _kept(alive: Mapping[str, Tensor], sizes: Mapping[str, int]) -> dict[str, Tensor]:
    """Checked, on the CPU, and only of blocks that lose something."""
    for name, mask in alive.items():
        if name not in sizes:
            raise WinnowError("WN-M02", "the architecture has no such block", where=name)
        if mask.dtype != torch.bool or mask.shape != (sizes[name],):
            told = f"{sizes[name]} booleans are needed, and {list(mask.shape)} of {mask.dtype} were given"
            raise WinnowError("WN-M02", told, where=name)
    return {name: mask.cpu() for name, mask in alive.items() if not mask.all()}


def _cut_block(made: Cuts, removed: set[str], architecture: Architecture, number: int, alive: Tensor) -> Widths:
    """Plan one block; returns its new widths."""
    place, widths = architecture.places[number], architecture.widths[number]
    block = f"blocks.{place.name}"
    paths = list(_paths(architecture.space.kernels, widths, alive))
    for kernel, path in paths:
        if not path.any():
            removed.add(f"{block}.depthwise.{kernel}.weight")
        elif not path.all():
            made.indices[f"{block}.depthwise.{kernel}.weight"] = ((0, _where(path)),)
    by_unit = {"expand.weight": 0, "project.weight": 1}
    by_unit |= {f"{norm}.{part}": 0 for norm in ("expand_norm", "unit_norm") for part in _NORM}
    if alive.any():
        made.indices.update({f"{block}.{name}": ((axis, _where(alive)),) for name, axis in by_unit.items()})
    else:
        counts = (f"{norm}.{_COUNT}" for norm in ("expand_norm", "unit_norm", "project_norm"))
        removed.update(
            f"{block}.{name}" for name in (*by_unit, *counts, "project_norm.weight", "project_norm.running_var")
        )
        made.renamed[f"{block}.project_norm.bias"] = f"{block}.rest"
        made.renamed[f"{block}.project_norm.running_mean"] = f"{block}.rest_mean"
    counted = {kernel: int(path.sum()) for kernel, path in paths}
    return tuple(counted.get(kernel, 0) for kernel in architecture.space.kernels)


def _cut_tokens(made: Cuts, removed: set[str], path: str, alive: Tensor) -> None:
    if alive.any():
        made.indices.update({f"{path}.{name}": ((axis, _where(alive)),) for name, axis in _BY_TOKEN.items()})
    else:
        removed.update(f"{path}.{name}" for name in _OF_TOKENS)


def _paths(kernels: tuple[int, ...], widths: Widths, alive: Tensor) -> Iterator[tuple[int, Tensor]]:
    """The part of each kernel that has any units."""
    ends = list(accumulate(widths))
    for kernel, width, end in zip(kernels, widths, ends, strict=True):
        if width:
            yield kernel, alive[end - width : end]


def _where(alive: Tensor) -> Tensor:
    return alive.nonzero().flatten()
