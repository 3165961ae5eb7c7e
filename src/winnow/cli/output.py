"""How commands speak: one JSON object on stdout with `--json`, otherwise text; progress and errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from winnow.core import WinnowError, plain

USER_ERROR = 2
INTERRUPTED = 130


def print_json(value: Mapping[str, Any]) -> None:
    """The command's one result, on stdout."""
    print(json.dumps(plain(value), allow_nan=False))


def print_error(error: WinnowError, as_json: bool) -> None:
    """What was wrong and what to do, on stderr; with `--json` also as the one object on stdout."""
    print(f"error {error}", file=sys.stderr)
    if as_json:
        print_json({"error": error.as_dict()})


def print_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Rows under headings, numbers to the right.

    Args:
        rows: values by key.
        columns: heading by key, in order.
    """
    cells = [[_cell(row.get(key)) for key in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*[list(columns.values()), *cells], strict=True)]
    print(_line(columns.values(), widths, [False] * len(widths)))
    for row, texts in zip(rows, cells, strict=True):
        right = [isinstance(row.get(key), (int, float)) for key in columns]
        print(_line(texts, widths, right))


def print_facts(facts: Mapping[str, Any]) -> None:
    """Keys and values, aligned."""
    width = max(map(len, facts), default=0)
    for key, value in facts.items():
        print(f"{key:<{width}}  {_cell(value)}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) >= 1 or value == 0 else f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _line(texts: Iterable[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [t.rjust(w) if r else t.ljust(w) for t, w, r in zip(texts, widths, right, strict=True)]
    return "  ".join(padded).rstrip()
