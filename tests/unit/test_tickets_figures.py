"""The figures of a run: what is drawn, for full runs and for thin ones."""

import numpy as np
import pytest

from winnow.core import WinnowError
from winnow.storage import Metric, write_part
from winnow.tickets import figures
from winnow.tickets.summary import summarise


def run_metrics(folder, *, levels, replicates, controls, layers=("fc.weight", "out.weight")):
    """A run whose reinit and random fall behind the ticket, evaluated at steps 0, 100, ... 500."""
    for level in range(levels):
        branches = ("ticket", "reinit", "random", "trunk") if controls and level else ("ticket",)
        for behind, branch in enumerate(branches):
            rows = []
            for replicate in range(replicates):
                rows += trained(replicate, branch, level, 0.9 - 0.01 * behind * level + 0.001 * replicate)
                rows += [
                    Metric(replicate, branch, level, 0, "mask", f"density/{layer}", (0.8 + 0.1 * k) ** level)
                    for k, layer in enumerate(layers)
                ]
            write_part(folder, f"{branch}-{level:02d}", rows)
    return folder


def trained(replicate, branch, level, top):
    rows = [Metric(replicate, branch, level, 0, "mask", "density", 0.8**level)]
    for step in range(0, 600, 100):
        accuracy = top * step / 500
        for split in ("train", "validation", "test"):
            rows.append(Metric(replicate, branch, level, step, split, "accuracy", accuracy))
            rows.append(Metric(replicate, branch, level, step, split, "loss", 1 - accuracy))
    return rows


@pytest.fixture
def metrics(tmp_path):
    return run_metrics(tmp_path, levels=5, replicates=3, controls=True)


def labels(axes):
    return axes.get_legend_handles_labels()[1]


@pytest.mark.parametrize("draw", [figures.early_stop_figure, figures.accuracy_figure, figures.end_accuracy_figure])
def test_every_branch_is_a_line_with_bars_beside_the_dense_network(metrics, draw):
    for axes in draw(summarise(metrics)).axes:
        assert labels(axes) == ["ticket", "reinit", "random", "dense"]
        assert len(axes.containers) == 3
        assert axes.get_xscale() == "log" and axes.get_xlim()[0] > axes.get_xlim()[1]


def test_accuracy_is_drawn_in_percent_at_the_measured_densities(metrics):
    axes = figures.accuracy_figure(summarise(metrics)).axes[0]
    ticket = axes.lines[0]
    assert np.allclose(ticket.get_xdata(), [100, 80, 64, 51.2, 40.96])
    assert np.allclose(ticket.get_ydata(), 90.1)


def test_one_replicate_has_no_bars_and_no_bands(tmp_path):
    metrics = run_metrics(tmp_path, levels=3, replicates=1, controls=False)
    summary = summarise(metrics)
    assert figures.accuracy_figure(summary).axes[0].containers == []
    assert len(figures.curves_figure(metrics, summary).axes[0].collections) == 0


def test_curves_show_the_tickets_spread_out_and_reinit_at_the_sparsest(tmp_path):
    metrics = run_metrics(tmp_path, levels=10, replicates=2, controls=True)
    axes = figures.curves_figure(metrics, summarise(metrics)).axes[0]
    assert labels(axes) == ["100%", "51.2%", "26.2%", "13.4%", "13.4% reinit"]
    assert axes.lines[-1].get_linestyle() == "--"
    assert len(axes.collections) == 5


def test_curves_of_chosen_levels_and_of_the_test_set(metrics):
    axes = figures.curves_figure(metrics, summarise(metrics), "test", levels=[0, 2]).axes[0]
    assert labels(axes) == ["100%", "64%", "64% reinit"]
    assert axes.get_ylabel() == "Test accuracy (%)"


def test_layers_are_named_and_logarithmic(metrics):
    axes = figures.layer_density_figure(metrics).axes[0]
    assert labels(axes) == ["fc", "out"]
    assert axes.get_yscale() == "log"
    assert np.allclose(axes.lines[0].get_ydata(), [100, 80, 64, 51.2, 40.96])


def test_many_layers_name_only_some(tmp_path):
    names = tuple(f"block{k}.weight" for k in range(20))
    metrics = run_metrics(tmp_path, levels=2, replicates=1, controls=False, layers=names)
    axes = figures.layer_density_figure(metrics).axes[0]
    assert len(axes.lines) == 20
    assert (labels(axes)[0], labels(axes)[-1], len(labels(axes))) == ("block0", "block19", 7)


@pytest.mark.parametrize("levels", [1, 25])
def test_the_thinnest_and_the_longest_run_can_be_drawn(tmp_path, levels):
    metrics = run_metrics(tmp_path, levels=levels, replicates=1, controls=False)
    summary = summarise(metrics)
    for figure in (
        figures.early_stop_figure(summary),
        figures.accuracy_figure(summary),
        figures.end_accuracy_figure(summary),
        figures.curves_figure(metrics, summary),
        figures.layer_density_figure(metrics),
    ):
        figure.draw_without_rendering()
        assert all(np.isfinite(axes.get_position().bounds).all() for axes in figure.axes)
        assert all(axes.lines or axes.patches for axes in figure.axes)


def test_the_mask_picture_counts_the_weights_on_every_pixel():
    mask = np.zeros((5, 2 * 3 * 4), dtype=bool)
    mask[:, 0] = True  # channel 0, pixel (0, 0)
    mask[0, 12] = True  # channel 1, pixel (0, 0)
    mask[1, 23] = True  # channel 1, pixel (2, 3)
    heat = np.asarray(figures.first_layer_mask(mask, (2, 3, 4)).axes[0].images[0].get_array())
    assert heat.shape == (3, 4)
    assert (heat[0, 0], heat[2, 3], heat.sum()) == (6, 1, 7)


def test_a_mask_that_is_no_image_is_refused():
    with pytest.raises(WinnowError, match="WN-P02"):
        figures.first_layer_mask(np.ones((5, 10), dtype=bool), (1, 3, 3))
