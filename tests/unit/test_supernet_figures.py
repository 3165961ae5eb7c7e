"""Figures of supernets: what is drawn, and that the table behind each is the numbers that were given."""

import itertools
import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from winnow.reports import theme
from winnow.storage import Metric
from winnow.supernet.compact import BenchRow, Percentiles, accounting
from winnow.supernet.figures import dots, examples, latency, layer_densities, layer_table, movement, picture, tradeoff
from winnow.supernet.figures.curves import curves
from winnow.supernet.figures.dots import Outcome
from winnow.supernet.figures.effects import effects
from winnow.supernet.figures.importance import importance
from winnow.supernet.figures.layers import kind_of
from winnow.supernet.figures.layout import layout_of
from winnow.supernet.figures.looks import kernel_colours
from winnow.supernet.figures.picture import branch_sizes
from winnow.supernet.figures.tradeoff import NetworkPoint
from winnow.supernet.network import build, maskable
from winnow.supernet.space import SPACES, Space, Stage, costs_of, dense_architecture, space_named


def as_any(value: object) -> Any:
    """What is there, and of which class, the test asserts; matplotlib's declarations are of base classes."""
    return value


SIZES = {"classification": (32, 32), "segmentation": (48, 64), "keypoints": (64, 48)}


def dense(space="tiny", task="classification", outputs=10):
    return dense_architecture(space_named(space), task, outputs, SIZES[task])


def thinned(architecture, empty=(), share=0.25):
    """A quarter of every kernel's units; nothing of the blocks in `empty`."""
    rows = zip(architecture.places, architecture.widths, strict=True)
    widths = [tuple(0 if p.name in empty else math.ceil(share * n) for n in ws) for p, ws in rows]
    return architecture.with_widths(widths)


@pytest.mark.parametrize("task", SIZES)
@pytest.mark.parametrize("space", SPACES)
def test_every_block_is_placed_once_and_boxes_do_not_overlap(space, task):
    architecture = dense(space, task)
    layout = layout_of(architecture)
    assert [part.place for part in layout.parts] == list(architecture.places)
    boxes = sorted((part.start[1], part.start[0], part.end[0]) for part in layout.parts if not part.crosses)
    boxes += [(y, x - 0.5, x + 0.5) for _, (x, y) in layout.fixed]
    for (lane, _, end), (other, start, _) in itertools.pairwise(sorted(boxes)):
        assert lane != other or start >= end - 1e-9


@pytest.mark.parametrize("task", SIZES)
def test_lines_lead_where_the_network_leads(task):
    layout = layout_of(dense("paper", task))
    assert layout.lanes == 4
    for part in layout.parts:
        assert (part.start[1], part.end[1]) == (part.place.source, part.place.target)
        assert abs(part.start[1] - part.end[1]) <= 1 and part.end[0] > part.start[0]
    # What ends in a point is met there by what begins in it: all parts and wires hang together.
    begins = {start for start, _ in layout.wires} | {part.start for part in layout.parts} | {layout.exit}
    loose = [part.place.name for part in layout.parts if part.end not in begins]
    assert not loose
    words = [word for word, *_ in layout.bands]
    assert words == ["1", "2", "3", "4", "5", "head"]
    assert all(end <= start for (_, _, end), (_, start, _) in itertools.pairwise(layout.bands))


def test_several_branches_may_grow_in_one_stage():
    stages = (Stage((1,), (8,)), Stage((1, 1, 1), (8, 16, 32)))
    space = Space("own", (8,), (1,), stages, (8, 16, 32), 32, 16)
    layout = layout_of(dense_architecture(space, "segmentation", 3, (9, 9)))
    grown = {part.place.name: part for part in layout.parts if part.place.kind == "grow"}
    assert grown["s2_grow_2"].start == grown["s2_grow_1"].end
    assert branch_sizes(dense_architecture(space, "segmentation", 3, (9, 9))) == [(9, 9), (5, 5), (3, 3)]


