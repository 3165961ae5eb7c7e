"""The ways of running a ticket's network: which file each opens, and how it becomes a function of images."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from winnow.exports.files import compacted, read_exported, write_sparse_compact
from winnow.exports.formats import FORMATS, Format, Run, open_tensors
from winnow.exports.onnx_file import open_onnx, quiet
from winnow.exports.source import Source
from winnow.networks import GraphNetwork

# Fills the user's own module with tensors; None in a process that has only the file.
Fill = Callable[[Mapping[str, Tensor]], nn.Module] | None


class Absent(Exception):  # noqa: N818  (it reads as the sentence that stands in the table)
    """A variant that cannot run here; the message is the reason."""


def _unchanged(images: Tensor) -> Tensor:
    return images


@dataclass(frozen=True)
class Built:
    """A variant that is ready: `run` is timed, `adapt` brings images to its device and type before."""

    run: Run
    adapt: Callable[[Tensor], Tensor] = _unchanged


@dataclass(frozen=True)
class Variant:
    """A file of `FILES`, and what opens it. `build` raises `Absent`, or any error of what it calls, for a reason."""

    file: str
    build: Callable[[Path, Fill], Built]


@dataclass(frozen=True)
class File:
    """A file that variants open: how it is written, and whether of the ticket or of the dense network."""

    format: Format
    pruned: bool = True


def network(path: Path, fill: Fill) -> nn.Module:
    """The file's network: the user's own module where it is at hand, else by its graph."""
    graph, tensors = read_exported(path)
    if fill is not None:
        return fill(tensors)
    if graph is None:
        raise Absent("its operations are not all known, so it cannot be run from the file alone")
    return GraphNetwork(graph, tensors).eval()


def _torch(path: Path, fill: Fill) -> Built:
    return Built(network(path, fill))


def _by_graph(path: Path, fill: Fill) -> Built:  # noqa: ARG001  (a compacted network has no class of its own)
    return Built(network(path, None))


def _compiled(path: Path, fill: Fill) -> Built:
    if not any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "clang++")):
        raise Absent("torch.compile needs a C++ compiler, and none is here")
    # One program per batch size, as a service that knows its batch would have it.
    return Built(torch.compile(network(path, fill), dynamic=False))


def _winnow(path: Path, fill: Fill) -> Built:  # noqa: ARG001
    from winnow.kernels import SparseNetwork

    graph, tensors = read_exported(path)
    if graph is None:
        raise Absent("its operations are not all known")
    return Built(SparseNetwork(graph, tensors))


def _csr(path: Path, fill: Fill) -> Built:
    module = network(path, fill)
    with quiet():  # torch calls its CSR tensors a beta
        _replace_weights(module, lambda weight: weight.to_sparse_csr(), "CSR")
    return Built(module)


def _onnx(path: Path, fill: Fill) -> Built:  # noqa: ARG001
    return Built(open_onnx(path))


def _two_of_four(path: Path, fill: Fill) -> Built:
    if not torch.cuda.is_available():
        raise Absent("no CUDA device here")
    module = network(path, fill).to("cuda", torch.float16)
    _replace_weights(module, _semi_structured, "2:4")

    def run(images: Tensor) -> Tensor:
        logits = module(images)
        torch.cuda.synchronize()
        return logits

    return Built(run, lambda images: images.to("cuda", torch.float16))


def _semi_structured(weight: Tensor) -> Tensor:
    if weight.shape[1] % 4 or bool(((weight.reshape(-1, 4) != 0).sum(1) > 2).any()):
        raise Absent("the mask is not 2:4 (find the ticket with --structure 2:4)")
    return torch.sparse.to_sparse_semi_structured(weight)


def _replace_weights(module: nn.Module, convert: Callable[[Tensor], Tensor], what: str) -> None:
    """Put converted weights in the place of every linear layer's."""
    weights = [(owner, n, p) for owner in module.modules() for n, p in owner.named_parameters(recurse=False)]
    if any(parameter.dim() > 2 for _, _, parameter in weights):
        raise Absent(f"torch has no convolution with {what} weights")
    for owner, name, parameter in weights:
        if parameter.dim() == 2:
            setattr(owner, name, nn.Parameter(convert(parameter.detach()), requires_grad=False))


def _write_smaller(source: Source, path: Path) -> None:
    """A second sparse file only where compaction changes the network."""
    if not any(gone for gone, _ in compacted(source).removed.values()):
        raise Absent("compaction removes nothing, so it is the same as winnow sparse")
    write_sparse_compact(source, path)


FILES: dict[str, File] = {
    "dense": File(FORMATS["dense"], pruned=False),
    "masked": File(FORMATS["dense"]),
    "compact": File(FORMATS["compact"]),
    "sparse": File(FORMATS["sparse"]),
    "sparse-compact": File(Format(".sparse.safetensors", _write_smaller, open_tensors)),
    "onnx": File(FORMATS["onnx"]),
}
BASELINE = "dense torch"
VARIANTS: dict[str, Variant] = {
    BASELINE: Variant("dense", _torch),
    "masked": Variant("masked", _torch),
    "compiled torch": Variant("masked", _compiled),
    "compact": Variant("compact", _by_graph),
    "winnow sparse": Variant("sparse", _winnow),
    "winnow sparse + compact": Variant("sparse-compact", _winnow),
    "torch CSR": Variant("masked", _csr),
    "onnx runtime": Variant("onnx", _onnx),
    "2:4 on GPU": Variant("masked", _two_of_four),
}
