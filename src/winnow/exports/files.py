"""Exports in safetensors: dense, compact and sparse, with the architecture as JSON in the notes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from winnow.core import WinnowError, canonical_json
from winnow.exports.source import Source
from winnow.networks import Compacted, Graph, GraphNetwork, compact
from winnow.sparsity import load_sparse, load_tensors, save_sparse, save_tensors
from winnow.sparsity.sparse_file import FORMAT as SPARSE

_EXPORT, _GRAPH = "export", "graph"


def write_dense(source: Source, path: Path) -> None:
    """The plain state dict, zeros kept: any program that reads safetensors reads it."""
    # Copies: tied weights have two names of one memory, which safetensors refuses.
    tensors = {name: t.clone() for name, t in source.tensors.items()}
    save_tensors(path, tensors, _notes("dense", source.facts, source.graph))


def write_sparse(source: Source, path: Path) -> None:
    """The non-zeros and their positions; without architecture where the network has no graph."""
    save_sparse(path, source.tensors, _notes("sparse", source.facts, source.graph))


def write_compact(source: Source, path: Path) -> None:
    """The compacted network.

    Raises:
        WinnowError: WN-E02 when the network has no graph.
    """
    small = compacted(source)
    save_tensors(path, small.tensors, _notes("compact", source.facts, small.graph))


def write_sparse_compact(source: Source, path: Path) -> None:
    """The compacted network by its non-zeros.

    Raises:
        WinnowError: WN-E02 when the network has no graph.
    """
    small = compacted(source)
    save_sparse(path, small.tensors, _notes("sparse", source.facts, small.graph))


def compacted(source: Source) -> Compacted:
    """The network without its dead units.

    Raises:
        WinnowError: WN-E02 when the network has no graph.
    """
    if source.graph is None:
        raise WinnowError(
            "WN-E02",
            f"its operations are not all known: {source.reason}",
            fix="Export it as dense, sparse or onnx, which need no compaction.",
        )
    return compact(source.graph, source.tensors)


def load_exported(path: Path | str) -> nn.Module:
    """The network of a dense, compact or sparse export, in eval mode, without the Python class that it came from.

    Raises:
        WinnowError: WN-S03 for a damaged or foreign file, WN-E02 for one without architecture.
    """
    graph, tensors = read_exported(path)
    if graph is None:
        raise WinnowError(
            "WN-E02",
            "the file holds tensors without an architecture",
            where=path,
            fix="Read them with read_exported and fill your own module with load_state_dict.",
        )
    return GraphNetwork(graph, tensors).eval()


def read_exported(path: Path | str) -> tuple[Graph | None, dict[str, Tensor]]:
    """The graph (None where the network has none) and the tensors, dense, of a dense, compact or sparse export.

    Raises:
        WinnowError: WN-S03 for a damaged or foreign file.
    """
    tensors, notes = load_tensors(path)
    if notes.get("format") == SPARSE:
        tensors, notes = load_sparse(path)
    if _EXPORT not in notes:
        raise WinnowError("WN-S03", "no export of Winnow", where=path, fix="ONNX files are opened with onnxruntime.")
    return _graph(notes, path), tensors


def _notes(kind: str, facts: str, graph: Graph | None) -> dict[str, str]:
    notes = {_EXPORT: kind, "ticket": facts}
    return notes if graph is None else {**notes, _GRAPH: canonical_json(graph.to_plain())}


def _graph(notes: Mapping[str, str], path: Path | str) -> Graph | None:
    if _GRAPH not in notes:
        return None
    try:
        return Graph.from_plain(json.loads(notes[_GRAPH]))
    except (ValueError, TypeError, RecursionError) as error:
        raise WinnowError("WN-S03", f"its architecture cannot be read: {error}", where=path) from error