def test_the_picture_shows_each_kernels_share_of_the_dense_block():
    from matplotlib.colors import to_hex

    whole = dense()
    empty = ("s3_branch_1_0", "s3_fuse_0_1")
    one = thinned(whole, empty)
    drawn = as_any(picture(one))
    axes = drawn.figure.axes[0]
    colours = kernel_colours((3, 5, 7))
    assert list(colours) == [3, 5, 7] and len(set(colours.values())) == 3
    layout = layout_of(one)
    boxes = [part for part in layout.parts if not part.crosses and not part.empty]
    for kernel, colour in colours.items():
        bars = [patch for patch in axes.patches if to_hex(patch.get_facecolor()) == to_hex(colour)]
        there = sorted(part.shares[(3, 5, 7).index(kernel)] for part in boxes)
        assert np.allclose(sorted(as_any(patch).get_height() / 0.62 for patch in bars), there)
    dashed = [line for line in axes.lines if line.get_linestyle() == "--" and line.get_marker() == "None"]
    assert len(dashed) == len(empty)


def test_a_block_without_units_keeps_the_mark_of_its_tokens():
    whole = dense()
    one = thinned(whole, ("s1_branch_0_0",))
    marks = [line for line in picture(one).figure.axes[0].lines if line.get_marker() == "D"]
    assert len(marks) == sum(tokens > 0 for tokens in one.tokens)
    bare = one.with_widths(one.widths, [0] * len(one.tokens))
    assert not [line for line in picture(bare).figure.axes[0].lines if line.get_marker() == "D"]


def test_the_pictures_table_is_the_architecture():
    one = thinned(dense("small", "keypoints", 14), ("head_merge",))
    rows = picture(one).rows
    assert [row["block"] for row in rows] == [place.name for place in one.places]
    assert [(row["k3"], row["k5"], row["k7"]) for row in rows] == list(one.widths)
    assert sum(row["units"] for row in rows) == one.units
    assert sum(row["dense_units"] for row in rows) == dense("small", "keypoints", 14).units
    assert [row["macs"] for row in rows] == [block.macs for block in costs_of(one).blocks]


def test_the_paper_space_is_drawn_in_three_seconds_without_numbers_that_would_not_fit():
    begin = time.process_time()
    drawn = as_any(picture(dense("paper")))
    assert len(drawn.rows) == 67 and time.process_time() - begin < 3
    assert "47,952 of 47,952 units" in drawn.alt
    wide, narrow = ([text.get_text() for text in one.figure.axes[0].texts] for one in (drawn, picture(dense())))
    assert "48" in narrow and not any(word.isdigit() for word in wide)


def point(pipeline, group, seed, value, macs=1e6, weights=1e4):
    return NetworkPoint(pipeline, group, seed, macs, weights, value)


def test_tradeoff_draws_means_with_intervals_and_its_table_is_the_networks():
    points = [point("two-in-one", "0.5", seed, value) for seed, value in enumerate((0.7, 0.72, 0.74))]
    points += [point("two-in-one", "0.9", 0, 0.6, 2e5, 2e3), point("dense", "0", 0, None, 9e6, 9e4)]
    drawn = as_any(tradeoff(points))
    assert [(r["pipeline"], r["seed"], r["macs"], r["weights"], r["value"]) for r in drawn.rows] == [
        (p.pipeline, p.seed, p.macs, p.weights, p.value) for p in points
    ]
    left = drawn.figure.axes[0]
    line = next(line for line in left.lines if line.get_label() == "two-in-one")
    assert np.allclose(line.get_xydata(), [[0.2, 60], [1, 72]])
    bar = left.collections[0].get_segments()[0][:, 1]
    half = 4.302652729911275 * 2 / math.sqrt(3)  # Student's t with two degrees of freedom, deviation 2
    assert np.allclose(bar, [72 - half, 72 + half])
    assert left.get_xscale() == "log"


def test_tradeoff_of_nothing_or_of_no_number_is_no_figure():
    assert tradeoff([]) is None
    assert tradeoff([point("two-in-one", "0.5", 0, math.nan)]) is None
    assert as_any(tradeoff([point("two-in-one", "0.5", 0, 0.5)])).figure.axes[0].get_xscale() == "linear"


