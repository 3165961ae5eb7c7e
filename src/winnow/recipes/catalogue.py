"""Recipes by the name that the command line takes."""

from __future__ import annotations

from collections.abc import Callable

from winnow.core import WinnowError
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
    if name not in RECIPES:
        raise WinnowError("WN-R01", f"no recipe {name!r}", fix=f"One of: {', '.join(RECIPES)}.")
    return RECIPES[name]
