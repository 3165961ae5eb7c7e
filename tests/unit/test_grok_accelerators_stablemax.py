"""The StableMax loss: its value by its definition, its gradient by finite differences."""

from __future__ import annotations

import math

import torch

from winnow.grokking.accelerators.stablemax import StableMax

LOSS = StableMax()


def case(scale=3.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    outputs = (torch.randn(3, 5, 4, generator=generator) * scale).to(dtype)
    return outputs, torch.randint(0, 4, (3, 5), generator=generator)


def test_values_are_the_definition():
    outputs, targets = case()
    outputs[0, 0] = torch.tensor([0.0, -0.5, 2.0, 0.0])
    values = LOSS.values(outputs, targets)
    assert values.dtype == torch.float64
    for run in range(3):
        total = 0.0
        for example in range(5):
            scores = [x + 1 if x >= 0 else 1 / (1 - x) for x in outputs[run, example].tolist()]
            total -= math.log(scores[targets[run, example]] / sum(scores))
        assert math.isclose(float(values[run]), total / 5, rel_tol=1e-12)


def test_gradient_is_the_slope_of_the_value():
    outputs, targets = case()
    gradient, width = LOSS.gradient(outputs, targets), 1e-6
    assert gradient.shape == outputs.shape
    for place in torch.cartesian_prod(*map(torch.arange, outputs.shape)).tolist():
        above, below = outputs.clone(), outputs.clone()
        above[tuple(place)] += width
        below[tuple(place)] -= width
        slope = (LOSS.values(above, targets) - LOSS.values(below, targets)).sum() / (2 * width)
        assert math.isclose(float(gradient[tuple(place)]), float(slope), rel_tol=1e-6, abs_tol=1e-9)


def test_gradient_comes_in_the_outputs_precision():
    outputs, targets = case(dtype=torch.float32)
    gradient = LOSS.gradient(outputs, targets)
    assert gradient.dtype == torch.float32
    torch.testing.assert_close(gradient, LOSS.gradient(outputs.double(), targets).float())


def test_no_logit_is_absorbed_where_softmax_has_no_gradient_left():
    """Softmax collapse: in float32 the gradient of a right answer far ahead is exactly 0; here it is not."""
    outputs, targets = torch.tensor([[[200.0, 0.0, -200.0]]]), torch.tensor([[0]])
    assert torch.softmax(outputs, -1)[0, 0].tolist() == [1.0, 0.0, 0.0]
    gradient = LOSS.gradient(outputs, targets)
    assert (gradient != 0).all()
    assert gradient[0, 0, 0] < 0 < gradient[0, 0, 1]


def test_huge_logits_stay_finite():
    outputs, targets = torch.tensor([[[1e30, -1e30, 0.0], [-1e30, 1e30, 0.0]]]), torch.tensor([[0, 0]])
    assert LOSS.values(outputs, targets).isfinite().all()
    assert LOSS.gradient(outputs, targets).isfinite().all()


def test_answers_are_the_largest_logits():
    outputs, _ = case()
    right = LOSS.right(outputs, outputs.argmax(-1))
    assert torch.equal(right, torch.ones(3))
