"""Numbers in clinical text: what they measure, with which bound and in which unit."""

from __future__ import annotations

import pytest

from winnow.trials.composition import Quantity, read_quantities


def only(text: str) -> Quantity:
    found = read_quantities(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "quantity", "value", "unit"),
    [
        ("Hemoglobin 11.2 g/dL", "hemoglobin", 11.2, "g/dL"),
        ("ANC of 2.1 x 10^9/L", "neutrophils", 2.1, "x 10^9/L"),
        ("platelets 150,000/mm3", "platelets", 150000, "/mm3"),
        ("platelet count of 200K/uL", "platelets", 200, "K/uL"),
        ("ECOG 1", "ecog", 1, None),
        ("KPS 90%", "karnofsky", 90, "%"),
        ("creatinine 1.2 mg/dL", "creatinine", 1.2, "mg/dL"),
        ("Creatinine 88 umol/L", "creatinine", 88, "umol/L"),
        ("LVEF 55 %", "lvef", 55, "%"),
        ("The EF is 40 percent.", "lvef", 40, "percent"),
        ("a 40 % ejection fraction", "lvef", 40, "%"),
        ("a 58-year-old teacher", "age", 58, "year"),
        ("a 58 yo teacher", "age", 58, "yo"),
        ("aged 6 months", "age", 6, "months"),
        ("Hb 9,5", "hemoglobin", 9.5, "g/dL"),
        ("HbA1c 7.5%", "hba1c", 7.5, "%"),
        ("INR 1.2", "inr", 1.2, None),
        ("temperature 38.5 °C", "temperature", 38.5, "°C"),
        ("two prior lines of therapy", "prior lines", 2, None),
    ],
)
def test_a_reading(text: str, quantity: str, value: float, unit: str | None) -> None:
    read = only(text)
    assert (read.quantity, read.operator, read.value, read.high, read.unit) == (quantity, None, value, None, unit)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("hemoglobin 112", "g/L"),
        ("hemoglobin 11.2", "g/dL"),
        ("creatinine 88", "umol/L"),
        ("WBC 5200", "/mm3"),
        ("WBC 5.2", "10^9/L"),
        ("calcium 2.3", "mmol/L"),
    ],
)
def test_a_bare_number_is_in_the_unit_that_makes_it_plausible(text: str, unit: str) -> None:
    assert only(text).unit == unit


@pytest.mark.parametrize(
    ("text", "quantity", "operator", "value", "high", "reference"),
    [
        ("Age ≥ 18 years", "age", ">=", 18, None, None),
        ("at least 18 years of age", "age", ">=", 18, None, None),
        ("18 years or older", "age", ">=", 18, None, None),
        ("over 18 years of age", "age", ">", 18, None, None),
        ("aged 18-75", "age", "between", 18, 75, None),
        ("Children 3 to 17 years", "age", "between", 3, 17, None),
        ("ANC at least 1,500/µL", "neutrophils", ">=", 1500, None, None),
        ("platelets no less than 100 x 10^9/L", "platelets", ">=", 100, None, None),
        ("LVEF greater than or equal to 50%", "lvef", ">=", 50, None, None),
        ("hemoglobin =< 10 g/dl", "hemoglobin", "<=", 10, None, None),
        ("hemoglobin >/= 10 g/dl", "hemoglobin", ">=", 10, None, None),
        ("BMI between 18 and 30", "bmi", "between", 18, 30, None),
        ("creatinine 1.5-3.0 mg/dL", "creatinine", "between", 1.5, 3.0, None),
        ("ECOG performance status of 0, 1 or 2", "ecog", "between", 0, 2, None),
        ("ECOG PS: 0-1", "ecog", "between", 0, 1, None),
        ("NYHA class III or IV", "nyha", "between", 3, 4, None),
        ("ASA I-III", "asa", "between", 1, 3, None),
        ("no more than 2 prior lines of chemotherapy", "prior lines", "<=", 2, None, None),
        ("creatinine less than 2 times normal", "creatinine", "<", 2, None, "normal"),
        ("bilirubin <= 1.5 x institutional ULN", "bilirubin", "<=", 1.5, None, "ULN"),
        ("AST ≤ 2.5 \u00d7 upper limit of normal (ULN)", "ast", "<=", 2.5, None, "ULN"),
        ("life expectancy of at least 3 months", "life expectancy", ">=", 3, None, None),
    ],
)
def test_a_bound(
    text: str, quantity: str, operator: str, value: float, high: float | None, reference: str | None
) -> None:
    read = only(text)
    assert (read.quantity, read.operator, read.value, read.high, read.reference) == (
        quantity,
        operator,
        value,
        high,
        reference,
    )


def test_a_blood_pressure_is_two() -> None:
    read = read_quantities("blood pressure 150/95 mm Hg")
    assert [(one.quantity, one.value) for one in read] == [
        ("systolic blood pressure", 150),
        ("diastolic blood pressure", 95),
    ]


def test_both_ends_of_an_age_have_its_unit() -> None:
    read = read_quantities("Male or female > 18 and < 60 years of age")
    assert [(one.quantity, one.operator, one.value, one.unit) for one in read] == [
        ("age", ">", 18, "years"),
        ("age", "<", 60, "years"),
    ]


@pytest.mark.parametrize(
    "text",
    ["surgery within 4 weeks", "diagnosed 5 years ago", "metoprolol 25 mg twice a day", "room 12", "", "ECOG 2019"],
)
def test_what_measures_nothing_known_is_left_alone(text: str) -> None:
    assert read_quantities(text) == []


def test_offsets_are_of_the_original_text() -> None:
    text = "Labs:\n  Hemoglobin  11.2 g/dL, platelets 150,000/mm3."
    assert [text[one.start : one.end] for one in read_quantities(text)] == [
        "Hemoglobin  11.2 g/dL",
        "platelets 150,000/mm3",
    ]
