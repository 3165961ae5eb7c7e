"""Where the numbers of several runs are not comparable, in words. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from winnow.tickets.comparison.labels import written


def warnings_of(headers: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[str]:
    """Sentences on data, evaluation, networks and steps that differ; none when the runs were measured alike.

    Args:
        headers: contents of `recipe.json`, one per run.
        labels: one per run.
    """
    data = [header.get("data") or {} for header in headers]
    recipes = [header.get("recipe") or {} for header in headers]
    prints = [f"{d.get('name', 'unknown')} {str(d.get('fingerprint', ''))[:8]}" for d in data]
    split = [_validation(d) for d in data]
    seeds = [recipe.get("seed") for recipe in recipes]
    said = []
    if len({d.get("fingerprint") for d in data}) > 1:
        said.append(f"The data differ ({_each(labels, prints)}): these accuracies are not of the same test set.")
    elif len(set(split)) > 1:
        said.append(
            f"The validation sets differ ({_each(labels, split)}): early stops are chosen on different examples."
        )
    elif len(set(seeds)) > 1:
        said.append(f"The seeds differ ({_each(labels, seeds)}): initialisations and validation examples differ too.")
    for name, what, why in (
        ("model", "networks", "a percent of the weights is not the same number of them"),
        ("evaluate_every", "evaluation intervals", "early stops are found to the nearest evaluation"),
        ("batch", "batches", "a step is not the same amount of training"),
    ):
        values = [recipe.get(name) for recipe in recipes]
        if len(set(values)) > 1:
            said.append(f"The {what} differ ({_each(labels, values)}): {why}.")
    return said


def _validation(data: Mapping[str, Any]) -> str:
    counts = data.get("images") or data.get("texts") or {}
    return f"{counts.get('validation', 'unknown')} examples"


def _each(labels: Sequence[str], values: Sequence[Any]) -> str:
    """Every value with the runs that have it: "20 for a; 100 for b and c"."""
    runs: dict[str, list[str]] = {}
    for label, value in zip(labels, values, strict=True):
        runs.setdefault(written(value), []).append(label)
    return "; ".join(f"{value} for {' and '.join(names)}" for value, names in runs.items())
