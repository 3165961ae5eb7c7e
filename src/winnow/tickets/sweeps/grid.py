"""A grid of recipes: the product of axes over the fields of a recipe. No torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from winnow.core import WinnowError, plain
from winnow.tickets.recipe import FindRecipe

METHOD = "method"


@dataclass(frozen=True)
class Cell:
    """A place of a grid.

    Attributes:
        labels: value by axis, as a table shows it.
        recipe: what to run; None when the values contradict each other.
        error: then, why.
        command: makes this run alone.
    """

    labels: Mapping[str, Any]
    recipe: FindRecipe | None
    error: WinnowError | None = None
    command: str = ""

    @property
    def name(self) -> str:
        """Such as "score=random seed=0"."""
        return " ".join(f"{axis}={value}" for axis, value in self.labels.items())


def grid(
    base: FindRecipe,
    axes: Mapping[str, Sequence[Any]],
    fixed: Mapping[str, Any] | None = None,
    with_method: Callable[[FindRecipe, str], FindRecipe] | None = None,
) -> list[Cell]:
    """The cells of the product of all axes, the last axis fastest.

    Values that contradict each other make a cell with an error, and the others stay.

    Args:
        base: the recipe that all cells start from.
        axes: values by field of `FindRecipe`, or by "method".
        fixed: fields that all cells share.
        with_method: sets a method's fields, for an axis "method"; `axes` and `fixed` overrule what it sets.
    """
    cells = []
    for values in product(*axes.values()):
        point = dict(zip(axes, values, strict=True))
        labels = {axis: label(value) for axis, value in point.items()}
        try:
            start = with_method(base, point.pop(METHOD)) if with_method and METHOD in point else base
            cells.append(Cell(labels, dataclasses.replace(start, **dict(fixed or {}), **point)))
        except WinnowError as error:
            cells.append(Cell(labels, None, error))
    return cells


def label(value: Any) -> Any:
    """A value as a table shows it: several with a plus between them."""
    if isinstance(value, (list, tuple)):
        return "+".join(str(part) for part in value) or "none"
    return plain(value)


def cells_of(recipes: Sequence[Cell | FindRecipe]) -> list[Cell]:
    """Recipes as cells, told apart by the fields in which they differ; cells stay as they are."""
    plain_ones = [recipe for recipe in recipes if isinstance(recipe, FindRecipe)]
    names = [f.name for f in dataclasses.fields(FindRecipe)]
    axes = [name for name in names if len({getattr(recipe, name) for recipe in plain_ones}) > 1] or ["name"]

    def cell(recipe: FindRecipe) -> Cell:
        return Cell({axis: label(getattr(recipe, axis)) for axis in axes}, recipe)

    return [cell(recipe) if isinstance(recipe, FindRecipe) else recipe for recipe in recipes]
