"""Flags from a recipe's fields: every field of a frozen recipe is a flag of the command that runs it."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from cyclopts import Parameter

_PLAIN = {"int": int, "float": float, "str": str, "bool": bool, "Step": str}
_PLAIN |= {"tuple[str, ...]": tuple[str, ...], "tuple[Step, ...]": tuple[str, ...]}
_PLAIN |= {"tuple[float, ...]": tuple[float, ...]}


def overrides_of(recipe: type) -> type:
    """A dataclass with the recipe's fields, all optional: what is not given stays as the recipe has it."""
    columns: list[tuple[str, Any, Any]] = []
    for item in dataclasses.fields(recipe):
        if item.name == "name":
            continue
        kind = _PLAIN[str(item.type)] | None
        several = str(item.type).startswith("tuple")
        # Only a yes or no has a flag that says no.
        no = None if str(item.type) == "bool" else ()
        about = Parameter(help=item.metadata["help"], show_default=False, negative=no, consume_multiple=several)
        columns.append((item.name, Annotated[kind, about], dataclasses.field(default=None)))
    made = dataclasses.make_dataclass(f"{recipe.__name__}Flags", columns, frozen=True, kw_only=True)
    # Cyclopts leaves classes of the standard library alone, and make_dataclass says "types".
    made.__module__ = __name__
    return Parameter(name="*", group="Recipe")(made)


def given(overrides: Any) -> dict[str, Any]:
    """The flags that were given, by field name."""
    if overrides is None:
        return {}
    values = {f.name: getattr(overrides, f.name) for f in dataclasses.fields(overrides)}
    return {name: value for name, value in values.items() if value is not None}
