"""Grids of recipes, how their values are read, and which cells run."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.cli import main
from winnow.cli.grid import axes_of
from winnow.core import WinnowError
from winnow.recipes import lenet_digits, with_method
from winnow.tickets import find, prepare, sweep
from winnow.tickets.recipe import FindRecipe
from winnow.tickets.sweeps.file import Entry, SweepFile
from winnow.tickets.sweeps.grid import cells_of, grid
from winnow.tickets.sweeps.running import plan
from winnow.tickets.sweeps.table import rows

TINY: dict[str, Any] = {"levels": 1, "steps": "20it", "evaluate_every": 10, "replicates": 1, "controls": ()}


def tiny(**changes: Any) -> FindRecipe:
    return lenet_digits(**{**TINY, **changes})


@given(
    st.dictionaries(
        st.sampled_from(["seed", "batch", "learning_rate", "rate_fc"]),
        st.lists(st.sampled_from([0.125, 0.25, 0.5, 0.75]), min_size=1, max_size=3, unique=True),
        min_size=1,
    )
)
@settings(max_examples=30)
def test_a_grid_is_the_product_of_its_axes_the_last_one_fastest(axes: dict[str, list[float]]) -> None:
    whole = {name: [int(8 * v) for v in vs] if name in ("seed", "batch") else vs for name, vs in axes.items()}
    cells = grid(tiny(), whole)
    assert len(cells) == math.prod(map(len, whole.values())) == len({cell.name for cell in cells})
    expected = [replace(tiny(), **dict(zip(whole, values, strict=True))) for values in product(*whole.values())]
    assert [cell.recipe for cell in cells] == expected


@pytest.mark.parametrize(
    ("text", "axis", "values"),
    [
        ("score=magnitude,random", "score", ["magnitude", "random"]),
        ("learning-rate=1.2e-3, 2.4e-3", "learning_rate", [1.2e-3, 2.4e-3]),
        ("seed=0,1,-1", "seed", [0, 1, -1]),
        ("rewind=0it,2ep", "rewind", ["0it", "2ep"]),
        ("controls=none,reinit+random", "controls", [("none",), ("reinit", "random")]),
        ("densities=0.5+0.2,0.1", "densities", [(0.5, 0.2), (0.1,)]),
        ("method=snip,synflow", "method", ["snip", "synflow"]),
        ("structure=2:4", "structure", ["2:4"]),
    ],
)
def test_values_are_read_as_the_flags_read_them(text: str, axis: str, values: list[Any]) -> None:
    assert axes_of([text]) == {axis: values}


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([], "needs an axis"),
        (["score"], "no values"),
        (["score="], "empty"),
        (["score=magnitude,,random"], "empty"),
        (["colour=red"], "no field colour"),
        (["name=a,b"], "no field name"),
        (["seed=0,one"], "'one' is no value of seed"),
        (["densities=0.5+half"], "no value of densities"),
        (["seed=0,0"], "0 and 0 are one value"),
        (["learning-rate=1e-3,0.001"], "1e-3 and 0.001 are one value"),
        (["seed=0", "seed=1"], "given twice"),
        (["batch=30"], "given twice"),
        (["method=snip", "method=grasp"], "given twice"),
        (["method=snap"], "no pruning method 'snap'"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(texts: list[str], says: str) -> None:
    with pytest.raises(WinnowError, match=r"WN-(C01|R01)") as caught:
        axes_of(texts, fixed=["batch"])
    assert says in caught.value.what


def test_nothing_is_written_for_a_grid_that_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sweep"
    for flags in (["--grid", "seed=x"], ["--jobs", "0", "--grid", "seed=0"], ["--data", "nowhere", "--grid", "seed=0"]):
        assert main(["tickets", "sweep", "lenet-digits", *flags, "--out", str(out), "--json"]) == 2
        assert set(json.loads(capsys.readouterr().out)) == {"error"}
    assert not out.exists()


def test_methods_are_an_axis_and_other_fields_overrule_them() -> None:
    axes = {"method": ["imp", "synflow", "one-shot"], "seed": [0, 1]}
    cells = grid(tiny(), axes, {"score_rounds": 3}, with_method)
    assert [cell.recipe for cell in cells[2:4]] == [
        replace(with_method(tiny(), "synflow"), score_rounds=3, seed=seed) for seed in (0, 1)
    ]
    assert [(c.recipe.rounds, c.recipe.score) for c in cells[::2] if c.recipe] == [
        ("iterative", "magnitude"),
        ("at-start", "synflow"),
        ("oneshot", "magnitude"),
    ]
    assert cells[3].name == "method=synflow seed=1"


def test_values_that_contradict_each_other_fail_one_cell_and_leave_the_others() -> None:
    cells = grid(tiny(), {"structure": ["weight", "2:4"], "levels": [1, 2]})
    errors = [cell.error.code if cell.error else None for cell in cells]
    assert errors == [None, None, None, "WN-R02"]
    assert [cell.recipe is None for cell in cells] == [False, False, False, True]


def test_plain_recipes_are_told_apart_by_what_differs() -> None:
    cells = cells_of([tiny(seed=0), tiny(seed=1, controls=("reinit", "random"))])
    assert [cell.name for cell in cells] == ["controls=none seed=0", "controls=reinit+random seed=1"]


def test_two_cells_that_are_one_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match=r"WN-R02.*'data=digits seed=0' and 'data=Digits seed=0' are the same run"):
        cells = grid(tiny(), {"data": ["digits", "Digits"], "seed": [0]})
        plan([cells[0], replace(cells[1], recipe=cells[0].recipe)], tmp_path)


def test_cells_share_their_runs_with_find_and_with_other_sweeps(tmp_path: Path) -> None:
    alone = prepare(tiny())
    find(alone, out=tmp_path / alone.default_folder.name)
    first = sweep([tiny(), tiny(seed=1)], out=tmp_path)
    stamps = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*/level-*/done.json")}
    assert first.entries[0].run == alone.default_folder.name and first.entries[0].seconds is None
    assert first.entries[1].seconds is not None
    told: list[str] = []
    second = sweep(grid(tiny(), {"seed": [1, 2]}), out=tmp_path, told=told.append)
    assert second.entries[0].seconds == first.entries[1].seconds
    assert [entry.state for entry in second.entries] == ["done", "done"]
    assert all(line.startswith(("[1/2] seed=2", "[2/2] seed=2")) for line in told) and len(told) == 2
    assert len(stamps) == 4
    assert all(file.stat().st_mtime_ns == stamp for file, stamp in stamps.items())
    assert sorted(path.name for path in tmp_path.glob("*-*")) == sorted({e.run for e in first.entries + second.entries})


def test_a_cell_that_diverges_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    file = sweep(grid(tiny(optimizer="sgd"), {"learning_rate": [1e30, 0.1]}), out=tmp_path)
    assert [entry.state for entry in file.entries] == ["failed", "done"]
    assert file.entries[0].error is not None and file.entries[0].error["code"] == "WN-T01"
    bad, good = rows(file)
    assert (bad["error"], bad.get("test_accuracy_percent_mean")) == ("WN-T01", None)
    assert good["error"] is None and 10 < good["test_accuracy_percent_mean"] <= 100
    assert good["density_percent"] == pytest.approx(80.2, abs=0.1)
    saved = json.loads((tmp_path / "sweep.json").read_text())
    assert [cell["state"] for cell in saved["cells"]] == ["failed", "done"]
    assert saved["grid"] == {"learning_rate": [1e30, 0.1]}
    assert (tmp_path / "sweep.csv").read_text().startswith("learning_rate,state,")


def test_two_sweeps_do_not_share_a_folder_at_once(tmp_path: Path) -> None:
    from winnow.tickets.sweeps.file import held

    with held(tmp_path), pytest.raises(WinnowError, match="WN-R04"):
        sweep([tiny()], out=tmp_path)
    assert not (tmp_path / "sweep.json").exists()


def test_a_damaged_file_of_an_earlier_sweep_is_written_anew(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"cells": [{}]}', '{"cells": 3}'):
        (tmp_path / "sweep.json").write_text(text)
        file = SweepFile(tmp_path, {"seed": [0]}, [Entry("seed=0", {"seed": 0}, id="a", state="done")])
        assert file.entries[0].seconds is None
    file.write()
    assert json.loads((tmp_path / "sweep.json").read_text())["cells"][0]["state"] == "done"
