"""Disguising: the same function from tensors that look otherwise, alone and followed by pruning."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Generator, Tensor

from winnow.core import WinnowError
from winnow.networks import Graph, GraphNetwork, Unsupported, trace
from winnow.ownership.attacks.removing import magnitudes, thinned
from winnow.ownership.attacks.target import Attack, Attacked, Target
from winnow.ownership.symmetries import folded, padded, permuted, rescaled, sign_flipped, split
from winnow.sparsity import Mask


def permuted_only(target: Target, strength: float, generator: Generator) -> Attacked:  # noqa: ARG001
    """Put the channels of every hidden axis in a random order."""
    return _saved(target, *permuted(*_traced(target), generator), "hidden channels permuted")


def disguised(target: Target, spread: float, generator: Generator) -> Attacked:
    """Permute, rescale, flip signs and fold the normalisations into the layers: every free axis at once.

    Args:
        spread: standard deviation of the logarithms of the channels' scales.
    """
    return _saved(target, *_disguise(target, spread, generator), "permuted, rescaled, signs flipped, BatchNorm folded")


def disguised_pruned(target: Target, share: float, generator: Generator) -> Attacked:
    """The same, and then a share of the smallest weights that remain is pruned, as they then are."""
    graph, tensors = _disguise(target, 1.0, generator)
    mask = _mask(target, tensors)
    pruned = thinned(mask, magnitudes(tensors, mask), share).applied(tensors)
    return _saved(target, graph, pruned, "disguised on every axis, then the smallest weights pruned")


def padded_channels(target: Target, share: float, generator: Generator) -> Attacked:
    """Add dummy channels that nobody reads, at random places of every hidden axis."""
    return _saved(target, *padded(*_traced(target), generator, share=share), "dummy channels added")


def split_channels(target: Target, share: float, generator: Generator) -> Attacked:
    """Split channels in two that share what their readers took of one."""
    return _saved(target, *split(*_traced(target), generator, share=share), "channels split in two")


def _traced(target: Target) -> tuple[Graph, Mapping[str, Tensor]]:
    try:
        return trace(target.network(target.tensors), target.data.input_shape), dict(target.tensors)
    except Unsupported as error:
        raise WinnowError("WN-O06", f"the network cannot be rewritten: {error}", where=target.name) from error


def _disguise(target: Target, spread: float, generator: Generator) -> tuple[Graph, Mapping[str, Tensor]]:
    graph, tensors = sign_flipped(*permuted(*_traced(target), generator), generator)
    return folded(*rescaled(graph, tensors, generator, spread=spread))


def _mask(target: Target, tensors: Mapping[str, Tensor]) -> Mask:
    return Mask({name: tensors[name] != 0 for name in target.mask})


def _saved(target: Target, graph: Graph, tensors: Mapping[str, Tensor], note: str) -> Attacked:
    return Attacked(tensors, _mask(target, tensors), GraphNetwork(graph, tensors), note=note)


_SHARES = (0.05, 0.1, 0.2)
_ADDED = "share of channels that is added"
ATTACKS = (
    Attack("permute", "disguising", "Permutes hidden channels.", "axes, all of them", (1,), permuted_only),
    Attack(
        "disguise",
        "disguising",
        "Permutes, rescales, flips signs, folds BatchNorm.",
        "spread of the scales (standard deviation of their logarithm)",
        (0.5, 1, 2),
        disguised,
    ),
    Attack(
        "disguise-prune",
        "disguising",
        "Does all of that, then prunes the smallest weights.",
        "share of the remaining weights that is pruned",
        _SHARES,
        disguised_pruned,
    ),
    Attack("pad", "disguising", "Adds dummy channels.", _ADDED, _SHARES, padded_channels),
    Attack("split", "disguising", "Splits channels in two.", _ADDED, _SHARES, split_channels),
)
