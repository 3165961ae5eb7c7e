"""A number found in a text: what it measures, its unit and where it stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """One measured or demanded number.

    Attributes:
        quantity: the canonical name of `winnow.trials.composition.quantity_table`.
        operator: "<", "<=", ">", ">=" or "between" as the text says; None for a plain reading.
        value: the number as written (thousands separators and word numbers read); the lower one of a range.
        high: the upper one of a range; else None.
        unit: as written, tidied; for a bare number the unit that makes it plausible, None when it has none.
        reference: "ULN", "LLN", "normal" or "baseline" when the number is a multiple of it; else None.
        start, end: characters of the text, from the quantity's name or number to the unit's end.
    """

    quantity: str
    operator: str | None
    value: float
    high: float | None
    unit: str | None
    reference: str | None
    start: int
    end: int
