"""Recipes by the name that the command line takes."""

from __future__ import annotations

from collections.abc import Callable

from winnow.core import chosen
from winnow.recipes.lenet import lenet_digits, lenet_mnist
from winnow.tickets.recipe import FindRecipe

RECIPES: dict[str, Callable[..., FindRecipe]] = {
    "lenet-digits": lenet_digits,
    "lenet-mnist": lenet_mnist,
}


def recipe_named(name: str) -> Callable[..., FindRecipe]:
    """The recipe of that name.

    Raises:
        WinnowError: WN-R01 when there is none.
    """
    return chosen(RECIPES, name, "recipe", "WN-R01")
