"""Units: every quantity against hand-computed values, there and back."""

from __future__ import annotations

import pytest

from winnow.trials.composition import convert
from winnow.trials.composition.conversion import in_canonical
from winnow.trials.composition.quantity_table import QUANTITIES
from winnow.trials.composition.units import unit_of

# Laboratories' printed factors: creatinine x 88.4, glucose / 18.016, bilirubin x 17.1, calcium / 4.008, urea N x 0.357.
KNOWN = [
    ("creatinine", 1.0, "mg/dL", 88.40, "µmol/L"),
    ("hemoglobin", 12.0, "g/dL", 120.0, "g/L"),
    ("hemoglobin", 6.2, "mmol/L", 9.99, "g/dL"),
    ("glucose", 100.0, "mg/dL", 5.551, "mmol/L"),
    ("bilirubin", 1.2, "mg/dL", 20.52, "umol/L"),
    ("calcium", 10.0, "mg/dL", 2.495, "mmol/L"),
    ("calcium", 4.0, "mEq/L", 2.0, "mmol/L"),
    ("potassium", 4.5, "mEq/L", 4.5, "mmol/L"),
    ("magnesium", 2.0, "mg/dL", 0.8229, "mmol/L"),
    ("urea nitrogen", 20.0, "mg/dL", 7.139, "mmol/L"),
    ("uric acid", 6.0, "mg/dL", 356.9, "umol/L"),
    ("triglycerides", 150.0, "mg/dL", 1.694, "mmol/L"),
    ("cholesterol", 200.0, "mg/dL", 5.173, "mmol/L"),
    ("albumin", 3.5, "g/dL", 35.0, "g/L"),
    ("testosterone", 50.0, "ng/dL", 1.734, "nmol/L"),
    ("neutrophils", 1.5, "10^9/L", 1500.0, "/mm3"),
    ("neutrophils", 1.5, "x 10E9/L", 1.5, "K/uL"),
    ("platelets", 100.0, "10^3/mm3", 100.0, "G/L"),
    ("platelets", 100000.0, "cells/µL", 100.0, "x109/L"),
    ("hba1c", 53.0, "mmol/mol", 7.0, "%"),
    ("temperature", 98.6, "F", 37.0, "C"),
    ("weight", 154.0, "lb", 69.85, "kg"),
    ("height", 1.75, "m", 175.0, "cm"),
    ("age", 18.0, "months", 1.5, "years"),
    ("age", 2.0, "years", 730.5, "days"),
    ("age", 14.0, "days", 2.0, "weeks"),
    ("crp", 1.0, "mg/dL", 10.0, "mg/L"),
    ("tsh", 4.0, "uIU/mL", 4.0, "mU/L"),
    ("qtc", 0.47, "sec", 470.0, "ms"),
]


@pytest.mark.parametrize(("quantity", "value", "unit", "expected", "to_unit"), KNOWN)
def test_a_known_value(quantity: str, value: float, unit: str, expected: float, to_unit: str) -> None:
    assert convert(value, unit, to_unit, quantity) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("quantity", "value", "unit", "_", "to_unit"), KNOWN)
def test_there_and_back(quantity: str, value: float, unit: str, _: float, to_unit: str) -> None:
    there = convert(value, unit, to_unit, quantity)
    assert there is not None
    assert convert(there, to_unit, unit, quantity) == pytest.approx(value)


@pytest.mark.parametrize("name", [name for name, kind in QUANTITIES.items() if kind.unit])
def test_every_unit_of_the_table_is_known_and_exchanged(name: str) -> None:
    kind = QUANTITIES[name]
    for unit in (kind.unit, *kind.others):
        assert unit is not None
        assert unit_of(unit, kind.counted) is not None
        assert in_canonical(1.0, unit, name) is not None


@pytest.mark.parametrize(
    ("quantity", "unit", "to_unit"),
    [
        ("creatinine", "mg/dL", "years"),
        ("sodium", None, "mmol/L"),
        ("alt", "U/L", "mg/dL"),
        ("age", "years", "furlongs"),
    ],
)
def test_what_cannot_be_compared_is_none(quantity: str, unit: str | None, to_unit: str) -> None:
    assert convert(1.0, unit, to_unit, quantity) is None


def test_two_missing_units_are_one() -> None:
    assert convert(1.0, None, None, "ecog") == 1.0
