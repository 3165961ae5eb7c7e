"""Ways to a sparse network, all of the same optimizer steps, as named lists of phases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from winnow.core import chosen
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import Architecture
from winnow.supernet.studies import starts
from winnow.supernet.studies.problem import Problem
from winnow.supernet.studies.settling import prune_head, settle
from winnow.supernet.studies.source import Source
from winnow.supernet.studies.starts import Start
from winnow.supernet.training import Learner, Phase

TWO_IN_ONE, DENSE, DIRECT = "two-in-one", "dense", "direct"
_RETRAIN = "retrain"


@dataclass(frozen=True)
class Leg:
    """A phase, and what is pruned after it.

    Attributes:
        phase: what is trained.
        then: changes the learner's mask after the phase and tells what happened; None for nothing.
    """

    phase: Phase
    then: Callable[[Learner, Problem, SupernetRecipe], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Pipeline:
    """A named way from a start to a network.

    Attributes:
        name: its name.
        about: what it is, for tables and help.
        legs: of `recipe.steps` updates in all.
        start: from the dense supernet's architecture, the finished run that it needs, and a seed.
        needs: whose finished run it starts from: "two-in-one" or "dense"; "" for none.
        changes: fields of the recipe that it changes.
        masked: whether it ends at the recipe's sparsity; the dense ones do not.
    """

    name: str
    about: str
    legs: Callable[[SupernetRecipe], tuple[Leg, ...]]
    start: Callable[[Architecture, Source | None, int], Start] = starts.from_scratch
    needs: str = ""
    changes: Callable[[SupernetRecipe], dict[str, Any]] = lambda recipe: {}  # noqa: ARG005
    masked: bool = True

    def recipe(self, recipe: SupernetRecipe) -> SupernetRecipe:
        """The recipe as this pipeline trains by it."""
        return replace(recipe, **self.changes(recipe))


def legs_of(pipeline: Pipeline, recipe: SupernetRecipe) -> tuple[Leg, ...]:
    """The legs of a pipeline, and after them retraining with architecture and mask frozen, when the recipe has any.

    Raises:
        ValueError: when the pipeline does not take `recipe.steps` updates.
    """
    legs = pipeline.legs(recipe)
    if sum(leg.phase.steps for leg in legs) != recipe.steps:
        raise ValueError(f"{pipeline.name} does not take {recipe.steps} steps")
    return (*legs, Leg(Phase(_RETRAIN, recipe.retrain_steps))) if recipe.retrain_steps else legs


def two_in_one(recipe: SupernetRecipe) -> tuple[Leg, ...]:
    """Search and pruning together (You et al. 2022, algorithm 1)."""
    return (Leg(Phase("draw", recipe.steps, search=True, prune=True, sparsity=recipe.sparsity)),)


def search_then_prune(recipe: SupernetRecipe) -> tuple[Leg, ...]:
    """Half of the steps each; periods are halved too, so that each half has as many events as the whole would."""
    first = recipe.steps // 2
    second = Phase("prune", recipe.steps - first, prune=True, sparsity=recipe.sparsity)
    return Leg(Phase("search", first, search=True)), Leg(second)


def prune_then_search(recipe: SupernetRecipe) -> tuple[Leg, ...]:
    """Half of the steps each, as in `search_then_prune`; the mask is taken anew when the search is over."""
    first = recipe.steps // 2
    begin = Phase("prune", first, prune=True, sparsity=recipe.sparsity)
    return Leg(begin), Leg(Phase("search", recipe.steps - first, search=True), settle)


def prune_only(recipe: SupernetRecipe) -> tuple[Leg, ...]:
    """Gradual pruning of an architecture that stays."""
    return (Leg(Phase("prune", recipe.steps, prune=True, sparsity=recipe.sparsity)),)


def train_only(recipe: SupernetRecipe) -> tuple[Leg, ...]:
    """Architecture and mask stay as they are."""
    return (Leg(Phase("train", recipe.steps)),)


def train_and_prune_head(recipe: SupernetRecipe) -> tuple[Leg, ...]:
    """Architecture and trunk's mask stay; after half of the steps the fresh head is pruned to the recipe's sparsity."""
    first = recipe.steps // 2
    return Leg(Phase("fit", first), prune_head), Leg(Phase("train", recipe.steps - first))


def _halved(recipe: SupernetRecipe) -> dict[str, Any]:
    return {name: max(1, getattr(recipe, name) // 2) for name in ("search_every", "prune_every")}


def _all_at_once(recipe: SupernetRecipe) -> dict[str, Any]:  # noqa: ARG001
    return {"progress": 1.0}


def _no_return(recipe: SupernetRecipe) -> dict[str, Any]:  # noqa: ARG001
    return {"reactivation": "none"}


def _table(*pipelines: Pipeline) -> dict[str, Pipeline]:
    return {pipeline.name: pipeline for pipeline in pipelines}


PIPELINES = _table(
    Pipeline(TWO_IN_ONE, "search and pruning in one training", two_in_one),
    Pipeline("search-then-prune", "half of the steps search, half prune", search_then_prune, changes=_halved),
    Pipeline("prune-then-search", "half of the steps prune, half search", prune_then_search, changes=_halved),
    Pipeline("dense-small", "dense, as many weights, from scratch", train_only, starts.small, TWO_IN_ONE, masked=False),
    Pipeline(
        "random-matched",
        "its architecture, random mask with its count in each layer, fresh weights",
        train_only,
        starts.matched_at_random,
        TWO_IN_ONE,
    ),
    Pipeline(
        "compact-magnitude",
        "its architecture, fresh weights, gradual magnitude pruning",
        prune_only,
        starts.searched,
        TWO_IN_ONE,
        lambda recipe: {"score": "magnitude"},  # noqa: ARG005
    ),
    Pipeline(DENSE, "the whole supernet, neither searched nor pruned", train_only, masked=False),
)
# Two-in-one without progressive pruning, without iterative reactivation, and without both (2 x 2; retraining makes 8).
# Where no weight returns, the last search may have taken more unmasked weights than masked ones: such a run can end a
# little above the recipe's sparsity, and its table says where.
ABLATIONS = _table(
    Pipeline("no-progressive", "two-in-one, pruned to the end at once", two_in_one, changes=_all_at_once),
    Pipeline("no-reactivation", "two-in-one, pruned weights never return", two_in_one, changes=_no_return),
    Pipeline(
        "neither",
        "two-in-one without both",
        two_in_one,
        changes=lambda recipe: {**_all_at_once(recipe), **_no_return(recipe)},
    ),
)
ARMS = _table(
    Pipeline("architecture", "its trunk, fresh weights, pruned here", prune_only, starts.with_architecture, TWO_IN_ONE),
    Pipeline("mask", "its trunk and mask, fresh weights", train_and_prune_head, starts.with_mask, TWO_IN_ONE),
    Pipeline("weights", "its trunk, mask and trained weights", train_and_prune_head, starts.with_weights, TWO_IN_ONE),
    Pipeline(DIRECT, "two-in-one on the target itself", two_in_one),
    Pipeline("dense-pretrained", "a dense trunk trained there, two-in-one here", two_in_one, starts.pretrained, DENSE),
)


def pipeline_named(name: str) -> Pipeline:
    """A pipeline, an arm of the ablation or of a transfer.

    Raises:
        WinnowError: WN-C01 when there is none of that name.
    """
    return chosen({**PIPELINES, **ABLATIONS, **ARMS}, name, "pipeline", "WN-C01")
