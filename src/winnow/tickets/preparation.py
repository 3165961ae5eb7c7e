"""A recipe resolved against its data and network, before anything is written or trained."""

from __future__ import annotations

import dataclasses

from winnow.core import WinnowError, identity
from winnow.data import BatchOrder, DataSet, load
from winnow.data.augment import check_augment
from winnow.language import text_encoder
from winnow.models import Model, check_fit, model_named
from winnow.sparsity import (
    ladder,
    listed,
    prunable_layers,
    schedule_named,
    scope_named,
    score_named,
    structure_named,
)
from winnow.tickets.during import check_during
from winnow.tickets.prepared import Prepared
from winnow.tickets.recipe import REINIT, FindRecipe
from winnow.training import TrainingPlan


def prepare(recipe: FindRecipe) -> Prepared:
    """Load the data, build the network and lay out the ladder; nothing is written.

    Raises:
        WinnowError: for anything about the recipe, the data or the network that cannot work.
    """
    data, model, mark = _data_and_model(recipe)
    module = model.build(0)
    check_fit(module, data.train.inputs[:2], data.class_count)
    layers = prunable_layers(module, recipe.prunable, recipe.output_layer, fixed=recipe.fixed)
    score_named(recipe.score)
    steps = ladder(
        layers,
        _rates(recipe),
        recipe.levels,
        scope=scope_named(recipe.scope),
        schedule=listed(recipe.densities) if recipe.densities else schedule_named(recipe.pruning),
    )
    per_epoch = BatchOrder(len(data.train), recipe.batch, 0).per_epoch
    plan = _training_plan(recipe, per_epoch)
    rewind = recipe.rewind.iterations(per_epoch)
    if rewind >= plan.steps:
        raise WinnowError("WN-R02", f"step {rewind} is not before the end, step {plan.steps}", where="--rewind")
    prepared = Prepared(recipe, data, model, layers, steps, plan, rewind, identity(recipe, mark))
    check_during(prepared)
    return prepared


def _data_and_model(recipe: FindRecipe) -> tuple[DataSet, Model, str]:
    """The data, the network for it, and what both put into the run's identity."""
    text = text_encoder(recipe.model)
    data = load(
        recipe.data,
        validation=recipe.validation,
        seed=recipe.seed,
        scaling=recipe.scaling,
        tokenizer=text.tokenizer if text else None,
    )
    check_augment(recipe.augment, data)
    if text is None:
        model = model_named(recipe.model, image_shape=data.image_shape, classes=data.class_count)
        return data, model, data.fingerprint
    if REINIT in recipe.controls:
        raise WinnowError(
            "WN-R02",
            "an encoder starts from its pre-trained weights, so a fresh initialisation would change its head only",
            where="--controls",
            fix="Give --controls random (a random mask on the pre-trained weights).",
        )
    # The start's weights lie in files that may change, and the recipe names only the place.
    return data, text.model(data.class_count), f"{data.fingerprint} {text.digest()}"


def _rates(recipe: FindRecipe) -> dict[str, float]:
    """The recipe's rates; a pattern such as 2:4 names the density itself."""
    pattern = structure_named(recipe.structure).density
    if pattern is None:
        return recipe.rates
    return {kind: 1 - pattern if rate else 0.0 for kind, rate in recipe.rates.items()}


def _training_plan(recipe: FindRecipe, per_epoch: int) -> TrainingPlan:
    shared = {field.name for field in dataclasses.fields(TrainingPlan)} & {f.name for f in dataclasses.fields(recipe)}
    same = {name: getattr(recipe, name) for name in shared - {"steps", "warmup", "milestones"}}
    return TrainingPlan(
        steps=recipe.steps.iterations(per_epoch),
        warmup=recipe.warmup.iterations(per_epoch),
        milestones=tuple(m.iterations(per_epoch) for m in recipe.milestones),
        **same,
    )
