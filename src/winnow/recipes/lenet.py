"""Recipes for LeNet-300-100."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from winnow.core import Step
from winnow.tickets.recipe import FindRecipe


def lenet_mnist(**changes: Any) -> FindRecipe:
    """The paper's LeNet on MNIST (Figure 2): 50,000 steps of Adam at 1.2e-3, 20 % a level, output layer 10 %."""
    return replace(FindRecipe(name="lenet-mnist", data="ylecun/mnist"), **changes)


def lenet_digits(**changes: Any) -> FindRecipe:
    """The same network on scikit-learn's digits (8 x 8 pixels), in well under a minute on two cores.

    Steps and learning rate were chosen by validation loss on seed 0, so that the dense network passes its minimum
    before the end.
    """
    recipe = FindRecipe(
        name="lenet-digits",
        data="digits",
        validation=287,
        levels=9,
        steps=Step(1000),
        learning_rate=2.4e-3,
        evaluate_every=20,
    )
    return replace(recipe, **changes)
