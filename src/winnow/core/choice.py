"""Choosing by name from a table of methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from winnow.core.errors import WinnowError

T = TypeVar("T")


def chosen(table: Mapping[str, T], name: str, what: str, code: str) -> T:
    """The entry of that name.

    Args:
        table: the methods by name.
        name: what was asked for.
        what: what the table holds, for the message ("score", "optimizer").
        code: the error's code.

    Raises:
        WinnowError: with `code`, listing the names that there are.
    """
    if name not in table:
        raise WinnowError(code, f"no {what} {name!r}", fix=f"One of: {', '.join(table)}.")
    return table[name]
