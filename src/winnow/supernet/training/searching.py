"""Search events: which units and tokens are dead, and taking them out of everything that a learner holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.supernet.network import Supernet, importances, token_importances
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import Architecture, costs_of, dense_architecture
from winnow.supernet.surgery import plan_cuts, shrink
from winnow.supernet.training.budget import within_budget
from winnow.supernet.training.learner import Learner

Alive = dict[str, Tensor]


def dense_macs(architecture: Architecture) -> int:
    """MACs of the whole supernet of which the architecture is a part."""
    whole = dense_architecture(architecture.space, architecture.task, architecture.outputs, architecture.input_size)
    return costs_of(whole).macs


def search(learner: Learner, recipe: SupernetRecipe, number: int, count: int, *, lifting: bool) -> dict[str, Any]:
    """Remove the dead units, when that saves enough; the last event of a phase saves what it can.

    Dead by threshold: |gamma| of the moving average and, but for the last event, also of the current weights at or
    below `recipe.threshold`. By budget: the least |gamma| of the average, until the MACs are down to a target that
    falls linearly over the events to `recipe.budget` of the dense supernet's.

    Args:
        learner: changed in place.
        recipe: how to search.
        number: of this event in the phase, from 1.
        count: events of the phase.
        lifting: whether a rebuilt block's masks are lifted.

    Returns:
        What happened: MACs and units before and after, whether anything changed.
    """
    architecture, last = learner.architecture, number == count
    dense, before = dense_macs(architecture), costs_of(architecture).macs
    names = _importance_names(learner.network)
    averages = {kind: {b: learner.average[n].abs() for b, n in names[kind].items()} for kind in names}
    if recipe.search == "budget":
        target = dense * (1 - (1 - recipe.budget) * number / count)
        units, tokens = within_budget(architecture, averages["units"], averages["tokens"], int(target))
    else:
        units, tokens = (_above(averages[kind], recipe.threshold) for kind in ("units", "tokens"))
        _keep_one(units, averages["units"])
    saved = before - _macs_of(architecture, units, tokens)
    happens = saved >= recipe.least_macs * dense or (last and saved > 0)
    if happens:
        if recipe.search == "threshold" and not last:
            current = _current(learner.network, names, recipe.threshold)
            units = {block: alive | current["units"][block] for block, alive in units.items()}
            tokens = {block: alive | current["tokens"][block] for block, alive in tokens.items()}
        _remove(learner, units, tokens)
        if lifting:
            _lift(learner)
    after = learner.architecture
    return {
        "kind": "search",
        "changed": happens,
        "macs_before": before,
        "macs_after": costs_of(after).macs,
        "units_before": architecture.units,
        "units_after": after.units,
        "tokens": sum(after.tokens),
        "empty_blocks": after.empty_blocks,
        "sparsity": learner.sparsity,
    }


def least_macs_of(architecture: Architecture) -> int:
    """MACs that no search can go below: everything but units and tokens."""
    empty = architecture.with_widths([(0,) * len(w) for w in architecture.widths], [0] * len(architecture.tokens))
    return costs_of(empty).macs


def check_budget(architecture: Architecture, recipe: SupernetRecipe) -> None:
    """Refuse a budget that would leave nothing.

    Raises:
        WinnowError: WN-R02.
    """
    dense, least = dense_macs(architecture), least_macs_of(architecture)
    if recipe.search == "budget" and recipe.budget * dense <= least:
        raise WinnowError(
            "WN-R02",
            f"{recipe.budget:g} of {dense:,} MACs is not above what stays when all units are gone, {least:,}",
            where="--budget",
            fix=f"Give at least {least / dense + 0.01:.2f}.",
        )


def _importance_names(network: Supernet) -> dict[str, dict[str, str]]:
    """Block to the name of its importances' parameter, of units and of tokens."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    found: dict[str, Mapping[str, nn.Parameter]] = {
        "units": importances(network),
        "tokens": token_importances(network),
    }
    return {kind: {b: names[id(gamma)] for b, gamma in found[kind].items() if gamma.numel()} for kind in found}


def _above(values: Mapping[str, Tensor], threshold: float) -> Alive:
    return {block: value > threshold for block, value in values.items()}


def _current(network: Supernet, names: Mapping[str, Mapping[str, str]], threshold: float) -> dict[str, Alive]:
    parameters = dict(network.named_parameters())
    return {
        kind: _above({b: parameters[n].detach().abs() for b, n in names[kind].items()}, threshold) for kind in names
    }


def _keep_one(alive: Alive, values: Mapping[str, Tensor]) -> None:
    """The greatest unit stays when all are dead: what has no unit left does not learn."""
    if alive and not any(bool(part.any()) for part in alive.values()):
        block = max(values, key=lambda name: float(values[name].max()))
        alive[block][values[block].argmax()] = True


def _macs_of(architecture: Architecture, units: Alive, tokens: Alive) -> int:
    return costs_of(plan_cuts(architecture, units, tokens).architecture).macs


def _remove(learner: Learner, units: Alive, tokens: Alive) -> None:
    """Out of the network, the optimizer, and every dict of tensors; masked weights give no constants to fold."""
    companions = (learner.average, learner.start, learner.mask, learner.pruned)
    shrunk = shrink(learner.network, learner.optimizer, units, tokens, mask=learner.mask, companions=companions)
    learner.network = shrunk.network
    learner.average, learner.start, learner.mask, learner.pruned = shrunk.companions


def _lift(learner: Learner) -> None:
    """A rebuilt block's weights all take part again; stem, shortcuts and the last convolution were not rebuilt."""
    for name in _rebuilt(learner.mask):
        learner.mask[name] = torch.ones_like(learner.mask[name])


def _rebuilt(mask: Mapping[str, Tensor]) -> list[str]:
    return [name for name in mask if name.startswith("blocks.") and ".shortcut." not in name]
