"""Recipes of grokking studies; the paper is Minegishi et al. 2023 (arXiv 2310.19470)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from winnow.core import chosen
from winnow.grokking.recipe import GrokRecipe


def _recipe(fields: Mapping[str, Any], **changes: Any) -> GrokRecipe:
    return replace(GrokRecipe(), **{**fields, **changes})


# What differs from the paper's main experiment: addition modulo 67 by the MLP, 40 % of all pairs, AdamW with decay 1.
_FIELDS: dict[str, dict[str, Any]] = {
    "mlp-add": {},
    # Groks in a few thousand steps: the tour, and quick looks.
    "mlp-add-half": {"fraction": 0.5, "steps": 10_000, "ticket_steps": 10_000, "snapshot_every": 500},
    "mlp-subtract": {"task": "subtract-67"},
    "mlp-multiply": {"task": "multiply-67"},
    "mlp-divide": {"task": "divide-67"},
    "mlp-squares": {"task": "x2+y2-67"},
    "mlp-permutations": {"task": "s5"},
    "transformer-add": {"network": "transformer"},
    "transformer-paper-add": {"network": "transformer-paper"},
    # Nanda et al. 2023 (arXiv 2301.05217), section 3.
    "nanda": {
        "task": "add-113-all",
        "network": "transformer-nanda",
        "fraction": 0.3,
        "record_every": 500,
        "evaluate_every": 50,
        "evaluate_early": 50,
    },
    # Lee et al. 2024 (arXiv 2405.20233), section 4.1: there with Adam and no decay.
    "grokfast": {
        "task": "multiply-97-nonzero",
        "network": "transformer-grokfast",
        "fraction": 0.5,
        "weight_decay": 0.0,
        "optimizer": "adam",
        "batch": 512,
        "steps": 50_000,
        "ticket_steps": 50_000,
        "evaluate_every": 50,
        "evaluate_early": 50,
    },
    # Kumar et al. 2023 through the authors' "transfer" branch: values, so that a loss counts as generalised.
    "regression": {
        "task": "regression",
        "loss": "squared",
        "learning_rate": 1e-2,
        "steps": 10_000,
        "ticket_steps": 10_000,
    },
    "parity": {"task": "parity"},
    # Liu et al. 2022 (Omnigrok): large start, squared error.
    "mnist": {
        "task": "mnist",
        "network": "dense-200",
        "loss": "squared",
        "init_scale": 8.0,
        "weight_decay": 0.1,
        "steps": 100_000,
        "ticket_steps": 100_000,
        "threshold": 0.85,
        "evaluate_every": 500,
        "evaluate_early": 500,
        "record_every": 500,
        "snapshot_every": 10_000,
        "replicates": 3,
    },
}
GROK_RECIPES: Mapping[str, Callable[..., GrokRecipe]] = MappingProxyType(
    {name: partial(_recipe, fields) for name, fields in _FIELDS.items()}
)


def grok_recipe_named(name: str) -> Callable[..., GrokRecipe]:
    """The recipe of a grokking study; called with fields that differ.

    Raises:
        WinnowError: WN-R01 when there is none.
    """
    return chosen(GROK_RECIPES, name, "recipe", "WN-R01")
