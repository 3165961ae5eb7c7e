"""Linear mode connectivity: paths between two networks, barriers, the onset of stability, figures and page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from helpers import SmallConv, members, small_chain
from winnow.core import WinnowError
from winnow.data import DataSet, Split
from winnow.sparsity import Mask, load_into, prunable_layers, tensors_of, weights_of
from winnow.tickets.connectivity import paths as connect_paths
from winnow.tickets.connectivity.figures import barriers_figure, paths_figure
from winnow.tickets.connectivity.page import sentences, write_connect_page
from winnow.tickets.connectivity.paths import PathMeter, alphas_of, interpolated
from winnow.tickets.connectivity.results import Connection, barrier
from winnow.tickets.connectivity.settings import ConnectSettings
from winnow.training import TrainingPlan

CPU = torch.device("cpu")
PLAN = TrainingPlan(steps=10, batch=20)


def whole(module: nn.Module) -> Mask:
    return Mask.ones(weights_of(tensors_of(module), prunable_layers(module)))


def meter(module: nn.Module, data: DataSet, batchnorm: str = "recompute") -> PathMeter:
    return PathMeter(module, data, PLAN, CPU, batchnorm)


def wrong(module: nn.Module, tensors: dict[str, Tensor], split: Split) -> float:
    """The fraction of wrong answers, by hand."""
    load_into(module, tensors)
    with torch.no_grad():
        return float((module.eval()(split.inputs).argmax(-1) != split.labels).double().mean())


def corners(count: int) -> DataSet:
    """Images of two pixels, one of them 1: its place is the class."""
    inputs = torch.eye(2).view(2, 1, 1, 2).repeat(count, 1, 1, 1)
    split = Split(inputs, torch.tensor([0, 1]).repeat(count))
    return DataSet("corners", "c" * 64, ("left", "right"), split, split, split, torch.zeros(1))


def test_the_ends_of_a_path_are_the_networks_bit_for_bit() -> None:
    _, (one, other) = members(small_chain, 2)
    for name, tensor in interpolated(one.start, other.start, 0.0).items():
        assert torch.equal(tensor, one.start[name])
    for name, tensor in interpolated(one.start, other.start, 1.0).items():
        assert torch.equal(tensor, other.start[name])
    middle = interpolated(one.start, other.start, 0.5)
    assert all(torch.allclose(t, (one.start[n] + other.start[n]) / 2, atol=1e-7) for n, t in middle.items())


def test_every_point_between_equal_networks_is_that_network() -> None:
    start = tensors_of(SmallConv())
    for alpha in alphas_of(30):
        assert all(torch.equal(tensor, start[name]) for name, tensor in interpolated(start, start, alpha).items())


def test_pruned_weights_are_exactly_zero_along_the_path() -> None:
    _, (one, other) = members(small_chain, 2)
    first, second = one.mask.applied(one.start), one.mask.applied(other.start)
    for alpha in alphas_of(7):
        between = interpolated(first, second, alpha)
        assert all(torch.count_nonzero(between[name][~mask]) == 0 for name, mask in one.mask.items())


def test_swapped_hidden_units_have_the_barrier_that_arithmetic_gives() -> None:
    """f(x) = A A x with A = (1 - a) I + a P, P the swap: the right class wins everywhere but in the middle, a tie."""
    module = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    straight = {"1.weight": torch.eye(2), "2.weight": torch.eye(2)}
    swapped = {name: tensor.flip(0) for name, tensor in straight.items()}
    scores = meter(module, corners(4)).scores(straight, swapped, whole(module), alphas_of(5), ["test"])["test"]
    assert scores.error == [0.0, 0.0, 0.5, 0.0, 0.0]
    assert barrier(scores.error) == 0.5
    middle = math.log(2)  # two equal logits
    assert scores.loss[2] == pytest.approx(middle) and max(scores.loss) == scores.loss[2]


def test_a_path_has_the_errors_of_a_loop_over_its_networks(blobs: DataSet) -> None:
    module, (one, other) = members(small_chain, 2)
    mask, alphas = one.mask, alphas_of(9)
    found = meter(module, blobs).scores(one.start, other.start, mask, alphas, ["test", "validation", "train"])
    for split, scores in found.items():
        expected = []
        for alpha in alphas:
            held = {n: t.double().numpy() for n, t in mask.applied(one.start).items()}
            there = {n: t.double().numpy() for n, t in mask.applied(other.start).items()}
            w = {n: (1 - alpha) * held[n] + alpha * there[n] for n in held}
            part: Split = getattr(blobs, split)
            x = part.inputs.flatten(1).double().numpy()
            x = np.maximum(x @ w["1.weight"].T + w["1.bias"], 0)
            x = np.tanh(x @ w["3.weight"].T + w["3.bias"]) @ w["5.weight"].T + w["5.bias"]
            expected.append(float((x.argmax(-1) != part.labels.numpy()).mean()))
        assert scores.error == pytest.approx(expected, abs=1e-12)


def test_the_number_of_networks_that_are_evaluated_together_changes_nothing(
    blobs: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, (one, other) = members(small_chain, 2)

    def errors() -> list[float]:
        return meter(module, blobs).scores(one.start, other.start, one.mask, alphas_of(10), ["test"])["test"].error

    together = errors()
    monkeypatch.setattr(connect_paths, "_STACK_WEIGHTS", 3 * sum(p.numel() for p in module.parameters()))
    assert errors() == together


def test_interpolated_statistics_leave_the_ends_their_own_errors(coloured_blobs: DataSet) -> None:
    module, (one, other) = members(SmallConv, 2, density=1.0)
    mean = one.start["norm.running_mean"]
    first, second = ({**m.start, "norm.running_mean": mean + moved} for m, moved in ((one, 0.3), (other, -0.2)))
    measured = meter(module, coloured_blobs, "interpolate").scores(first, second, one.mask, [0.0, 0.5, 1.0], ["test"])
    scores = measured["test"]
    ends = [wrong(SmallConv(), start, coloured_blobs.test) for start in (first, second)]
    assert [scores.error[0], scores.error[2]] == pytest.approx(ends, abs=1e-12)


def test_recomputed_statistics_are_the_averages_over_training_batches(coloured_blobs: DataSet) -> None:
    """With one batch of the whole train split they are its mean and variance, whatever was stored."""
    module, (one, _) = members(SmallConv, 2, density=1.0)
    stale = {**one.start, "norm.running_mean": one.start["norm.running_mean"] + 50}
    plan = TrainingPlan(steps=10, batch=len(coloured_blobs.train))
    scores = PathMeter(module, coloured_blobs, plan, CPU).scores(stale, stale, one.mask, [0.0, 0.4, 1.0], ["test"])
    fresh = dict(one.start)
    before = nn.functional.conv2d(coloured_blobs.train.inputs, one.start["conv1.weight"], padding=1)
    fresh["norm.running_mean"], fresh["norm.running_var"] = before.mean((0, 2, 3)), before.var((0, 2, 3))
    assert scores["test"].error == pytest.approx([wrong(SmallConv(), fresh, coloured_blobs.test)] * 3, abs=1e-12)


@pytest.mark.parametrize("batchnorm", ["recompute", "interpolate"])
def test_equal_networks_have_no_barrier_and_a_flat_path(coloured_blobs: DataSet, batchnorm: str) -> None:
    module, (one, _) = members(lambda: SmallConv(dropout=0.5), 2)
    scores = meter(module, coloured_blobs, batchnorm).scores(one.start, one.start, one.mask, alphas_of(5), ["test"])
    assert len(set(scores["test"].error)) == 1 and len(set(scores["test"].loss)) == 1
    assert barrier(scores["test"].error) == 0.0


def test_a_barrier_is_the_highest_error_minus_the_mean_of_the_ends() -> None:
    assert barrier([2.0, 5.0, 9.0, 4.0]) == 6.0
    assert barrier([2.0, 1.0, 4.0]) == 1.0  # the supremum may be an end


def connection(barriers: dict[tuple[str, float, int], list[float]], out: Path = Path()) -> Connection:
    """A measurement whose paths rise from 1 % at both ends to 1 % + the barrier in the middle; one per replicate."""
    rows: list[dict[str, Any]] = []
    for (branch, density, step), heights in barriers.items():
        for replicate, height in enumerate(heights):
            shared = {"run": "r", "level": int(density < 100), "density_percent": density, "branch": branch}
            shared |= {"step": step, "replicate": replicate, "first": 0, "second": 1}
            for split in ("test", "validation"):
                for alpha, error in ((0.0, 1.0), (0.5, 1 + height), (1.0, 1.0)):
                    rows.append({**shared, "split": split, "alpha": alpha, "error_percent": error, "loss": 0.1})
    return Connection(out, ConnectSettings(points=3), ("none",), rows)


@pytest.mark.parametrize(
    ("heights", "onset"),
    [([0.1, 0.2, 0.0], 0), ([9.0, 1.9, 0.5], 10), ([9.0, 1.0, 2.0], None), ([0.0, 5.0, 1.0], 100), ([3, 2.0, 1], 100)],
)
def test_the_onset_is_the_first_step_from_which_all_are_below_two(heights: list[float], onset: int | None) -> None:
    measured = {("ticket", 20.0, step): [h, h] for step, h in zip((0, 10, 100), heights, strict=True)}
    (line,) = connection(measured).series()
    assert line.onset == onset and line.steps == (0, 10, 100)


def test_the_mean_over_replicates_decides() -> None:
    (line,) = connection({("dense", 100.0, 0): [0.5, 3.0]}).series()
    assert line.onset == 0 and line.barriers[0].maximum == 3.0


MANY = {
    ("dense", 100.0, 0): [12.0, 9.0],
    ("dense", 100.0, 200): [1.0, 0.5],
    ("ticket", 20.97, 0): [30.0, 25.0],
    ("ticket", 20.97, 200): [1.5, 1.0],
    ("random", 20.97, 0): [31.0, 33.0],
    ("random", 20.97, 200): [20.0, 21.0],
    ("ticket", 3.5, 0): [40.0, 41.0],
}


def test_series_are_dense_first_then_by_density() -> None:
    assert [line.label for line in connection(MANY).series()] == [
        "dense",
        "ticket, 21.0%",
        "random, 21.0%",
        "ticket, 3.5%",
    ]


def test_the_figures_show_every_series_and_the_limit() -> None:
    barriers, paths = barriers_figure(connection(MANY)), paths_figure(connection(MANY))
    (axes,) = barriers.axes
    assert {"dense", "ticket, 21.0%", "random, 21.0%", "ticket, 3.5%"} <= {str(x.get_label()) for x in axes.lines}
    assert any(np.array_equal(np.asarray(line.get_ydata()), [2.0, 2.0]) for line in axes.lines)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "200"]
    shown = [axes for axes in paths.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ["dense", "ticket, 21.0%", "random, 21.0%", "ticket, 3.5%"]
    assert [len(axes.lines) for axes in shown] == [2, 2, 2, 1]


def test_one_step_and_one_path_make_figures_too() -> None:
    small = connection({("dense", 100.0, 0): [0.2]})
    assert barriers_figure(small).axes and paths_figure(small).axes


def test_the_page_and_the_tables_tell_what_was_found(tmp_path: Path) -> None:
    found = connection(MANY, tmp_path)
    found.write_tables()
    page = write_connect_page(found, "winnow tickets connect runs/r").read_text()
    told = sentences(found)
    assert "is stable from step 200 on" in told[0] and "not stable at the last step" in told[2]
    assert "winnow tickets connect runs/r" in page and "keeps no running statistics" in page and page.count("<svg") == 2
    assert {file.name for file in (tmp_path / "figures").iterdir()} == {
        "barriers.png",
        "barriers.svg",
        "paths.png",
        "paths.svg",
    }
    lines = (tmp_path / "tables" / "barriers.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 2 * len(MANY) and lines[0].split(",")[-3:] == [
        "barrier_points",
        "mean_end_error_percent",
        "highest_alpha",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"children": 1},
        {"points": 2},
        {"split": "everything"},
        {"batchnorm": "forget"},
        {"masks": ("dense",)},
        {"masks": ()},
        {"at": ("soon",)},
        {"replicates": -1},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WinnowError, match="WN-C01"):
        ConnectSettings(**changes)


def test_parts_are_named_by_what_decides_a_path() -> None:
    base = ConnectSettings()
    same = [ConnectSettings(levels=(1,)), ConnectSettings(replicates=1), ConnectSettings(split="validation")]
    other = [ConnectSettings(points=31), ConnectSettings(children=3), ConnectSettings(split="train")]
    assert {settings.part_id("none") for settings in same} == {base.part_id("none")}
    ids = [settings.part_id("none") for settings in (base, *other)] + [base.part_id("recompute")]
    assert len(set(ids)) == len(ids)
