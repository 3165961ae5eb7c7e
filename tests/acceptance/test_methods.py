"""Every published method from one command: its masks have the densities asked for and hold what the method promises."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from winnow.cli import main
from winnow.recipes import METHODS, lenet_digits, with_method
from winnow.sparsity import Ticket
from winnow.tickets import find
from winnow.tickets.levels import LevelFolder

DENSITIES = (0.4, 0.1)


def found(method: str, out: Path, **changes: Any) -> list[Ticket]:
    """The tickets of levels 0, 1 and 2."""
    short = {"densities": DENSITIES, "steps": 30, "evaluate_every": 15, "replicates": 1, "controls": ()}
    recipe = dataclasses.replace(with_method(lenet_digits(), method), **short, update_every=5, **changes)
    run = find(recipe, out=out)
    return [LevelFolder(run, level).ticket(0) for level in range(3)]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_finds_tickets_of_the_densities_asked_for(method: str, tmp_path: Path) -> None:
    for ticket, density in zip(found(method, tmp_path / "run"), (1.0, *DENSITIES), strict=True):
        assert ticket.mask.kept == pytest.approx(density * ticket.mask.total, abs=2)
        assert ticket.trained is not None
        for name, mask in ticket.mask.items():
            assert bool((ticket.trained[name][~mask] == 0).all())
            assert bool((ticket.start[name][~mask] == 0).all())


def test_methods_that_keep_the_counts_of_layers_differ_in_where(tmp_path: Path) -> None:
    """SET and RigL end with the layer counts of the ERK mask that they start from, at other places."""
    masks = [found(method, tmp_path / method)[2].mask for method in ("set", "rigl", "erk")]
    counts = [{name: int(t.sum()) for name, t in mask.items()} for mask in masks]
    assert counts[0] == counts[1] == counts[2]
    assert masks[0] != masks[2] != masks[1] != masks[0]


def test_wanda_keeps_as_many_weights_of_every_unit(tmp_path: Path) -> None:
    for mask in found("wanda", tmp_path / "run")[2].mask.values():
        counts = mask.sum(1)
        assert int(counts.max() - counts.min()) <= 1


def test_edge_popup_trains_no_weight(tmp_path: Path) -> None:
    ticket = found("edge-popup", tmp_path / "run")[1]
    assert ticket.trained is not None
    assert all(torch.equal(ticket.trained[name], ticket.start[name]) for name in ticket.mask)


def test_a_flag_beside_a_method_changes_just_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tickets", "find", "lenet-digits", "--method", "synflow", "--scope", "layer", "--dry-run", "--json"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    recipe = json.loads(capsys.readouterr().out)["recipe"]
    assert (recipe["scope"], recipe["score"], recipe["score_rounds"]) == ("layer", "synflow", 100)


def test_an_unknown_method_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tickets", "find", "lenet-digits", "--method", "snap"]) == 2
    told = capsys.readouterr().err
    assert "WN-R01" in told
    assert "synflow" in told
