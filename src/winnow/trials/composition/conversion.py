"""From one unit to another, for a named quantity."""

from __future__ import annotations

from winnow.trials.composition.quantity_table import QUANTITIES, Kind
from winnow.trials.composition.units import Unit, unit_key, unit_of


def convert(value: float, unit: str | None, to_unit: str | None, quantity: str) -> float | None:
    """A value of a quantity in another unit; None when the two units cannot be compared.

    Mass and amount of substance are exchanged by the quantity's molar mass, equivalents by its valence, HbA1c by the
    IFCC-NGSP master equation (NGSP % = 0.0915 x IFCC mmol/mol + 2.15). Two missing units are the same unit.

    Args:
        value: in `unit`.
        unit, to_unit: as written ("x10^9/L", "µmol/L", "years"); None for a bare number.
        quantity: a canonical name of `QUANTITIES`, or anything else: then only like units are exchanged.
    """
    if unit == to_unit or (unit and to_unit and unit_key(unit) == unit_key(to_unit)):
        return value
    if unit is None or to_unit is None:
        return None
    kind = QUANTITIES.get(quantity)
    counted = kind is not None and kind.counted
    source, target = unit_of(unit, counted), unit_of(to_unit, counted)
    if source is None or target is None:
        return None
    base = _exchanged((value + source.offset) * source.factor, source, target, kind)
    return None if base is None else base / target.factor - target.offset


def in_canonical(value: float, unit: str | None, quantity: str) -> float | None:
    """A value in the quantity's canonical unit; None when the quantity or the unit is not known."""
    kind = QUANTITIES.get(quantity)
    return None if kind is None else convert(value, unit, kind.unit, quantity)


def is_plausible(value: float, kind: Kind) -> bool:
    """Whether a bare number can be of this kind in any of its usual units."""
    return any(_plausible_in(value, unit, kind) for unit in (kind.unit, *kind.others))


def likely_unit(value: float, kind: Kind) -> str | None:
    """The unit a bare number of this quantity is most likely in: the first that makes it plausible."""
    for unit in (kind.unit, *kind.others):
        if _plausible_in(value, unit, kind):
            return unit
    return kind.unit


def _plausible_in(value: float, unit: str | None, kind: Kind) -> bool:
    known = convert(value, unit, kind.unit, kind.name)
    return known is not None and kind.plausible[0] <= known <= kind.plausible[1]


def _exchanged(base: float, source: Unit, target: Unit, kind: Kind | None) -> float | None:
    """A value in the source's base unit, in the target's base unit."""
    if source.dimension == target.dimension:
        return base
    pair = (source.dimension, target.dimension)
    if pair == ("glycation", "share"):
        return 0.0915 * base + 2.15
    if pair == ("share", "glycation"):
        return (base - 2.15) / 0.0915
    if kind is None or kind.molar_mass is None:
        return None
    grams = {"g/l": 1.0, "mol/l": kind.molar_mass, "eq/l": kind.molar_mass / kind.valence}
    if source.dimension not in grams or target.dimension not in grams:
        return None
    return base * grams[source.dimension] / grams[target.dimension]
