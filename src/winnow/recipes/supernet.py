"""Recipes of supernets; the paper is You et al. 2022 (SuperTickets, arXiv 2207.03677)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from winnow.core import chosen
from winnow.supernet.recipe import SupernetRecipe


def _published(images: int, batch: int, epochs: int, retrain: int, search: int, prune: int) -> dict[str, Any]:
    """Periods of the released configurations, there in epochs, as optimizer steps."""
    epoch = images // batch
    return {
        "batch": batch,
        "steps": epochs * epoch,
        "retrain_steps": retrain * epoch,
        "search_every": search * epoch,
        "prune_every": prune * epoch,
        "rho_ramp": 25 / epochs,
        "search": "threshold",
        "proximal": False,
        "tokens": False,
        "space": "paper",
        "sparsity": 0.9,
        "average": 0.9999,
    }


# What differs from a class of small images on the tiny supernet in minutes on two cores.
_FIELDS: dict[str, dict[str, Any]] = {
    "cifar10": {},
    "camvid": {
        "task": "segmentation",
        "height": 96,
        "width": 128,
        "batch": 12,
        "steps": 600,
        "retrain_steps": 300,
        "search_every": 50,
        "prune_every": 50,
    },
    "lsp": {
        "task": "keypoints",
        "height": 64,
        "width": 64,
        "steps": 800,
        "retrain_steps": 400,
        "search_every": 60,
        "prune_every": 65,
    },
    # Scenes composed of digits, for quick looks; `--task` chooses what is asked of them.
    "scenes": {
        "data": "scenes",
        "mirror": False,
        "height": 48,
        "width": 48,
        "steps": 300,
        "retrain_steps": 100,
        "search_every": 25,
        "prune_every": 25,
    },
    # The released configurations, searches at the published thresholds. For a GPU, and days.
    "imagenet": {
        **_published(1_281_167, 256, 350, 50, 10, 25),
        "height": 224,
        "width": 224,
        "optimizer": "rmsprop",
        "learning_rate": 0.016,
        "schedule": "exponential",
        "rho": 1.8e-4,
    },
    "cityscapes": {
        **_published(2_975, 32, 430, 50, 10, 25),
        "task": "segmentation",
        "height": 512,
        "width": 1024,
        "learning_rate": 0.04,
        "rho": 1.4e-4,
        "least_macs": 1.6e-5,
    },
    "ade20k": {
        **_published(20_210, 64, 200, 50, 25, 15),
        "task": "segmentation",
        "space": "paper-ade20k",
        "height": 512,
        "width": 512,
        "learning_rate": 0.04,
        "rho": 1.4e-4,
        "least_macs": 2.8e-5,
    },
    "coco": {
        **_published(149_813, 384, 210, 50, 10, 15),
        "task": "keypoints",
        "height": 256,
        "width": 192,
        "learning_rate": 1e-3,
        "schedule": "steps",
        "weight_decay": 1e-8,
        "rho": 1e-6,
        "least_macs": 1.7e-4,
    },
}


def _recipe(fields: Mapping[str, Any], **changes: Any) -> SupernetRecipe:
    return replace(SupernetRecipe(), **{**fields, **changes})


SUPERNET_RECIPES: Mapping[str, Callable[..., SupernetRecipe]] = MappingProxyType(
    {name: partial(_recipe, fields) for name, fields in _FIELDS.items()}
)


def supernet_recipe_named(name: str) -> Callable[..., SupernetRecipe]:
    """The recipe of that name; call it with the fields that shall differ.

    Raises:
        WinnowError: WN-R01 when there is none.
    """
    return chosen(SUPERNET_RECIPES, name, "recipe of a supernet", "WN-R01")
