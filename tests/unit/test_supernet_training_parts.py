"""Penalty, proximal step, schedules, budget, hidden weights and recalibration, each on its own."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from supernet_training_toys import toy_architecture, toy_data, toy_task
from winnow.core import WinnowError
from winnow.supernet.network import Supernet, build, importances, maskable, token_importances
from winnow.supernet.space import costs_of
from winnow.supernet.surgery import plan_cuts
from winnow.supernet.training import (
    Hidden,
    Penalty,
    Phase,
    decay_at,
    rate_factor,
    recalibrate,
    token_penalties,
    unit_penalties,
    within_budget,
)
from winnow.supernet.training.batches import Batches
from winnow.supernet.training.penalty import ramp
from winnow.supernet.training.phase import count_events, event_number


def _drawn(tokens: bool = True) -> Supernet:
    """A network with importances of both signs."""
    network = build(toy_architecture(tokens=tokens), 1)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for gammas in (importances(network), token_importances(network)):
            for gamma in gammas.values():
                gamma.copy_(torch.randn(gamma.shape, generator=generator))
    return network


def test_unit_penalties_weigh_a_unit_by_its_macs_and_have_mean_1():
    architecture = toy_architecture()
    penalties = unit_penalties(architecture)
    every = torch.cat(list(penalties.values()))
    assert len(every) == architecture.units
    assert float(every.mean()) == pytest.approx(1, abs=1e-6)
    name = architecture.places[0].name
    alive = torch.ones(len(penalties[name]), dtype=torch.bool)
    alive[-1] = False
    saved = costs_of(architecture).macs - costs_of(plan_cuts(architecture, {name: alive}).architecture).macs
    blocks = zip(costs_of(architecture).blocks, architecture.widths, strict=True)
    whole = sum(m * n for cost, widths in blocks for n, m in zip(widths, cost.unit_macs, strict=True))
    assert float(penalties[name][-1]) == pytest.approx(saved / (whole / architecture.units))


def test_token_penalty_is_what_the_last_token_costs():
    architecture = toy_architecture(tokens=True)
    name, penalty = next(iter(token_penalties(architecture).items()))
    alive = {name: torch.tensor([True, True, False])}
    saved = costs_of(architecture).macs - costs_of(plan_cuts(architecture, {}, alive).architecture).macs
    unit = unit_penalties(architecture)[name][0]
    place = [p.name for p in architecture.places].index(name)
    assert penalty / float(unit) == pytest.approx(saved / costs_of(architecture).blocks[place].unit_macs[0])
    # The quadratic part: a token among fewer is cheaper.
    fewer = token_penalties(architecture.with_widths(architecture.widths, [min(t, 1) for t in architecture.tokens]))
    assert fewer[name] < penalty


def test_penalty_gradient_is_the_derivative_of_its_value():
    network = _drawn()
    penalty = Penalty(network)
    for gamma in network.parameters():
        gamma.grad = torch.zeros_like(gamma)
    penalty.add_gradient(0.3)
    gammas = {**importances(network), **{f"{n}/t": g for n, g in token_importances(network).items()}}
    total = torch.zeros(())
    units, tokens = unit_penalties(network.architecture), token_penalties(network.architecture)
    for name, gamma in importances(network).items():
        total = total + (units[name] * gamma.abs()).sum()
    for name, gamma in token_importances(network).items():
        total = total + tokens[name] * gamma.abs().sum()
    assert penalty.value() == pytest.approx(float(total.detach()), rel=1e-5)
    expected = torch.autograd.grad(0.3 * total, list(gammas.values()))
    for gamma, gradient in zip(gammas.values(), expected, strict=True):
        torch.testing.assert_close(gamma.grad, gradient)
    touched = sum(int(p.grad.count_nonzero()) for p in network.parameters() if p.grad is not None)
    assert touched == sum(gamma.numel() for gamma in gammas.values())


def test_penalty_gradient_starts_where_the_task_gave_none():
    network = _drawn(tokens=False)
    Penalty(network).add_gradient(1.0)
    assert all(gamma.grad is not None for gamma in importances(network).values())


@pytest.mark.parametrize("amount", [1e-3, 0.3, 2.0])
def test_proximal_step_is_the_soft_threshold(amount):
    network = _drawn()
    units = unit_penalties(network.architecture)
    before = {name: gamma.detach().clone() for name, gamma in importances(network).items()}
    Penalty(network).shrink(amount)
    for name, gamma in importances(network).items():
        expected = before[name].sign() * (before[name].abs() - amount * units[name]).clamp(min=0)
        torch.testing.assert_close(gamma.detach(), expected, atol=1e-6, rtol=1e-5)


def test_proximal_steps_reach_exact_zeros_and_stay_there():
    network = _drawn()
    penalty = Penalty(network)
    for _ in range(60):
        penalty.shrink(0.2)
    assert penalty.value() == 0
    assert all(not gamma.any() for gamma in importances(network).values())


@pytest.mark.parametrize("steps", [3, 10, 101])
def test_onecycle_is_that_of_torch(steps):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=steps)
    for step in range(steps):
        if steps > 3:  # torch divides by zero in a shorter one's rise
            assert rate_factor("onecycle", step, steps) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        assert 0 < rate_factor("onecycle", step, steps) <= 1
        optimizer.step()
        if step < steps - 1:
            scheduler.step()


def test_the_other_schedules():
    assert rate_factor("constant", 7, 10) == 1
    assert rate_factor("cosine", 0, 10) == 1
    assert rate_factor("cosine", 5, 10) == pytest.approx(0.5)
    assert [rate_factor("steps", step, 210) for step in (0, 169, 170, 199, 200)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01]
    )
    assert rate_factor("exponential", 3500, 3501) == pytest.approx(0.97**145)
    assert rate_factor("exponential", 23, 3500) == 1
    assert rate_factor("exponential", 24, 3500) == pytest.approx(0.97)
    with pytest.raises(WinnowError, match="WN-T03"):
        rate_factor("up", 0, 1)


def test_events_come_at_their_period_and_at_the_end():
    assert [event_number(done, 4, 10) for done in range(1, 11)] == [0, 0, 0, 1, 0, 0, 0, 2, 0, 3]
    assert count_events(4, 10) == 3
    assert count_events(5, 10) == 2
    assert count_events(99, 10) == 1
    assert event_number(10, 99, 10) == 1


def test_ramp_and_average_decay():
    assert [ramp(step, 100, 0.1) for step in (0, 5, 10, 99)] == [0, 0.5, 1, 1]
    assert ramp(0, 100, 0.0) == 1
    assert decay_at(0, 0.99) == pytest.approx(0.1)
    assert decay_at(10**6, 0.99) == 0.99


def test_a_phase_that_cannot_be_run_is_refused():
    with pytest.raises(WinnowError, match="WN-R02"):
        Phase("none", 0)
    with pytest.raises(WinnowError, match="WN-R02"):
        Phase("all", 5, prune=True, sparsity=1.0)


@settings(max_examples=15, deadline=None)
@given(share=st.floats(0.15, 1.0), seed=st.integers(0, 99))
def test_budget_removes_the_least_and_no_more_than_needed(share, seed):
    architecture = toy_architecture(tokens=True)
    generator = torch.Generator().manual_seed(seed)
    units = {n: torch.rand(len(p), generator=generator) for n, p in unit_penalties(architecture).items()}
    tokens = {n: torch.rand(3, generator=generator) for n in token_penalties(architecture)}
    dense = costs_of(architecture).macs
    target = int(share * dense)
    alive, living = within_budget(architecture, units, tokens, target)
    left = plan_cuts(architecture, alive, living).architecture
    assert left.units >= 1
    values = torch.cat([*units.values(), *tokens.values()])
    stays = torch.cat([*alive.values(), *living.values()])
    if costs_of(left).macs > target:
        assert left.units == 1 and not sum(left.tokens)  # nothing more to take
        return
    if not stays.all():
        last = values[~stays].max()
        rest = values[stays]
        # All that goes is less important than all that stays, but for the one unit that never goes.
        assert int((rest < last).sum()) <= 1
        back = {n: alive[n] | (units[n] == last) for n in units}
        awake = {n: living[n] | (tokens[n] == last) for n in tokens}
        assert costs_of(plan_cuts(architecture, back, awake).architecture).macs > target


def test_hidden_weights_are_zero_inside_and_themselves_outside():
    network = build(toy_architecture(), 0)
    weights = maskable(network)
    mask = {name: torch.ones(w.shape, dtype=torch.bool) for name, w in weights.items()}
    name = next(iter(mask))
    mask[name].view(-1)[::2] = False
    before = {n: w.detach().clone() for n, w in weights.items()}
    hidden = Hidden(weights, mask)
    with pytest.raises(RuntimeError, match="in the middle"), hidden():
        assert not weights[name][~mask[name]].any()
        assert torch.equal(weights[name][mask[name]], before[name][mask[name]])
        raise RuntimeError("in the middle")
    assert all(torch.equal(weights[n], before[n]) for n in weights)


def test_batches_are_permutations_that_follow_from_the_seed():
    batches = Batches(10, 4, 3)
    epoch = torch.cat([batches.at(0), batches.at(1)])
    assert len(epoch.unique()) == 8
    assert torch.equal(Batches(10, 4, 3).at(5), batches.at(5))
    assert not torch.equal(torch.cat([batches.at(2), batches.at(3)]), epoch)
    assert sorted(Batches(3, 8, 0).at(9).tolist()) == [0, 1, 2]


def test_recalibrated_statistics_are_those_of_the_batches():
    data = toy_data()
    task, network = toy_task(data), build(toy_architecture(tokens=True), 2)
    with torch.no_grad():
        for gamma in importances(network).values():
            gamma.add_(0.5)
    network.eval()
    seen: dict[str, list[torch.Tensor]] = {}
    norms = {n: m for n, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    hooks = [
        m.register_forward_hook(lambda _, given, __, n=n: seen.setdefault(n, []).append(given[0]))
        for n, m in norms.items()
    ]
    weights = {n: p.detach().clone() for n, p in network.named_parameters()}
    recalibrate(network, task, data.train, 3, 16, 7)
    for hook in hooks:
        hook.remove()
    for name, norm in norms.items():
        assert len(seen[name]) == 3
        mean = torch.stack([x.mean((0, 2, 3)) for x in seen[name]]).mean(0)
        variance = torch.stack([x.var((0, 2, 3)) for x in seen[name]]).mean(0)
        torch.testing.assert_close(norm.running_mean, mean, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(norm.running_var, variance, atol=1e-5, rtol=1e-4)
    assert not any(m.training for m in network.modules())
    assert all(norm.momentum == 0.1 for norm in norms.values())
    assert all(torch.equal(p, weights[n]) for n, p in network.named_parameters())
