"""When a run memorised and generalised: first crossings, steepest rises, and what they cannot be read from."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from winnow.core import WinnowError
from winnow.grokking.measures import crossing, steepest, times_of


def test_a_crossing_is_the_first_step_strictly_above() -> None:
    assert crossing([0, 10, 20, 30], [0.1, 0.95, 0.96, 0.2], 0.95) == 20
    assert crossing([0, 10], [0.96, 0.1], 0.95) == 0
    assert crossing([0, 10], [0.1, 0.95], 0.95) is None
    assert crossing([], [], 0.95) is None


def test_losses_cross_from_above_and_nan_never_crosses() -> None:
    assert crossing([0, 5, 10], [2.0, math.nan, 0.001], 0.01, below=True) == 10
    assert crossing([0, 5, 10], [math.nan] * 3, 0.5) is None


@pytest.mark.parametrize("form", [list, np.array, torch.tensor])
def test_lists_arrays_and_tensors_are_read_alike(form) -> None:
    steps, values = form([0, 100, 200, 300]), form([0.0, 0.1, 0.7, 0.8])
    assert (crossing(steps, values, 0.5), steepest(steps, values)) == (200, 150.0)


def test_the_steepest_rise_is_per_step_and_the_first_of_equals() -> None:
    assert steepest([0, 1, 101], [0.0, 0.1, 0.9]) == 0.5
    assert steepest([0, 10, 20, 30], [0.0, 0.3, 0.3, 0.6]) == 5
    assert steepest([0, 10, 20, 30], [0.0, math.nan, 0.8, 0.9]) == 10


def test_what_never_rises_has_no_steepest_rise() -> None:
    assert steepest([0, 10, 20], [0.5, 0.5, 0.1]) is None
    assert steepest([0], [0.5]) is None


def test_times_name_the_grid_they_were_read_from() -> None:
    steps = [0, 5, 10, 110, 210]
    times = times_of(steps, [0, 0.5, 1, 1, 1], [0, 0, 0, 0.5, 1], 0.9)
    assert (times.memorised, times.memorised_within) == (10, 5)
    assert (times.generalised, times.generalised_within) == (210, 100)
    assert times.ratio == 21
    assert times.threshold == 0.9


def test_without_both_times_there_is_no_ratio() -> None:
    never = times_of([0, 10], [0, 1], [0, 0])
    assert (never.memorised, never.generalised, never.generalised_within, never.ratio) == (10, None, None, None)
    at_once = times_of([0, 10], [1, 1], [0, 1])
    assert (at_once.memorised, at_once.memorised_within, at_once.ratio) == (0, 0, None)


@pytest.mark.parametrize(("steps", "values"), [([0, 1], [0.5]), ([0, 0], [0.1, 0.2]), ([2, 1], [0.1, 0.2])])
def test_series_that_do_not_fit_are_refused(steps: list[int], values: list[float]) -> None:
    for measure in (lambda: crossing(steps, values, 0.5), lambda: steepest(steps, values)):
        with pytest.raises(WinnowError, match="WN-C01"):
            measure()