def test_dots_have_a_row_per_arm_and_say_where_there_is_no_number():
    outcomes = [Outcome("p", "a", seed, 0.5 + 0.1 * seed) for seed in range(3)]
    outcomes += [Outcome("p", "b", 0, math.nan), Outcome("q", "a", 0, 0.25)]
    drawn = as_any(dots(outcomes, "arms", "Arms", "Caption.", reference="a"))
    assert [row["value"] for row in drawn.rows] == [0.5, 0.6, 0.7, None, 0.25]
    left, right = drawn.figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in left.texts] == ["no number"]
    lines = [line for line in left.lines if line.get_linestyle() == "--"]
    assert np.allclose(lines[0].get_xdata(), 60)
    seeds = next(line for line in left.lines if line.get_marker() == ".")
    assert np.allclose(seeds.get_xdata(), [50, 60, 70])
    assert [line.get_xdata()[0] for line in right.lines if line.get_marker() == "o"] == [25]
    assert dots([], "arms", "Arms", "") is None


def test_effects_stand_beside_zero():
    row = {"sparsity": 0.5, "factor": "retraining", "seeds": 3, "difference_mean": 0.02, "sign_p": 1.0}
    rows = [{**row, "difference_low": 0.01, "difference_high": 0.03}]
    rows += [{**row, "factor": "progressive pruning", "difference_low": None, "difference_high": None}]
    drawn = as_any(effects(rows))
    assert [r["difference_mean"] for r in drawn.rows] == [0.02, 0.02]
    axes = drawn.figure.axes[0]
    assert np.allclose(axes.lines[0].get_xdata(), 0)
    assert [np.allclose(c.get_segments()[0][:, 0], [1, 3]) for c in axes.collections] == [True]
    assert effects([]) is None


@pytest.fixture(scope="module")
def account():
    """Half of every layer, and nothing of one."""
    one = thinned(dense())
    mask = {}
    for name, weight in maskable(build(one, 0)).items():
        mask[name] = torch.arange(weight.numel()).reshape(weight.shape) % 2 == 0
    mask["blocks.s1_branch_0_0.depthwise.5.weight"].zero_()
    return accounting(one, mask)


def test_layers_are_told_apart_by_kind():
    names = ["stem.0.weight", "blocks.s1_fuse_0_0.expand.weight", "blocks.s1_fuse_0_0.depthwise.7.weight"]
    names += ["blocks.s2_grow_1.shortcut.weight", "blocks.s1_fuse_0_0.tokens", "final.0.weight", "classifier.weight"]
    kinds = ["stem", "expand", "depthwise 7x7", "shortcut", "tokens", "final", "classifier"]
    assert [kind_of(name) for name in names] == kinds


def test_each_maskable_layer_is_a_bar_of_its_density_and_an_empty_one_is_crossed(account):
    drawn = as_any(layer_densities(account))
    there = [layer for layer in account.layers if layer.maskable]
    assert [(row["layer"], row["kept"], row["weights"]) for row in drawn.rows] == [
        (layer.name, layer.kept, layer.weights) for layer in there
    ]
    heights = [patch.get_height() for axes in drawn.figure.axes for patch in axes.patches]
    assert np.allclose(sorted(heights), sorted(100 * layer.density for layer in there))
    crosses = [line for axes in drawn.figure.axes for line in axes.lines if line.get_marker() == "x"]
    assert len(crosses) == 1
    labels = [axes.get_ylabel().replace("\n", " ") for axes in drawn.figure.axes]
    assert labels == ["stem, final", "expand", *(f"depthwise {k}x{k}" for k in (3, 5, 7)), "project", "shortcut"]
    assert layer_densities(replace(account, layers=())) is None


