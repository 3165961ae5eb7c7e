"""Names and bounds of a row: "ALT and AST <= 2.5 x ULN", "> 18 and < 65 years"."""

from __future__ import annotations

from collections.abc import Sequence

from winnow.trials.composition.measures import Measure, read_measures
from winnow.trials.composition.reading import read_quantities
from winnow.trials.composition.windows import Found, read_windows


def bounds_of(text: str) -> list[Measure]:
    """Numbers that are compared: with an operator or a range, and in no window."""
    spans = read_windows(text)
    return [m for m in read_measures(text) if (m.operator or m.high is not None) and not _inside(m, spans)]


def _inside(measure: Measure, spans: Sequence[Found]) -> bool:
    return any(span.start < measure.end and measure.start < span.end for span in spans)


def named_bounds(items: list[str], words: list[str]) -> list[list[str]] | None:
    """One list of bounds for each name of "ALT and AST <= 2.5 x ULN or <= 5 x ULN if B"; None when it is no such row.

    Args:
        items: of a row.
        words: "and", "or" or "" between them.
    """
    with_bounds = [bool(bounds_of(item)) for item in items]
    if True not in with_bounds or len(items) < 3:
        return None
    first = with_bounds.index(True)
    names, bounds = items[:first], items[first:]
    if not names or len(bounds) < 2 or not all(map(_is_name, names)) or not read_quantities(bounds[0]):
        return None
    starts = [found[0].start if (found := bounds_of(bound)) else -1 for bound in bounds]
    if any(start != 0 for start in starts[1:]) or any(word != "or" for word in words[first:]):
        return None
    names.append(bounds[0][: starts[0]].strip())
    return [[f"{name} {bound[start:]}" for bound, start in zip(bounds, starts, strict=True)] for name in names]


def with_bounds(items: list[str]) -> list[str]:
    """Names take the bounds that follow ("ALT and AST <= 2.5"), bounds the name before ("> 18 and < 65 years")."""
    items = list(items)
    for place in range(len(items) - 2, -1, -1):
        bounds = bounds_of(items[place + 1])
        if bounds and not bounds_of(items[place]) and _is_name(items[place]) and read_quantities(items[place + 1]):
            items[place] = f"{items[place]} {items[place + 1][bounds[0].start :]}"
    for place in range(1, len(items)):
        bounds, before = bounds_of(items[place]), bounds_of(items[place - 1])
        if bounds and before and bounds[0].start == 0 and bounds[0].operator:
            items[place - 1] = _with_unit(items[place - 1], before[-1], bounds[0])
            if not read_quantities(items[place]) or "age" in items[place - 1].lower():
                items[place] = items[place - 1][: before[0].start] + items[place]
    return items


def _with_unit(item: str, measure: Measure, following: Measure) -> str:
    if measure.unit or measure.reference or not following.unit or not measure.operator:
        return item
    return f"{item[: measure.end]} {following.unit}{item[measure.end :]}"


def _is_name(item: str) -> bool:
    """Whether an item is nothing but a quantity's name: it would be read with a number behind it."""
    return len(item.split()) <= 8 and bool(read_quantities(f"{item} <= 2.5 x ULN"))
