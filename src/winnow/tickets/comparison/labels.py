"""What differs between the recipes of several runs, and a short label for each run made of it. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from winnow.core import plain
from winnow.tickets.recipe import FindRecipe

# These say how much was run, not what was tried: they name a run only where nothing else does.
_EXTENT = ("levels", "densities", "replicates", "controls", "draws")
_DEFAULTS: dict[str, Any] = plain(FindRecipe())


def differences(headers: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The recipe's fields that are not equal in all runs, with the value in each; "data" by its name and fingerprint.

    A field that an older run does not know has its default value.

    Args:
        headers: contents of `recipe.json`, one per run.
    """
    recipes = [_DEFAULTS | header.get("recipe", {}) for header in headers]
    fields = dict.fromkeys(name for recipe in recipes for name in recipe if name not in ("name", "data"))
    values = {name: [recipe.get(name) for recipe in recipes] for name in fields}
    values["data"] = [_data(header) for header in headers]
    return {name: found for name, found in values.items() if any(value != found[0] for value in found)}


def run_labels(headers: Sequence[Mapping[str, Any]], folders: Sequence[str]) -> list[str]:
    """A label per run, no two alike: the fields in which it is not like most, such as "score snip, rewind 500it".

    A run that is like most is named by its recipe, and where only one field differs, by its value too.

    Args:
        headers: contents of `recipe.json`, one per run.
        folders: the runs' folder names, for those that nothing else tells apart.
    """
    found = differences(headers)
    telling = {name: values for name, values in found.items() if name not in _EXTENT}
    names = [
        str(header.get("recipe", {}).get("name") or folder) for header, folder in zip(headers, folders, strict=True)
    ]
    labels = [""] * len(headers)
    for chosen in (telling, found):
        labels = [_own(chosen, run) or names[run] for run in range(len(headers))]
        if len(set(labels)) == len(labels):
            return labels
    counts = Counter(labels)
    return [
        f"{label} ({folder})" if counts[label] > 1 else label for label, folder in zip(labels, folders, strict=True)
    ]


def written(value: Any) -> str:
    """A recipe's value as a flag takes it."""
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def _own(fields: Mapping[str, Sequence[Any]], run: int) -> str:
    alone = len(fields) == 1
    return ", ".join(
        f"{name} {written(values[run])}"
        for name, values in fields.items()
        if alone or written(values[run]) != _usual(name, values)
    )


def _usual(name: str, values: Sequence[Any]) -> str:
    """What most runs have; in a tie the default, else the first run's."""
    counts = Counter(map(written, values))
    most = [value for value, count in counts.items() if count == max(counts.values())]
    default = written(_DEFAULTS.get(name))
    return default if default in most else most[0]


def _data(header: Mapping[str, Any]) -> str:
    data = header.get("data") or {}
    return f"{data.get('name', 'unknown')} ({str(data.get('fingerprint', ''))[:8]})"