def test_the_layer_table_has_true_and_scaled_macs_side_by_side_and_their_sums(account):
    table = layer_table(account)
    total, sums = table.rows[-1], account.summary()
    assert total[0] == "all layers" and len(table.rows) == len(account.layers) + 1
    place = {heading: number for number, heading in enumerate(table.headings)}
    sparse, scaled = (place[h] for h in ("MACs, zeros of the layer left out", "MACs, by the density of all"))
    assert total[sparse] == f"{sums['sparse_macs']:,}" and total[scaled] == f"{sums['scaled_macs']:,.0f}"
    assert total[sparse] != total[scaled]


EVENTS = [
    {"phase": "draw", "step": 10, "kind": "search", "changed": True, "macs_before": 9_000_000,
     "macs_after": 7_000_000, "units_before": 90, "units_after": 70, "sparsity": 0.0, "tokens": 3, "empty_blocks": 0},
    {"phase": "draw", "step": 10, "kind": "prune", "sparsity": 0.5, "lifted": False, "hamming": 0.5,
     "moved_from_mask": 0.5, "returned": 0.01},
    {"phase": "draw", "step": 20, "kind": "search", "changed": False, "macs_before": 7_000_000,
     "macs_after": 7_000_000, "units_before": 70, "units_after": 70, "sparsity": 0.5, "tokens": 3, "empty_blocks": 0},
]  # fmt: skip


def test_movement_draws_each_event_where_it_has_a_number():
    drawn = as_any(movement(EVENTS))
    assert [row["macs"] for row in drawn.rows] == [7_000_000, None, 7_000_000]
    assert [row["hamming"] for row in drawn.rows] == [None, 0.5, None]
    hamming, returned, sparsity, macs = drawn.figure.axes
    assert [line.get_xydata().tolist() for line in hamming.lines if line.get_marker() == "o"] == [[[10, 50]]]
    assert returned.lines[0].get_ydata().tolist() == [1.0]
    assert sparsity.lines[0].get_drawstyle() == "steps-post"
    hollow = [line for line in macs.lines if line.get_marker() == "s" and line.get_markerfacecolor() == "white"]
    assert [line.get_xydata().tolist() for line in hollow] == [[[20, 7]]]


def test_movement_without_events_or_with_nan():
    assert movement([]) is None
    drawn = as_any(movement([{**EVENTS[1], "hamming": math.nan}]))
    assert drawn.rows[0]["hamming"] is None
    assert [text.get_text() for text in drawn.figure.axes[0].texts] == ["not recorded"]


def test_curves_mark_the_ends_of_phases_and_leave_gaps_for_nan():
    rows = [Metric(0, "draw", 0, s, "validation", m, v) for s, m, v in ((10, "loss", 2.0), (10, "miou", math.nan))]
    rows += [Metric(0, "retrain", 1, 20, "validation", m, v) for m, v in (("loss", 1.0), ("miou", 0.5))]
    rows += [Metric(0, "retrained", 0, 20, "test", "miou", 0.4), Metric(0, "draw", 0, 10, "train", "macs", 9.0)]
    drawn = as_any(curves(rows, "miou"))
    assert [row["value"] for row in drawn.rows] == [2.0, None, 1.0, 0.5, 0.4]
    loss, metric = drawn.figure.axes
    assert [line.get_xdata()[0] for line in loss.lines if len(set(line.get_xdata())) == 1] == [10]
    assert metric.get_ylabel() == "mean IoU (%)"
    assert curves([], "miou") is None and curves(rows[-1:], "miou") is None


def test_importances_are_sorted_and_nan_is_left_out_and_told():
    drawn = as_any(importance({3: [0.1, -0.5, math.nan], 5: [0.0], 7: []}, threshold=1e-3))
    assert [(r["kernel"], r["rank"], r["importance"]) for r in drawn.rows] == [(3, 1, 0.5), (3, 2, 0.1), (5, 1, 0.0)]
    assert "1 are not numbers" in drawn.caption and "threshold" in drawn.caption
    ranks = drawn.figure.axes[0]
    assert ranks.get_yscale() == "log"
    assert any(np.allclose(line.get_ydata(), 1e-3) for line in ranks.lines if line.get_linestyle() == "--")
    assert as_any(importance({3: [1.0, 1.1]})).figure.axes[0].get_yscale() == "linear"
    assert importance({3: []}) is None and importance({3: [math.nan]}) is None


