"""Muon against one run's textbook loop: SVD for the direction, torch's AdamW for all that is not hidden."""

from __future__ import annotations

import pytest
import torch

from grok_accelerator_cases import DECAY, LEARNING, SHAPES, drawn, space_of, write
from winnow.grokking.accelerators.muon import Muon
from winnow.grokking.stacks.rules import Rates

BETAS = (0.9, 0.98)
STARTS, STEPS = drawn(3, 1), [drawn(3, seed) for seed in range(2, 7)]


def trained(settings):
    space = space_of(STARTS)
    rates = Rates(torch.tensor(LEARNING).double(), torch.tensor(DECAY).double(), BETAS)
    rule = settings(space, rates)
    for gradients in STEPS:
        write(space, gradients)
        rule.step()
    return space


def equalised(matrix, steps):
    """Jordan et al.'s iteration on the singular values."""
    left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    values = values / (values.norm() + 1e-7)
    for _ in range(steps):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return (left * values) @ right


@pytest.mark.parametrize(("name", "scale"), [("project_in", 1.0), ("project_out", (10 / 4) ** 0.5)])
def test_hidden_matrices_follow_the_textbook(name, scale):
    """Every run with its own learning rate and weight decay; the scale is sqrt(max(1, out / in)) of [in, out]."""
    space = trained(Muon(momentum=0.95, steps=5))
    for row, (learning, decay) in enumerate(zip(LEARNING, DECAY, strict=True)):
        weights, average = STARTS[row][name].double(), torch.zeros(SHAPES[name]).double()
        for step in STEPS:
            gradient = step[row][name].double()
            average = 0.95 * average + 0.05 * gradient
            update = equalised(0.05 * gradient + 0.95 * average, 5) * scale
            weights = weights * (1 - learning * decay) - learning * update
        torch.testing.assert_close(space.weights[name][row].double(), weights, rtol=1e-4, atol=1e-5)


def test_all_else_follows_adamw_at_its_share_of_the_learning_rate():
    space = trained(Muon(adam_share=0.1))
    for row, (learning, decay) in enumerate(zip(LEARNING, DECAY, strict=True)):
        for name in ("embed", "bias", "unembed"):
            weights = STARTS[row][name].clone().requires_grad_()
            plain = torch.optim.AdamW([weights], lr=learning * 0.1, weight_decay=decay, betas=BETAS, eps=1e-8)
            for step in STEPS:
                weights.grad = step[row][name].clone()
                plain.step()
            torch.testing.assert_close(space.weights[name][row], weights.detach(), rtol=1e-5, atol=1e-6)


def test_a_first_step_has_singular_values_near_the_learning_rate():
    """The step's length does not depend on the gradient's: about [0.7, 1.2] learning rates in every direction."""
    space = space_of(STARTS[:1])
    rule = Muon()(space, Rates(torch.tensor([0.02]).double(), torch.zeros(1).double(), BETAS))
    write(space, [{name: 1e-3 * tensor for name, tensor in STEPS[0][0].items()}])
    rule.step()
    values = torch.linalg.svdvals(space.weights["project_in"][0] - STARTS[0]["project_in"]) / 0.02
    assert ((values > 0.6) & (values < 1.3)).all()
