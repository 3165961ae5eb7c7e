"""Recipes for the 20-layer residual network, and for ResNet-50."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from winnow.core import Step
from winnow.tickets.recipe import FindRecipe

# Counted, never pruned: they are a hundredth of the network (Frankle & Carbin 2019, Figure 2).
_FIXED = ("*.shortcut.*", "output.weight")

# What all recipes here share: SGD with momentum 0.9 and a step schedule.
_SGD: dict[str, Any] = {
    "scaling": "standard",
    "augment": "flip-crop",
    "batch": 128,
    "optimizer": "momentum",
    "weight_decay": 1e-4,
    "schedule": "step",
    "scope": "global",
}
_CIFAR10: dict[str, Any] = {**_SGD, "data": "uoft-cs/cifar10", "levels": 10, "fixed": _FIXED}
_RESNET18: dict[str, Any] = {
    **_CIFAR10,
    "model": "resnet-18",
    "steps": Step(30_000),
    "milestones": (Step(20_000), Step(25_000)),
}


def resnet18_cifar10(**changes: Any) -> FindRecipe:
    """The paper's ResNet-18 (20 layers) on CIFAR-10 at its low learning rate, 0.01: 30,000 steps, batches of 128.

    SGD with momentum 0.9 and weight decay 1e-4, the rate divided by 10 at 20,000 and 25,000 steps; 20 % of all
    convolution weights a level, over the whole network, down to 11.8 % (Frankle & Carbin 2019, Figure 2 and section
    4). The paper does not state its scaling; here every channel has mean 0 and deviation 1.
    """
    return _recipe("resnet18-cifar10", {**_RESNET18, "learning_rate": 0.01}, changes)


def resnet18_cifar10_high(**changes: Any) -> FindRecipe:
    """`resnet18_cifar10` at 0.1, where the paper finds no tickets, whatever the warm-up."""
    return _recipe("resnet18-cifar10-high", {**_RESNET18, "learning_rate": 0.1}, changes)


def resnet18_cifar10_warmup(**changes: Any) -> FindRecipe:
    """`resnet18_cifar10` at 0.03 after 20,000 steps of warm-up: the paper's best tickets, 90.5 % at 27.1 %."""
    fields = {**_RESNET18, "learning_rate": 0.03, "warmup": Step(20_000)}
    return _recipe("resnet18-cifar10-warmup", fields, changes)


def resnet20_cifar10(**changes: Any) -> FindRecipe:
    """ResNet-20 on CIFAR-10 at 0.1 with late rewinding, the setting of linear mode connectivity (Frankle et al. 2020).

    From the paper: weights rewind to step 2,000, from where on the dense network is stable (its pruned subnetworks
    are from 500 on). From the authors' code (open_lth, defaults of cifar_resnet_20), not checked against the paper:
    160 epochs, batch 128, momentum 0.9, weight decay 1e-4, drops at 80 and 120 epochs. Winnow's own choice: shortcuts
    and the linear layer are not pruned and there are ten levels, as in `resnet18_cifar10`; that code prunes them all.
    """
    fields = {
        **_CIFAR10,
        "model": "resnet-20",
        "learning_rate": 0.1,
        "steps": Step(160, "ep"),
        "milestones": (Step(80, "ep"), Step(120, "ep")),
        "rewind": Step(2000),
    }
    return _recipe("resnet20-cifar10", fields, changes)


def resnet20_digits(**changes: Any) -> FindRecipe:
    """ResNet-20 on scikit-learn's digits (8 x 8), rewound to step 20: two large levels, half a minute a replicate.

    Steps, batch, learning rate and its drops were chosen by validation loss on seed 0, so that the dense network passes
    its minimum before the end. Digits are not flipped.
    """
    fields = {
        **_CIFAR10,
        "model": "resnet-20",
        "data": "digits",
        "scaling": "unit",
        "augment": "none",
        "validation": 287,
        "levels": 2,
        "steps": Step(120),
        "batch": 32,
        "learning_rate": 0.03,
        "milestones": (Step(80), Step(100)),
        "evaluate_every": 20,
        "update_every": Step(20),
        "rate_conv": 0.6,
        "rewind": Step(20),
    }
    return _recipe("resnet20-digits", fields, changes)


def resnet50_imagenet(**changes: Any) -> FindRecipe:
    """ResNet-50 on ImageNet with late rewinding to epoch 5, where its subnetworks are stable (Frankle et al. 2020).

    The folder must hold images of one size, and all of them are kept in memory as 32-bit floats: 0.6 MB for an image
    of 224 x 224. So this wants a subset, smaller images, or a very large machine. Images below 64 pixels get a stem
    without pooling.

    From the paper: the rewind point. From the authors' code (open_lth, defaults of imagenet_resnet_50), not checked
    against the paper: 90 epochs, batch 1,024, 0.4 after 5 epochs of warm-up, drops at 30, 60 and 80 epochs, weight
    decay 1e-4, 20 % of all weights a level. Winnow's own choice: eight levels, past the 80 % sparsity of the
    late-rewinding paper (Frankle et al. 2019); 10,000 validation images; flips and shifts by 4 pixels in place of
    crops of random size.
    """
    fields = {
        **_SGD,
        "model": "resnet-50",
        "data": "imagenet",
        "validation": 10_000,
        "batch": 1024,
        "levels": 8,
        "learning_rate": 0.4,
        "steps": Step(90, "ep"),
        "milestones": (Step(30, "ep"), Step(60, "ep"), Step(80, "ep")),
        "warmup": Step(5, "ep"),
        "evaluate_every": 1000,
        "rate_output": 0.2,
        "rewind": Step(5, "ep"),
    }
    return _recipe("resnet50-imagenet", fields, changes)


def _recipe(name: str, fields: dict[str, Any], changes: dict[str, Any]) -> FindRecipe:
    return replace(FindRecipe(name=name, **fields), **changes)