def test_latency_has_a_bar_per_form_and_a_word_for_what_did_not_run():
    rows = [BenchRow("dense supernet", 1, Percentiles(4.0, 5.0, 9)), BenchRow("compact", 1, Percentiles(2.0, 2.5, 9))]
    rows += [BenchRow("onnx runtime", 1, note="not installed")]
    drawn = as_any(latency(rows, "two cores"))
    assert [(r["p50_ms"], r["p95_ms"], r["times_dense"]) for r in drawn.rows] == [
        (4.0, 5.0, 1.0),
        (2.0, 2.5, 2.0),
        (None, None, None),
    ]
    axes = drawn.figure.axes[0]
    assert [patch.get_width() for patch in axes.patches] == [4, 2]
    assert "did not run" in [text.get_text() for text in axes.texts]
    assert "two cores" in drawn.caption
    assert latency([]) is None and latency(rows[2:]) is None


IMAGES = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_examples_of_classes_frame_what_is_wrong():
    drawn = as_any(
        examples("classification", IMAGES, torch.tensor([0, 1, 1, 0]), torch.tensor([0, 0, 1, 0]), ("cat", "dog"))
    )
    assert [row["right"] for row in drawn.rows] == [True, False, True, True]
    words = [axes.get_xlabel() for axes in drawn.figure.axes if axes.get_visible()]
    assert words == ["cat", "cat\n(is dog)", "dog", "cat"]
    frames = [axes.spines["left"].get_edgecolor() for axes in drawn.figure.axes if axes.get_visible()]
    assert len(set(frames)) == 2


@pytest.mark.parametrize("count", [1, 3])
def test_examples_of_areas_measure_each_class_and_leave_out_what_is_not_labelled(count):
    truth, said = torch.zeros(4, 8, 8, dtype=torch.uint8), torch.zeros(4, 8, 8, dtype=torch.uint8)
    truth[:, :4], truth[:, 7], said[:, :2], said[:, 7] = 1, 255, 1, 2
    drawn = as_any(examples("segmentation", IMAGES, truth, said, ("ground", "thing", "never"), count=count))
    assert [(r["image"], r["class"], r["truth"], r["prediction"], r["both"]) for r in drawn.rows[:2]] == [
        (0, "ground", 24, 40, 24),
        (0, "thing", 32, 16, 16),
    ]
    assert [row["iou"] for row in drawn.rows[:2]] == [24 / 40, 0.5] and len(drawn.rows) == 2 * count
    named = [text.get_text() for text in drawn.figure.legends[0].get_texts()]
    assert named == ["ground", "thing"]
    assert sum(axes.get_visible() for axes in drawn.figure.axes) == 3 * count


def test_examples_of_joints_measure_labelled_ones_and_stay_inside_of_the_picture():
    names = ("left hip", "left knee", "left ankle")
    truth = torch.tensor([[[1.0, 1, 2], [4, 4, 1], [0, 0, 0]]])
    said = torch.tensor([[[4.0, 5, 0.9], [4, 4, 0.8], [90, 90, 0.1]]])
    drawn = as_any(examples("keypoints", IMAGES[:1], truth, said, names))
    assert [row["distance"] for row in drawn.rows] == [5, 0, None]
    assert [row["x"] for row in drawn.rows] == [1, 4, None]
    axes = drawn.figure.axes[0]
    assert axes.get_xlim() == (-0.5, 7.5) and axes.get_ylim() == (7.5, -0.5)
    thick = [line for line in axes.lines if line.get_linewidth() == 3]
    assert len(thick) == 2 and {line.get_color() for line in thick} == {theme.BLUE}


def test_no_examples_of_no_images():
    assert examples("classification", IMAGES[:0], torch.zeros(0), torch.zeros(0), ("cat",)) is None
