"""Days: every usual way to write one is read, and none is guessed."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from winnow.trials.patients import Note, Patient, age_on, last_day
from winnow.trials.patients.days import day_in_name, day_order, is_ambiguous, read_day, read_range

MARCH = date(2021, 3, 12)


@pytest.mark.parametrize(
    "text",
    [
        "2021-03-12",
        "2021-03-12T23:59:59-05:00",
        "2021-03-12 08:30:14",
        "2021/03/12",
        "2021.3.12",
        "20210312",
        "202103120830",
        "20210312T083014",
        "3/12/2021",
        "03/12/21",
        "3/12/21 0:52",
        "3/12/2021 8:05 PM",
        "03-12-2021",
        "12.03.2021",
        "12.3.21 14:00",
        "12 Mar 2021",
        "12-Mar-2021",
        "12MAR2021",
        "12th March 2021",
        "March 12, 2021",
        "Mar. 12, 2021 at 8:30 am",
        "Fri, 12 Mar 2021",
        "Friday, March 12, 2021",
        " 2021-03-12 ",
    ],
)
def test_a_day_is_read_in_every_usual_way(text: str) -> None:
    assert read_day(text) == MARCH


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2021", "2021-03", "2021-13-01", "2021-02-30", "13/12/2021", "31/2/21", "12 Foo 2021", "1/2/3", "99"],
)
def test_what_names_no_day_for_certain_is_none(text: str) -> None:
    assert read_day(text) is None


def test_days_of_tables_need_no_reading() -> None:
    assert read_day(MARCH) == read_day(datetime(2021, 3, 12, 23, 59)) == MARCH


def test_two_digit_years_follow_posix() -> None:
    assert read_day("1/2/68") == date(2068, 1, 2)
    assert read_day("1/2/69") == date(1969, 1, 2)


def test_a_date_of_either_order_is_read_month_first_unless_told() -> None:
    assert read_day("3/4/2021") == date(2021, 3, 4)
    assert read_day("3/4/2021", "day first") == date(2021, 4, 3)
    assert read_day("13/4/2021", "day first") == date(2021, 4, 13)
    assert read_day("4/13/2021", "day first") is None
    assert is_ambiguous("3/4/2021")
    assert not any(is_ambiguous(text) for text in ("3/3/2021", "13/4/2021", "2021-03-04", "3.4.2021", MARCH))


def test_one_order_holds_for_a_whole_column() -> None:
    assert day_order(["3/4/2021", "2021-05-13"]) == "month first"
    assert day_order(["3/4/2021", "4/13/2021"]) == "month first"
    assert day_order(["3/4/2021", "13/4/2021", MARCH]) == "day first"
    assert day_order(["4/13/2021", "13/4/2021"]) is None


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("2021-03-12_pathology", "_pathology"),
        ("pathology_20210312", "pathology_"),
        ("ct 2021_03_12 final", "ct  final"),
        ("visit-03-12-2021", "visit-"),
    ],
)
def test_a_day_is_found_in_a_file_name(name: str, rest: str) -> None:
    found = day_in_name(name)
    assert found.day == MARCH
    assert found.rest.split() == rest.split()


@pytest.mark.parametrize("name", ["visit", "mrn120210312", "note-2021", "2021-13-40"])
def test_other_digits_in_a_file_name_are_no_day(name: str) -> None:
    assert day_in_name(name) == (None, name, False)


def test_a_partial_date_of_fhir_means_all_its_days() -> None:
    assert read_range("2020") == (date(2020, 1, 1), date(2020, 12, 31))
    assert read_range("2020-02") == (date(2020, 2, 1), date(2020, 2, 29))
    assert read_range("2020-02-05T10:00:00Z") == (date(2020, 2, 5), date(2020, 2, 5))
    assert read_range("2020-02-31") is None
    assert read_range("spring") is None


def test_age_counts_whole_years_at_birthdays() -> None:
    patient = Patient("p", (), born=date(1960, 6, 15))
    assert age_on(patient, date(2020, 6, 14)) == pytest.approx(59 + 365 / 366)
    assert age_on(patient, date(2020, 6, 15)) == 60.0
    assert age_on(patient, date(1960, 6, 15)) == 0.0
    assert age_on(patient, date(1960, 6, 14)) is None
    assert age_on(Patient("p", ()), date(2020, 1, 1)) is None


def test_who_is_born_on_29_february_ages_on_1_march() -> None:
    patient = Patient("p", (), born=date(2004, 2, 29))
    age = age_on(patient, date(2022, 2, 28))
    assert age is not None and age < 18
    assert age_on(patient, date(2022, 3, 1)) == 18.0
    assert age_on(patient, date(2024, 2, 29)) == 20.0


def test_the_last_day_is_that_of_the_latest_note() -> None:
    notes = (Note("a", "x"), Note("b", "x", date(2020, 1, 1)), Note("c", "x", date(2021, 1, 1)))
    assert last_day(Patient("p", notes)) == date(2021, 1, 1)
    assert last_day(Patient("p", notes[:1])) is None
