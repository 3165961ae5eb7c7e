"""Edge-popup: which weights of an untrained network to keep is learned; the weights themselves are not.

Ramanujan et al. (2020), "What's hidden in a randomly weighted neural network?", section 3.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from winnow.core import WinnowError, derive_seed
from winnow.data import DataSet
from winnow.sparsity import Layer, Mask, Pool
from winnow.sparsity.structures import SingleWeights
from winnow.training import Member, StackResult, Trained, TrainingPlan, train

NOTE = "dense: scores are trained, and every weight has one"


def train_supermasks(
    module: nn.Module,
    members: Sequence[Member],
    data: DataSet,
    plan: TrainingPlan,
    *,
    keeps: Mapping[str, int],
    seed: int = 0,
    **options: Any,
) -> StackResult:
    """Train a score per weight in place of the weights.

    The forward pass keeps the weights with the highest |score| of every tensor; the backward pass takes the choice for
    the identity (straight-through), so that a score moves with weight * gradient of the effective weight. The weights
    stay as the network drew them (the paper also takes signed constants, which are better there). Biases and the scale
    and shift of norms stay at their start too: the networks of this package draw 0, and 1 and 0, which is the paper's
    "no bias, no affine"; your own network may draw biases. Running averages of BatchNorm move as ever.

    Args:
        module: the architecture.
        members: the networks; their masks are not looked at beyond the names.
        data: as for `winnow.training.train`.
        plan: how to train the scores; weight decay is that of the scores.
        keeps: how many weights every masked tensor keeps.
        seed: the scores are drawn from a stream of it, the member and the tensor.
        options: passed on to `winnow.training.train`.

    Returns:
        As from `train`, in the network's own names: `Trained.tensors` has the start weights under the learned mask,
        which is the member's. Snapshots are left out.

    Raises:
        WinnowError: WN-M03 when a masked weight is shared by several layers.
    """
    hidden = with_scores(module, keeps)
    scored = [replace(m, start=_start(m, keeps, seed), mask=Mask({})) for m in members]
    result = train(hidden, scored, data, plan, **{**options, "execution": "dense"})
    trained = [_plain(network, member, keeps) for network, member in zip(result.trained, members, strict=True)]
    return StackResult(trained, result.rows, NOTE)


def keeps_of(pools: Sequence[Pool], layers: Sequence[Layer]) -> dict[str, int]:
    """How many weights every tensor keeps; tensors of one pool share its count in proportion to their size.

    Counts are rounded down, and the first tensors get one weight more until they add up to the pool's.
    """
    sizes = {layer.name: layer.weights for layer in layers}
    keeps: dict[str, int] = {}
    for pool in pools:
        total = sum(sizes[name] for name in pool.names)
        counts = [pool.keep * sizes[name] // total for name in pool.names]
        more = pool.keep - sum(counts)
        keeps |= {
            name: count + (place < more) for place, (name, count) in enumerate(zip(pool.names, counts, strict=True))
        }
    return keeps


def with_scores(module: nn.Module, keeps: Mapping[str, int]) -> nn.Module:
    """A copy of the network in which only scores can be trained, one beside each of the named weights."""
    hidden = copy.deepcopy(module).requires_grad_(False)
    _refuse_shared(hidden, keeps)
    for name, keep in keeps.items():
        path, _, own_name = name.rpartition(".")
        owner = hidden.get_submodule(path)
        chooser = _Chooser(getattr(owner, own_name), keep)
        # The choice has the weight's own shape and kind: no need to try it out, which would run it once.
        parametrize.register_parametrization(owner, own_name, chooser, unsafe=True)
    return hidden


def chosen_by(scores: Tensor, keep: int) -> Tensor:
    """The mask of the `keep` highest |score|; of equal ones the later position, as in `winnow.sparsity.prune`."""
    everything = torch.ones(scores.shape, dtype=torch.bool, device=scores.device)
    return SingleWeights().prune_pool([scores.detach().abs()], [everything], keep)[0]


class _Chooser(nn.Module):
    """The parametrisation of one weight: what its scores choose of it."""

    def __init__(self, weight: Tensor, keep: int) -> None:
        super().__init__()
        self.scores, self.keep = nn.Parameter(torch.zeros_like(weight)), keep

    def forward(self, weight: Tensor) -> Tensor:
        return weight * _StraightThrough.apply(self.scores.abs(), chosen_by(self.scores, self.keep))


class _StraightThrough(torch.autograd.Function):
    """The mask going forward, the identity for the scores' gradient going back."""

    @staticmethod
    def forward(ctx: Any, strength: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG004
        return mask.to(strength.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]  # noqa: ARG004
        return gradient, None


def _names(name: str) -> tuple[str, str]:
    """Where the parametrised network holds a weight, and its scores."""
    path, _, own_name = name.rpartition(".")
    place = f"{path}.parametrizations.{own_name}" if path else f"parametrizations.{own_name}"
    return f"{place}.original", f"{place}.0.scores"


def _start(member: Member, keeps: Mapping[str, int], seed: int) -> dict[str, Tensor]:
    """The member's start in the names of the parametrised network, with drawn scores."""
    place = (member.branch, member.replicate)
    weights = {_names(name)[0] if name in keeps else name: tensor for name, tensor in member.start.items()}
    drawn = {name: _drawn(member.start[name], derive_seed(seed, "scores", *place, name)) for name in keeps}
    return {**weights, **{_names(name)[1]: scores for name, scores in drawn.items()}}


def _drawn(weight: Tensor, seed: int) -> Tensor:
    """Kaiming uniform scores with a = sqrt(5), as torch draws linear weights: within 1 / sqrt(inputs of a unit)."""
    bound = max(weight.shape[1:].numel() if weight.dim() > 1 else weight.numel(), 1) ** -0.5
    generator = torch.Generator().manual_seed(seed)
    return torch.empty(weight.shape).uniform_(-bound, bound, generator=generator)


def _plain(network: Trained, member: Member, keeps: Mapping[str, int]) -> Trained:
    """A trained network in the names of the original one."""
    chosen = {name: chosen_by(network.tensors[_names(name)[1]], keep) for name, keep in keeps.items()}
    mask = Mask({name: chosen.get(name, own) for name, own in member.mask.items()})
    tensors = {name: network.tensors[_names(name)[0] if name in keeps else name] for name in member.start}
    return Trained(replace(member, mask=mask), mask.applied(tensors))


def _refuse_shared(module: nn.Module, keeps: Mapping[str, int]) -> None:
    uses = Counter(id(parameter) for _, parameter in module.named_parameters(remove_duplicate=False))
    shared = [name for name in keeps if uses[id(module.get_parameter(name))] > 1]
    if shared:
        raise WinnowError(
            "WN-M03",
            "edge-popup needs a weight of its own in every layer; this one is shared",
            where=shared[0],
            fix="Leave it out with --prunable.",
        )
