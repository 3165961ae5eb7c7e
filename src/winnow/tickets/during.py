"""Levels that are pruned while they train: from a recipe to the method, and the training of one level."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from winnow.core import WinnowError, derive_seed
from winnow.data import BatchOrder
from winnow.sparsity import Mask, structure_named
from winnow.tickets.early_bird import EarlyBird, check_threshold
from winnow.tickets.supermasks import keeps_of, train_supermasks
from winnow.training import Member, StackResult, train
from winnow.training.exchanging import GROWTHS, Exchanging
from winnow.training.rewiring import Rewiring, Updates
from winnow.training.thinning import RANKINGS, Thinning

if TYPE_CHECKING:
    from winnow.tickets.prepared import Prepared

EDGE_POPUP = "edge-popup"


def train_level(
    prepared: Prepared, module: nn.Module, members: Sequence[Member], level: int, **options: Any
) -> StackResult:
    """Train the members of a level as `recipe.during` says; level 0 is always the plain dense network.

    Args:
        prepared: the recipe.
        module: the architecture.
        members: of one stack; with set and rigl they have the level's mask, with the other methods a whole one.
        level: which.
        options: passed on to `winnow.training.train`.
    """
    recipe, data, plan = prepared.recipe, prepared.data, prepared.plan
    if not level or recipe.during == "none":
        return train(module, members, data, plan, level=level, **options)
    if recipe.during == EDGE_POPUP:
        keeps = keeps_of(prepared.ladder[level], prepared.layers)
        seed = derive_seed(recipe.seed, "during", level)
        return train_supermasks(module, members, data, plan, keeps=keeps, seed=seed, level=level, **options)
    return train(module, members, data, plan, level=level, rewiring=rewiring_for(prepared, level), **options)


def rewiring_for(prepared: Prepared, level: int) -> Rewiring:
    """The method by which the members of a level change their masks: gradual, movement, set or rigl.

    Raises:
        WinnowError: WN-R02 when no step is left to change a mask.
    """
    recipe, updates = prepared.recipe, _updates(prepared)
    if recipe.during in GROWTHS:
        return Exchanging(GROWTHS[recipe.during], recipe.drop, updates, derive_seed(recipe.seed, "during", level))
    return Thinning(
        RANKINGS[recipe.during],
        prepared.ladder[level],
        updates,
        structure_named(recipe.structure),
        accumulates=recipe.during == "movement",
    )


def early_bird_for(prepared: Prepared, draw: Callable[[Member, Mapping[str, Tensor]], Mask]) -> EarlyBird | None:
    """What watches the dense network for its mask to settle, looking once an epoch; None when the recipe asks for none.

    Args:
        prepared: the recipe.
        draw: as for `EarlyBird`: the mask of the first pruned level.
    """
    recipe = prepared.recipe
    if not recipe.early_bird or not recipe.levels:
        return None
    return EarlyBird(draw, recipe.early_bird, _per_epoch(prepared))


def check_during(prepared: Prepared) -> None:
    """Refuse what cannot be pruned while it trains, before anything is trained.

    Raises:
        WinnowError: WN-R02.
    """
    recipe = prepared.recipe
    if recipe.early_bird and recipe.levels:
        check_threshold(recipe.early_bird, prepared.ladder[1], prepared.layers)
    if recipe.during == "none":
        return
    if recipe.during not in RANKINGS and recipe.structure != "weight":
        raise _bad("structure", f"{recipe.during} chooses single weights", "Give --structure weight.")
    if structure_named(recipe.structure).density is not None:
        raise _bad("structure", f"{recipe.structure} has one density, and {recipe.during} goes through many")
    if recipe.during == EDGE_POPUP:
        _check_edge_popup(prepared)
    else:
        _updates(prepared)


def _check_edge_popup(prepared: Prepared) -> None:
    if prepared.rewind_step:
        raise _bad("rewind", "edge-popup trains no weights, so there is nothing to rewind")
    for pools in prepared.ladder[1:]:
        emptied = [name for name, keep in keeps_of(pools, prepared.layers).items() if not keep]
        if emptied:
            raise _bad("densities", f"nothing would be left of {emptied[0]}")


def _updates(prepared: Prepared) -> Updates:
    recipe, steps = prepared.recipe, prepared.plan.steps
    every = recipe.update_every.iterations(_per_epoch(prepared))
    return Updates(every, round(recipe.update_until * steps), prepared.rewind_step)


def _per_epoch(prepared: Prepared) -> int:
    return BatchOrder(len(prepared.data.train), prepared.recipe.batch, 0).per_epoch


def _bad(name: str, why: str, fix: str = "") -> WinnowError:
    return WinnowError("WN-R02", why, where=f"--{name.replace('_', '-')}", fix=fix)
