"""Tables as files and as HTML."""

import csv

import pyarrow.parquet as pq

from winnow.reports import Column, Spread, Table, margin, percent, replicates, short_percent, write_table


def test_csv_and_parquet_hold_every_column_and_read_back_equal(tmp_path):
    rows = [{"name": "a, b", "value": 0.1 + 0.2}, {"name": "c", "value": None, "late": 1}]
    parquet, text = write_table(rows, tmp_path / "tables", "t")
    assert pq.read_table(parquet).to_pylist() == [
        {"name": "a, b", "value": 0.1 + 0.2, "late": None},
        {"name": "c", "value": None, "late": 1},
    ]
    with text.open(newline="") as handle:
        read = list(csv.DictReader(handle))
    assert float(read[0]["value"]) == 0.1 + 0.2
    assert (read[0]["name"], read[1]["value"], read[1]["late"]) == ("a, b", "", "1")
    assert sorted(p.name for p in (tmp_path / "tables").iterdir()) == ["t.csv", "t.parquet"]


def test_no_rows_are_an_empty_table(tmp_path):
    parquet, text = write_table([], tmp_path, "t")
    assert pq.read_table(parquet).num_rows == 0
    assert text.read_text().strip() == ""


def test_a_printed_table_formats_numbers_and_marks_what_is_missing():
    rows = [{"name": "x", "value": 1234.567}, {"name": "y"}]
    table = Table.of(rows, [Column("name", "Name"), Column("value", "Value", ",.1f")], "Caption")
    assert table.rows == (("x", "1,234.6"), ("y", "-"))
    assert table.numeric == (False, True)


def test_percents_are_as_short_as_their_place_wants():
    assert [short_percent(v) for v in (100.0, 100 * 0.8, 51.28, 20.97, 3.58, 0.512)] == [
        "100",
        "80",
        "51.3",
        "21.0",
        "3.6",
        "0.51",
    ]
    assert percent(0.97314) == "97.31%"


def test_replicates_are_told_as_they_were():
    assert replicates(1, 1) == "in one replicate"
    assert replicates(3, 3) == "on average over 3 replicates"
    assert replicates(3, 5) == "on average over 3 and 5 replicates"


def test_a_margin_tells_direction_and_overlap():
    low, high = Spread.of((0.90, 0.92)), Spread.of((0.93, 0.95))
    assert margin(high, low) == "3.00 percentage points ahead; the ranges do not overlap"
    assert margin(low, high) == "3.00 percentage points behind; the ranges do not overlap"
    assert margin(low, Spread.of((0.92, 0.92))) == "1.00 percentage points behind; the ranges overlap"
    assert margin(Spread.of((0.9,)), Spread.of((0.9,))) == "level with it to two decimals"


def test_a_spread_with_a_hole_has_no_mean():
    spread = Spread.of((1.0, float("nan")))
    assert spread.columns("x") == {"x_mean": None, "x_min": None, "x_max": None}
    assert Spread.of((1, 3)).columns("x", scale=100) == {"x_mean": 200, "x_min": 100, "x_max": 300}
