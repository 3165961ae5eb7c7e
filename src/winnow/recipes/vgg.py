"""Recipes for VGG-19 (Frankle & Carbin 2019, Figure 2 and section 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from winnow.core import Step
from winnow.tickets.recipe import FindRecipe

# Nineteen levels end at 1.47 %, the sparsest ticket that the paper reports. The linear layer is counted, never pruned.
_SHARED: dict[str, Any] = {
    "model": "vgg-19",
    "data": "uoft-cs/cifar10",
    "scaling": "standard",
    "augment": "flip-crop",
    "levels": 19,
    "steps": Step(160, "ep"),
    "batch": 64,
    "optimizer": "momentum",
    "weight_decay": 1e-4,
    "schedule": "step",
    "milestones": (Step(80, "ep"), Step(120, "ep")),
    "scope": "global",
    "fixed": ("output.weight",),
}


def vgg19_cifar10(**changes: Any) -> FindRecipe:
    """The paper's VGG-19 on CIFAR-10 at its low learning rate, 0.01: 160 epochs (112,480 steps) of SGD with momentum.

    20 % of all convolution weights a level, over the whole network. At this rate tickets appear, below the accuracy
    of the dense network at 0.1. The paper does not state its scaling; here every channel has mean 0 and deviation 1.
    """
    return _recipe("vgg19-cifar10", 0.01, changes)


def vgg19_cifar10_high(**changes: Any) -> FindRecipe:
    """`vgg19_cifar10` at 0.1, where the paper finds no tickets: the same mask trains as well from fresh weights."""
    return _recipe("vgg19-cifar10-high", 0.1, changes)


def vgg19_cifar10_warmup(**changes: Any) -> FindRecipe:
    """`vgg19_cifar10` at 0.1 after 10,000 steps of warm-up, where tickets come back (down to 1.5 % in the paper)."""
    return _recipe("vgg19-cifar10-warmup", 0.1, {"warmup": Step(10_000), **changes})


def _recipe(name: str, learning_rate: float, changes: dict[str, Any]) -> FindRecipe:
    return replace(FindRecipe(name=name, learning_rate=learning_rate, **_SHARED), **changes)
