"""Invariants of the accelerators, for any shape and scale."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grok_accelerator_cases import changed, space_of
from winnow.grokking.accelerators.egalitarian import ColumnEgalitarian, Egalitarian
from winnow.grokking.accelerators.grokfast import ExponentialAverage, MovingAverage
from winnow.grokking.accelerators.orthogonal import Orthogonal
from winnow.grokking.accelerators.stablemax import StableMax

SEEDS, SIDES = st.integers(0, 10_000), st.integers(2, 12)
SCALES = st.floats(1.0, 1e6)
EVERY, COLUMNS = Egalitarian(penalty=0.0), ColumnEgalitarian(penalty=0.0)
QUICK = settings(max_examples=40, deadline=None)


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def hooked(hook, gradient, weights=None):
    """What a stateless hook makes of one run's gradient."""
    start = {"embed": gradient if weights is None else weights}
    space = space_of([start])
    return changed(hook(space), space, [{"embed": gradient}])[0]["embed"]


@QUICK
@given(SEEDS, SIDES, SIDES, SCALES)
def test_egalitarian_has_singular_values_of_one_whatever_the_gradients_length(seed, rows, columns, scale):
    gradient = drawn(seed, rows, columns)
    values = torch.linalg.svdvals(gradient.double())
    found = hooked(EVERY, scale * gradient)
    sound = values > 1e-3 * values[0]
    torch.testing.assert_close(
        torch.linalg.svdvals(found.double())[sound], torch.ones_like(values)[sound], rtol=0, atol=1e-4
    )
    torch.testing.assert_close(found, hooked(EVERY, gradient), rtol=0, atol=2e-3)


@QUICK
@given(SEEDS, SIDES, SIDES)
def test_egalitarian_knows_no_order_and_no_side(seed, rows, columns):
    """Permuted rows give permuted rows, the transpose gives the transpose."""
    gradient = drawn(seed, rows, columns)
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    found = hooked(EVERY, gradient)
    torch.testing.assert_close(hooked(EVERY, gradient[order]), found[order], rtol=0, atol=2e-3)
    torch.testing.assert_close(hooked(EVERY, gradient.T.contiguous()), found.T, rtol=0, atol=2e-3)


@QUICK
@given(SEEDS, SIDES, SIDES, SCALES)
def test_column_egalitarian_is_done_once(seed, rows, columns, scale):
    found = hooked(COLUMNS, scale * drawn(seed, rows, columns))
    torch.testing.assert_close(found.norm(dim=0), torch.ones(columns))
    torch.testing.assert_close(hooked(COLUMNS, found), found)


@QUICK
@given(SEEDS, SIDES, SIDES, st.floats(-100, 100), SCALES)
def test_orthogonal_gradients_do_not_see_what_is_along_the_weights(seed, rows, columns, along, scale):
    """Adding any multiple of the weights changes the length alone; the scale of the weights is nothing."""
    weights, gradient = drawn(seed, rows, columns), drawn(seed + 1, rows, columns)
    plain = hooked(Orthogonal(), gradient, weights)
    moved = hooked(Orthogonal(), gradient + along * weights, scale * weights)
    torch.testing.assert_close(moved / moved.norm(), plain / plain.norm(), rtol=0, atol=2e-4)
    torch.testing.assert_close(hooked(Orthogonal(), plain, weights), plain, rtol=1e-5, atol=1e-5)


@QUICK
@given(SEEDS, st.integers(1, 5), st.floats(0.0, 10.0), st.floats(0.0, 0.99))
def test_a_constant_gradient_is_amplified_by_one_and_lambda(seed, window, amplification, momentum):
    gradient = {"embed": drawn(seed, 3, 4)}
    space = space_of([gradient])
    moving, exponential = (
        MovingAverage(window, amplification)(space),
        ExponentialAverage(momentum, amplification)(space),
    )
    for step in range(1, 2 * window + 2):
        factor = 1 + amplification * (step >= window)
        torch.testing.assert_close(changed(moving, space, [gradient])[0]["embed"], factor * gradient["embed"])
        expected = (1 + amplification) * gradient["embed"]
        torch.testing.assert_close(changed(exponential, space, [gradient])[0]["embed"], expected)


@QUICK
@given(SEEDS, st.integers(2, 6), st.floats(0.01, 1e4))
def test_stablemax_is_a_loss_of_probabilities(seed, classes, scale):
    """Probabilities that sum to 1; a growing right logit lowers the loss, every other raises it."""
    loss, outputs = StableMax(), scale * drawn(seed, 2, 3, classes).double()
    targets = torch.randint(0, classes, (2, 3), generator=torch.Generator().manual_seed(seed))
    gradient = loss.gradient(outputs, targets)
    assert (loss.values(outputs, targets) > 0).all()
    is_target = torch.zeros_like(gradient, dtype=torch.bool).scatter_(-1, targets.unsqueeze(-1), True)
    assert (gradient[is_target] < 0).all()
    assert (gradient[~is_target] > 0).all()
    single = torch.stack([loss.values(outputs[:, :1], torch.full((2, 1), label)) for label in range(classes)])
    torch.testing.assert_close((-single).exp().sum(0), torch.ones(2).double())
