"""Measures of the weights that a run kept, step by step, and of the masks they would give."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from winnow.grokking.figures.bands import Band, Curve
from winnow.grokking.figures.families import DENSE
from winnow.grokking.masks import magnitude_mask
from winnow.grokking.studies.result import StudyResult
from winnow.sparsity import Mask

Measure = Callable[[Mapping[str, Tensor], int], Mapping[str, float]]


def bands_over_steps(result: StudyResult, branch: str, measure: Measure, least: int = 2) -> dict[str, Band]:
    """A band per value that `measure` gives of the weights and the replicate, at every kept step of every run.

    Steps whose weights are not all numbers are left out, and runs with fewer than `least` others.
    """
    found: dict[str, list[Curve]] = {}
    for run in result.of(branch):
        kept = {step: result.weights(branch, run.replicate, step) for step in result.kept_steps(branch, run.replicate)}
        values = {step: measure(weights, run.replicate) for step, weights in kept.items() if _is_finite(weights)}
        if len(values) >= least:
            for name in next(iter(values.values())):
                found.setdefault(name, []).append(_curve({step: value[name] for step, value in values.items()}))
    return {name: Band.of(curves) for name, curves in found.items()}


def dense_masks(result: StudyResult, replicate: int) -> dict[int, Mask]:
    """Step to the mask that pruning the dense weights kept there at the recipe's rate gives.

    Empty when no mask of the replicate tells which matrices are pruned.
    """
    names = masked_names(result, replicate)
    if not names:
        return {}
    kept = {step: result.weights(DENSE, replicate, step) for step in result.kept_steps(DENSE, replicate)}
    there = {step: weights for step, weights in kept.items() if _is_finite(weights)}
    return {step: magnitude_mask(weights, names, result.recipe.rate) for step, weights in there.items()}


def masked_names(result: StudyResult, replicate: int) -> tuple[str, ...]:
    """The matrices that masks of a replicate cover; empty when it has none."""
    masks = (result.mask(name, replicate) for name in result.branches)
    return next((tuple(mask) for mask in masks if mask is not None), ())


def first_replicate(result: StudyResult, branch: str) -> int | None:
    """The first replicate of a branch that kept weights at two steps or more; None when there is none."""
    kept = (run.replicate for run in result.of(branch) if len(result.kept_steps(branch, run.replicate)) > 1)
    return next(kept, None)


def _is_finite(weights: Mapping[str, Tensor]) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in weights.values())


def _curve(values: Mapping[int, float]) -> Curve:
    return np.array(list(values), dtype=np.float64), np.array(list(values.values()), dtype=np.float64)
