"""The metric table: what goes in comes out of SQL, and damage is said, not read."""

import math
import shutil
from pathlib import Path

import duckdb
import pytest

from winnow.core import WinnowError
from winnow.storage import Metric, query, write_part

EVERYTHING = "SELECT * FROM metrics ORDER BY ALL"


def metric(step: int, value: float, name: str = "loss") -> Metric:
    return Metric(2, "reinit", 7, step, "validation", name, value)


def test_rows_come_back_with_their_types_and_names(tmp_path: Path) -> None:
    write_part(tmp_path, "level-07", [metric(3_000_000_000, 0.1 + 0.2)])
    assert query(tmp_path, EVERYTHING) == [
        {
            "replicate": 2,
            "branch": "reinit",
            "level": 7,
            "step": 3_000_000_000,
            "split": "validation",
            "metric": "loss",
            "value": 0.1 + 0.2,
        }
    ]


@pytest.mark.parametrize("value", [math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308])
def test_extreme_values_are_kept_to_the_bit(tmp_path: Path, value: float) -> None:
    write_part(tmp_path, "a", [metric(0, value)])
    [row] = query(tmp_path, EVERYTHING)
    assert row["value"].hex() == value.hex()


def test_nan_is_kept_as_nan_and_not_as_missing(tmp_path: Path) -> None:
    write_part(tmp_path, "a", [metric(0, math.nan), metric(1, 1.0)])
    [row] = query(tmp_path, "SELECT count(value) AS n, count(*) FILTER (isnan(value)) AS nans FROM metrics")
    assert row == {"n": 2, "nans": 1}


def test_parts_are_one_table_and_parameters_are_bound(tmp_path: Path) -> None:
    for level in range(3):
        write_part(tmp_path, f"level-{level:02d}", [metric(step, float(level)) for step in range(4)])
    sql = "SELECT value, sum(step) AS steps FROM metrics WHERE value >= ? AND metric = ? GROUP BY value ORDER BY value"
    assert query(tmp_path, sql, [1.0, "loss"]) == [{"value": 1.0, "steps": 6}, {"value": 2.0, "steps": 6}]
    assert query(tmp_path, sql, [1.0, "loss' OR 1=1 --"]) == []


def test_a_part_written_again_takes_the_place_of_the_old(tmp_path: Path) -> None:
    write_part(tmp_path, "level-00", [metric(0, 1.0), metric(1, 2.0)])
    write_part(tmp_path, "level-00", [metric(0, 9.0)])
    assert [row["value"] for row in query(tmp_path, EVERYTHING)] == [9.0]


def test_an_empty_part_has_the_columns_and_no_rows(tmp_path: Path) -> None:
    write_part(tmp_path, "empty", [])
    assert query(tmp_path, EVERYTHING) == []
    write_part(tmp_path, "full", [metric(0, 1.0)])
    assert len(query(tmp_path, EVERYTHING)) == 1


def test_rows_may_come_from_a_generator(tmp_path: Path) -> None:
    write_part(tmp_path, "a", (metric(step, 0.0) for step in range(1000)))
    assert query(tmp_path, "SELECT count(*) AS n, max(step) AS last FROM metrics") == [{"n": 1000, "last": 999}]


@pytest.mark.parametrize("make", [True, False])
def test_no_metrics_yet_is_said_so(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "metrics"
    if make:
        folder.mkdir()
    with pytest.raises(WinnowError) as caught:
        query(folder, EVERYTHING)
    assert caught.value.code == "WN-R05"


@pytest.mark.parametrize("left", [0.0, 0.001, 0.3, 0.7, 0.95, 0.999])
def test_a_truncated_part_is_called_damaged_and_named(tmp_path: Path, left: float) -> None:
    write_part(tmp_path, "whole", [metric(0, 1.0)])
    path = write_part(tmp_path, "torn", [metric(step, step / 3) for step in range(2000)])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(WinnowError) as caught:
        query(tmp_path, EVERYTHING)
    assert caught.value.code == "WN-S03"
    assert "torn.parquet" in caught.value.what


def test_a_part_that_is_something_else_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("replicate,branch\n1,ticket\n" * 50)
    with pytest.raises(WinnowError) as caught:
        query(tmp_path, EVERYTHING)
    assert caught.value.code == "WN-S03"


def test_half_written_parts_are_not_read(tmp_path: Path) -> None:
    write_part(tmp_path, "a", [metric(0, 1.0)])
    (tmp_path / ".part-12345678-b.parquet").write_bytes(b"PAR1")
    shutil.copy(tmp_path / "a.parquet", tmp_path / ".part-12345678-a.parquet")
    assert [row["value"] for row in query(tmp_path, EVERYTHING)] == [1.0]
    (tmp_path / "a.parquet").unlink()
    with pytest.raises(WinnowError, match="WN-R05"):
        query(tmp_path, EVERYTHING)


@pytest.mark.parametrize("name", ["run*", "run?", "run[12]", "run[!a]", "**", "it's", "a b", "{1,2}", "é"])
def test_a_folders_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    write_part(tmp_path / name, "a", [metric(0, 1.0)])
    write_part(tmp_path / name, "level-[0]", [metric(1, 2.0)])
    for neighbour in ("run1", "1", "runb"):
        write_part(tmp_path / neighbour, "a", [metric(0, 9.0)])
    assert [row["value"] for row in query(tmp_path / name, EVERYTHING)] == [1.0, 2.0]


def test_a_flipped_byte_anywhere_gives_rows_or_the_code_of_damage(tmp_path: Path) -> None:
    path = write_part(tmp_path, "a", [metric(step, step * 1.5) for step in range(50)])
    content = path.read_bytes()
    refused = 0
    for at in range(0, len(content), 21):
        path.write_bytes(content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :])
        try:
            query(tmp_path, "SELECT * FROM metrics")
        except WinnowError as error:
            assert error.code == "WN-S03"
            refused += 1
    assert refused


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [("SELECT ?", []), ("SELECT 1", [2]), ("SELECT nothing FROM metrics", []), ("SELEC 1", [])],
    ids=["too few", "too many", "no such column", "no SQL"],
)
def test_a_mistake_in_the_sql_is_not_called_damage(tmp_path: Path, sql: str, parameters: list[int]) -> None:
    write_part(tmp_path, "a", [metric(0, 1.0)])
    with pytest.raises(duckdb.Error):
        query(tmp_path, sql, parameters)


@pytest.mark.parametrize("name", ["level=9", "lr=9"])
def test_a_folder_that_looks_like_a_partition_adds_no_column(tmp_path: Path, name: str) -> None:
    write_part(tmp_path / name, "a", [Metric(0, "ticket", 3, 0, "test", "loss", 1.0)])
    (row,) = query(tmp_path / name, "select * from metrics")
    assert row["level"] == 3 and len(row) == 7
