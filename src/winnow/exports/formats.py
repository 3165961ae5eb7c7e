"""`export`: a ticket's network as one file, checked against the network before it takes its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from winnow.core import WinnowError, chosen
from winnow.exports.files import load_exported, read_exported, write_compact, write_dense, write_sparse
from winnow.exports.onnx_file import has, open_onnx, write_onnx
from winnow.exports.source import Source, source_of
from winnow.sparsity import Ticket
from winnow.storage import replacing

TOLERANCE = 1e-4
_BATCHES = (1, 5)
Run = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Format:
    """How a network is written and opened again.

    Attributes:
        suffix: of the file's name.
        write: writes the file.
        open: the file as a function of images; None where it cannot be run here.
    """

    suffix: str
    write: Callable[[Source, Path], None]
    open: Callable[[Source, Path], Run | None]


@dataclass(frozen=True)
class Exported:
    """One file that was written.

    Attributes:
        path: where.
        format: "dense", "compact", "sparse" or "onnx".
        bytes: its size.
        dense_bytes: what the network's tensors take without any packing.
        difference: the largest absolute difference of outputs to the masked network on random inputs; None when the
            file cannot be run here.
        architecture: whether the file runs without the network's Python class.
        note: what the user should know, or nothing.
    """

    path: Path
    format: str
    bytes: int
    dense_bytes: int
    difference: float | None
    architecture: bool
    note: str

    @property
    def percent_of_dense(self) -> float:
        """Its size in percent of the dense tensors."""
        return 100 * self.bytes / max(self.dense_bytes, 1)


def open_tensors(source: Source, path: Path) -> Run:
    """A safetensors export, run by its own architecture, or filled into a copy of the network where it has none."""
    if source.graph is not None:
        return load_exported(path)
    return source.filled(read_exported(path)[1])


def _open_onnx(source: Source, path: Path) -> Run | None:  # noqa: ARG001  (all formats are opened alike)
    return open_onnx(path) if has("onnxruntime") else None


FORMATS: dict[str, Format] = {
    "dense": Format(".dense.safetensors", write_dense, open_tensors),
    "compact": Format(".compact.safetensors", write_compact, open_tensors),
    "sparse": Format(".sparse.safetensors", write_sparse, open_tensors),
    "onnx": Format(".onnx", write_onnx, _open_onnx),
}


def format_named(name: str) -> Format:
    """The format of that name.

    Raises:
        WinnowError: WN-E01 when there is none.
    """
    return chosen(FORMATS, name, "export format", "WN-E01")


def export(ticket: Ticket, module: nn.Module, kind: str, path: Path | str, *, input_shape: tuple[int, ...]) -> Exported:
    """Write a ticket's network as one file, and compare the file's outputs with the network's on random inputs.

    The file takes its place only after the comparison.

    Args:
        ticket: whose mask is applied.
        module: filled with the weights to write (`load_ticket(folder, trained=True)`); it stays as it is.
        kind: "dense" (plain state dict), "compact" (dead units removed), "sparse" (non-zeros only) or "onnx".
        path: the file.
        input_shape: of one input, the batch left out: (C, H, W).

    Raises:
        WinnowError: WN-E01 for an unknown format, WN-E02 for a network that the format cannot hold, WN-E03 when the
            file computes something else, WN-D07 without a package, WN-S01 or WN-S02 when it cannot be written.
    """
    chosen_format = format_named(kind)
    return write_checked(source_of(ticket, module, input_shape), kind, chosen_format, Path(path))


def write_checked(source: Source, name: str, written: Format, path: Path) -> Exported:
    """Write one file of a network that is prepared already; see `export`."""
    _check_place(path)
    with replacing(path) as part:
        written.write(source, part)
        difference = _verified(source, written.open(source, part), path)
    dense = sum(t.numel() * t.element_size() for t in source.tensors.values())
    has_architecture = written.write is write_onnx or source.graph is not None
    note = "" if has_architecture else f"tensors without architecture: {source.reason}"
    if difference is None:
        note = "outputs not compared: onnxruntime is not installed"
    return Exported(path, name, path.stat().st_size, dense, difference, has_architecture, note)


def largest_difference(found: Tensor, expected: Tensor) -> float:
    """max |found - expected|; NaN where either is."""
    return float((found.detach().double() - expected.detach().double()).abs().max())


@torch.no_grad()
def _verified(source: Source, run: Run | None, path: Path) -> float | None:
    if run is None:
        return None
    largest = 0.0
    for count in _BATCHES:
        images = source.inputs(count)
        expected = source.module(images)
        difference = largest_difference(run(images), expected)
        # Written so that NaN fails too.
        if not difference <= TOLERANCE * float(expected.abs().max()):
            raise WinnowError(
                "WN-E03",
                f"outputs differ by {difference:.3g}, where the largest is {float(expected.abs().max()):.3g}",
                where=path,
                fix="Nothing was written. Please report the network.",
            )
        largest = max(largest, difference)
    return largest


def _check_place(path: Path) -> None:
    if (path.parent / "ticket.json").is_file():
        raise WinnowError(
            "WN-S02", "a ticket's folder takes only its own files", where=path, fix="Choose another place with --out."
        )
