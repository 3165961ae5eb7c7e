"""Recipes against the paper's table, and published methods as changes to any of them."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from winnow import recipes
from winnow.core import Step, WinnowError
from winnow.recipes import METHODS, RECIPES, recipe_named, with_method
from winnow.sparsity import Ticket
from winnow.tickets import find
from winnow.tickets.recipe import FindRecipe

Row = tuple[str, str, int, str, float, tuple[float, float, float], str]

# Frankle & Carbin 2019, Figure 2; dropout: section 3; ResNet-18 and VGG-19: section 4. Network, steps, batch,
# optimizer, learning rate, rates of convolutions, hidden and output layers, and who competes.
PAPER: dict[str, Row] = {
    "lenet-mnist": ("lenet-300-100", "50000it", 60, "adam", 1.2e-3, (0.2, 0.2, 0.1), "layer"),
    "conv2-cifar10": ("conv-2", "20000it", 60, "adam", 2e-4, (0.1, 0.2, 0.1), "layer"),
    "conv4-cifar10": ("conv-4", "25000it", 60, "adam", 3e-4, (0.1, 0.2, 0.1), "layer"),
    "conv6-cifar10": ("conv-6", "30000it", 60, "adam", 3e-4, (0.15, 0.2, 0.1), "layer"),
    "conv2-cifar10-dropout": ("conv-2-dropout", "60000it", 60, "adam", 3e-4, (0.1, 0.2, 0.1), "layer"),
    "conv4-cifar10-dropout": ("conv-4-dropout", "75000it", 60, "adam", 2e-4, (0.1, 0.2, 0.1), "layer"),
    "conv6-cifar10-dropout": ("conv-6-dropout", "90000it", 60, "adam", 2e-4, (0.15, 0.2, 0.1), "layer"),
    "resnet18-cifar10": ("resnet-18", "30000it", 128, "momentum", 0.01, (0.2, 0.2, 0.1), "global"),
    "resnet18-cifar10-high": ("resnet-18", "30000it", 128, "momentum", 0.1, (0.2, 0.2, 0.1), "global"),
    "resnet18-cifar10-warmup": ("resnet-18", "30000it", 128, "momentum", 0.03, (0.2, 0.2, 0.1), "global"),
    "vgg19-cifar10": ("vgg-19", "160ep", 64, "momentum", 0.01, (0.2, 0.2, 0.1), "global"),
    "vgg19-cifar10-high": ("vgg-19", "160ep", 64, "momentum", 0.1, (0.2, 0.2, 0.1), "global"),
    "vgg19-cifar10-warmup": ("vgg-19", "160ep", 64, "momentum", 0.1, (0.2, 0.2, 0.1), "global"),
}
PER_EPOCH = 45_000 // 64  # of VGG-19; the last images of an epoch are dropped


@pytest.mark.parametrize("name", PAPER)
def test_recipes_train_and_prune_as_the_papers_table_says(name: str) -> None:
    recipe = recipe_named(name)()
    assert PAPER[name] == (
        recipe.model,
        str(recipe.steps),
        recipe.batch,
        recipe.optimizer,
        recipe.learning_rate,
        (recipe.rate_conv, recipe.rate_fc, recipe.rate_output),
        recipe.scope,
    )
    assert (recipe.validation, recipe.evaluate_every, recipe.rewind, recipe.rounds) == (5000, 100, Step(0), "iterative")
    assert (recipe.score, recipe.during, recipe.controls) == ("magnitude", "none", ("reinit", "random"))


@pytest.mark.parametrize("name", [name for name in PAPER if PAPER[name][-1] == "global"])
def test_deep_networks_have_the_papers_schedule_and_augmentation(name: str) -> None:
    recipe = recipe_named(name)()
    drops = [milestone.iterations(PER_EPOCH) for milestone in recipe.milestones]
    assert drops == ([20_000, 25_000] if recipe.model == "resnet-18" else [80 * 703, 120 * 703])
    assert (recipe.schedule, recipe.decay, recipe.momentum, recipe.weight_decay) == ("step", 0.1, 0.9, 1e-4)
    assert recipe.augment == "flip-crop"
    warmup = {"resnet18-cifar10-warmup": 20_000, "vgg19-cifar10-warmup": 10_000}
    assert recipe.warmup == Step(warmup.get(name, 0))


def test_vgg_19_trains_for_112_480_steps() -> None:
    assert recipe_named("vgg19-cifar10")().steps.iterations(PER_EPOCH) == 112_480


@pytest.mark.parametrize("name", [name for name in PAPER if PAPER[name][-1] == "layer"])
def test_shallow_networks_train_at_one_rate_on_plain_images(name: str) -> None:
    recipe = recipe_named(name)()
    assert (recipe.schedule, recipe.augment, recipe.warmup, recipe.weight_decay) == ("constant", "none", Step(0), 0.0)
    assert recipe.fixed == ()


def test_late_rewinding_goes_to_where_networks_are_stable() -> None:
    assert recipe_named("resnet20-cifar10")().rewind == Step(2000)
    assert recipe_named("resnet50-imagenet")().rewind == Step(5, "ep")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_bears_its_name_and_takes_changes(name: str) -> None:
    recipe = recipe_named(name)
    assert recipe().name == name
    assert recipe(seed=4, steps="7it").steps == Step(7)
    assert recipe(seed=4) == dataclasses.replace(recipe(), seed=4)
    assert recipe is getattr(recipes, name.replace("-", "_"))
    with pytest.raises(TypeError, match="sed"):
        recipe(sed=4)


def test_changes_win_over_what_a_recipe_sets() -> None:
    assert recipe_named("vgg19-cifar10-warmup")(warmup="5it").warmup == Step(5)
    assert recipe_named("conv6-cifar10-dropout")(rate_conv=0.3, model="conv-6").rate_conv == 0.3


def test_no_two_recipes_are_one() -> None:
    every = {dataclasses.replace(build(), name="") for build in RECIPES.values()}
    assert len(every) == len(RECIPES)


def test_recipes_and_methods_are_read_without_torch() -> None:
    code = "import sys, winnow.recipes; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", METHODS)
def test_every_method_goes_with_every_recipe(name: str) -> None:
    for build in RECIPES.values():
        recipe = build()
        changed = with_method(recipe, name)
        assert set(METHODS[name].changes) <= {field.name for field in dataclasses.fields(FindRecipe)}
        differing = {f.name for f in dataclasses.fields(recipe) if getattr(recipe, f.name) != getattr(changed, f.name)}
        assert differing <= METHODS[name].changes.keys()
        assert with_method(changed, name) == changed


@pytest.mark.parametrize("name", METHODS)
def test_a_method_leaves_data_network_and_training_as_they_are(name: str) -> None:
    names = [field.name for field in dataclasses.fields(FindRecipe)]
    before_pruning = names[: names.index("score")]
    assert not METHODS[name].changes.keys() & {*before_pruning, "densities", "rate_conv", "rate_fc", "fixed", "seed"}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_names_its_paper(name: str) -> None:
    assert re.search(r"\(.*\b20\d\d\b.*\)\.$", METHODS[name].about)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("imp", {}),
        ("one-shot", {"rounds": "oneshot"}),
        ("continued", {"rounds": "continued"}),
        ("rate-rewinding", {"rewinding": "rate"}),
        ("snip", {"rounds": "at-start", "score": "snip", "scope": "global"}),
        ("grasp", {"rounds": "at-start", "score": "grasp", "scope": "global"}),
        ("synflow", {"rounds": "at-start", "score": "synflow", "scope": "global", "score_rounds": 100}),
        ("magnitude-at-start", {"rounds": "at-start", "score": "magnitude-at-start"}),
        ("random", {"rounds": "at-start", "score": "random"}),
        ("erk", {"rounds": "at-start", "score": "random", "scope": "erk"}),
        ("set", {"rounds": "at-start", "score": "random", "scope": "erk", "during": "set", "controls": ()}),
        ("rigl", {"rounds": "at-start", "score": "random", "scope": "erk", "during": "rigl", "controls": ()}),
        ("gradual", {"rounds": "at-start", "scope": "global", "during": "gradual", "controls": ()}),
        ("movement", {"rounds": "at-start", "scope": "global", "during": "movement", "controls": ()}),
        ("edge-popup", {"rounds": "at-start", "during": "edge-popup", "controls": ()}),
        ("wanda", {"rounds": "oneshot", "score": "wanda", "structure": "row", "rewinding": "rate"}),
        ("early-bird", {"rounds": "oneshot", "early_bird": 0.1, "rewinding": "rate"}),
    ],
)
def test_methods_are_these_fields_of_the_default_recipe(name: str, fields: dict[str, object]) -> None:
    assert with_method(FindRecipe(), name) == FindRecipe(**fields)  # pyright: ignore[reportArgumentType]


def test_pruning_before_training_rewinds_to_nothing_later() -> None:
    recipe = recipe_named("resnet20-cifar10")()
    assert with_method(recipe, "snip").rewind == Step(0)
    assert with_method(recipe, "rate-rewinding").rewind == Step(2000)


def test_the_mask_of_a_run_leaves_fixed_layers_whole(tmp_path: Path) -> None:
    recipe = recipe_named("resnet20-digits")(
        levels=1, steps="2it", rewind="1it", milestones=(), controls=(), replicates=1, evaluate_every=2, batch=8
    )
    run = find(recipe, out=tmp_path / "run", execution="dense")
    mask = Ticket.from_pretrained(run.level(1) / "replicate-0").mask
    whole = {name for name, tensor in mask.items() if tensor.all()}
    assert whole >= {"output.weight", "stages.1.0.shortcut.0.weight", "stages.2.0.shortcut.0.weight"}
    assert len(whole) == 3
    kept = sum(int(tensor.sum()) for name, tensor in mask.items() if name not in whole)
    pruned = sum(tensor.numel() for name, tensor in mask.items() if name not in whole)
    assert kept == round(0.4 * pruned)


def test_an_unknown_method_lists_the_known() -> None:
    with pytest.raises(WinnowError, match="no pruning method 'snap'") as caught:
        with_method(FindRecipe(), "snap")
    assert caught.value.code == "WN-R01"
    assert "snip" in caught.value.fix


def test_a_method_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        METHODS["imp"].changes["seed"] = 1  # pyright: ignore[reportIndexIssue]
