"""Edge-popup in stacks: exact choices, straight-through gradients, frozen weights, runs that do not see each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from winnow.core import WinnowError
from winnow.grokking.networks.mlp import PairMlp
from winnow.grokking.stacks.member import Grokked, Member, Plan, Supermask
from winnow.grokking.stacks.supermask import Supermasked, drawn_scores
from winnow.grokking.stacks.trainer import train
from winnow.grokking.tasks.task import Split, Task

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENS = 7
NETWORK = PairMlp(TOKENS, TOKENS, width=6, hidden=5)
PAIRS = torch.tensor([(a, b) for a in range(TOKENS) for b in range(TOKENS)])
TASK = Task(name="add-7", inputs=PAIRS, targets=PAIRS.sum(1) % TOKENS, outputs=TOKENS, tokens=TOKENS)
CPU = torch.device("cpu")
# The protocol of Table 1: decay 1 on scores too.
RATE, DECAY, BETAS = 1e-2, 1.0, (0.9, 0.98)


def member(seed: int, *, trains: bool, density: float = 0.4) -> Member:
    start = NETWORK.start(torch.Generator().manual_seed(seed))
    scores = drawn_scores(start, NETWORK.prunable, seed)
    return Member(
        branch="edge-popup",
        replicate=seed,
        start=start,
        split=TASK.split(0.5, seed),
        learning_rate=RATE,
        weight_decay=DECAY,
        supermask=Supermask(density=density, scores=scores, train_weights=trains),
    )


def supermask_of(one: Member) -> Supermask:
    assert one.supermask is not None
    return one.supermask


def by_sorting(scores: Tensor, density: float) -> Tensor:
    """The brute force: positions sorted by (|score|, position), the first floor((1 - density) n) out."""
    values = scores.detach().flatten().abs().tolist()
    order = sorted(range(len(values)), key=lambda place: (values[place], place))
    mask = torch.ones(len(values), dtype=torch.bool)
    mask[order[: int((1 - density) * len(values))]] = False
    return mask.view(scores.shape)


class _StraightThrough(torch.autograd.Function):
    """The mask of |score| forwards, the identity backwards."""

    @staticmethod
    def forward(ctx: Any, strength: Tensor, density: float) -> Tensor:  # noqa: ARG004
        return by_sorting(strength, density).to(strength)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ARG004
        return gradients[0], None


def loss_by_autograd(weights: dict[str, Tensor], scores: dict[str, Tensor], split: Split) -> Tensor:
    chosen = {name: w * _StraightThrough.apply(scores[name].abs(), 0.4) for name, w in weights.items()}
    logits = NETWORK.plain(chosen, PAIRS[split.train])
    return F.cross_entropy(logits.double(), TASK.targets[split.train])


def adamw(values: Tensor, gradient: Tensor, first: Tensor, second: Tensor, step: int) -> None:
    """Loshchilov & Hutter (2019), algorithm 2, in place."""
    values *= 1 - RATE * DECAY
    first += (1 - BETAS[0]) * (gradient - first)
    second += (1 - BETAS[1]) * (gradient.square() - second)
    values -= RATE * first / (1 - BETAS[0] ** step) / ((second / (1 - BETAS[1] ** step)).sqrt() + 1e-8)


def trained(members: list[Member], steps: int, **options: Any) -> list[Grokked]:
    return train(TASK, NETWORK, members, Plan(steps=steps, record_every=10, **options))


def test_every_matrix_keeps_its_share() -> None:
    one, other = member(1, trains=False), member(2, trains=False)
    part = Supermasked([one, other], CPU)
    part.refresh()
    for row, run in enumerate((one, other)):
        for name, weights in run.start.items():
            mask = by_sorting(supermask_of(run).scores[name], 0.4)
            assert int(mask.sum()) == weights.numel() - int(0.6 * weights.numel())
            assert torch.equal(part.weights[name][row], torch.where(mask, weights, 0.0))


@pytest.mark.parametrize("trains", [False, True])
def test_gradients_are_those_of_autograd_through_a_straight_through_choice(trains: bool) -> None:
    members = [member(1, trains=trains), member(2, trains=trains)]
    part = Supermasked(members, CPU)
    part.refresh()
    for row, run in enumerate(members):
        effective = {name: view[row].clone().requires_grad_() for name, view in part.weights.items()}
        logits = NETWORK.plain(effective, PAIRS[run.split.train])
        F.cross_entropy(logits.double(), TASK.targets[run.split.train]).backward()
        for name, tensor in effective.items():
            assert tensor.grad is not None
            part.gradients[name][row].copy_(tensor.grad)
    part.pull()
    for row, run in enumerate(members):
        weights = {name: tensor.clone().requires_grad_() for name, tensor in run.start.items()}
        scores = {name: tensor.clone().requires_grad_() for name, tensor in supermask_of(run).scores.items()}
        loss_by_autograd(weights, scores, run.split).backward()
        expected: dict[str, Tensor | None] = {f"{name}.scores": tensor.grad for name, tensor in scores.items()}
        if trains:
            expected |= {name: tensor.grad for name, tensor in weights.items()}
        assert set(part.space.gradients) == set(expected)
        for name, gradient in expected.items():
            assert gradient is not None
            assert torch.allclose(part.space.gradients[name][row], gradient, atol=1e-7)
            assert float(gradient.abs().max()) > 1e-4


@pytest.mark.parametrize("trains", [False, True])
def test_training_is_adamw_on_scores_and_on_trained_weights(trains: bool) -> None:
    run = member(3, trains=trains)
    weights = {name: tensor.clone().requires_grad_() for name, tensor in run.start.items()}
    scores = {name: tensor.clone().requires_grad_() for name, tensor in supermask_of(run).scores.items()}
    leaves = [*scores.values(), *(weights.values() if trains else ())]
    averages = [(torch.zeros_like(leaf), torch.zeros_like(leaf)) for leaf in leaves]
    for step in range(1, 26):
        gradients = torch.autograd.grad(loss_by_autograd(weights, scores, run.split), leaves)
        for leaf, gradient, pair in zip(leaves, gradients, averages, strict=True):
            adamw(leaf.data, gradient, *pair, step)
    (result,) = trained([run], 25)
    for name, tensor in weights.items():
        mask = by_sorting(scores[name], 0.4)
        assert not torch.equal(mask, by_sorting(supermask_of(run).scores[name], 0.4))
        assert torch.allclose(result.final[name], torch.where(mask, tensor.detach(), 0.0), atol=1e-6)


def test_frozen_weights_stay_bit_for_bit() -> None:
    run = member(4, trains=False)
    before = {name: tensor.clone() for name, tensor in run.start.items()}
    (result,) = trained([run], 60)
    first = Supermasked([run], CPU)
    first.refresh()
    for name, tensor in before.items():
        final = result.final[name]
        kept = final != 0
        assert torch.equal(run.start[name], tensor)
        assert torch.equal(final[kept], tensor[kept])
        assert int(kept.sum()) == tensor.numel() - int(0.6 * tensor.numel())
        assert not torch.equal(kept, first.weights[name][0] != 0)


@pytest.mark.parametrize("trains", [False, True])
def test_two_runs_in_a_stack_are_each_alone(trains: bool) -> None:
    members = [member(5, trains=trains), member(6, trains=trains)]
    together = trained(members, 30)
    for run, result in zip(members, together, strict=True):
        (alone,) = trained([run], 30)
        for name in run.start:
            assert torch.allclose(result.final[name], alone.final[name], atol=1e-6)
        assert alone.curve["test_loss"] == tuple((at, pytest.approx(v)) for at, v in result.curve["test_loss"])


@pytest.mark.parametrize("trains", [False, True])
def test_runs_that_stay_go_on_as_before(trains: bool) -> None:
    part = Supermasked([member(seed, trains=trains) for seed in (1, 2, 3)], CPU)
    rows = torch.tensor([0, 2])
    part.refresh()
    before = {name: view[rows] for name, view in part.weights.items()}
    part.keep(rows)
    part.refresh()
    for name, tensor in before.items():
        assert torch.equal(part.weights[name], tensor)
        part.gradients[name].fill_(1.0)
    part.pull()
    assert len(part.space) == 2
    for name in before:
        scores = part.space.weights[f"{name}.scores"]
        assert torch.equal(
            part.space.gradients[f"{name}.scores"].masked_select(before[name] != 0),
            (before[name] * scores.sign()).masked_select(before[name] != 0),
        )


@pytest.mark.parametrize("trains", [False, True])
def test_matrices_without_scores_are_used_whole(trains: bool) -> None:
    run = member(1, trains=trains)
    scores = {"project_in": supermask_of(run).scores["project_in"]}
    supermask = Supermask(density=0.5, scores=scores, train_weights=trains)
    part = Supermasked([replace(run, supermask=supermask)], CPU)
    part.refresh()
    assert int((part.weights["project_in"] != 0).sum()) == 15
    for name in ("embed", "project_out", "unembed"):
        assert torch.equal(part.weights[name][0], run.start[name])
        part.gradients[name].fill_(3.0)
    part.pull()
    assert set(part.space.weights) == {"project_in.scores", *(run.start if trains else ())}
    assert not trains or bool((part.space.gradients["embed"] == 3.0).all())


def test_runs_that_cannot_be_one_stack_are_refused() -> None:
    one = member(1, trains=False)
    plain = replace(one, supermask=None)
    for other in (member(2, trains=True), member(2, trains=False, density=0.5), plain):
        with pytest.raises(WinnowError, match="WN-R02"):
            Supermasked([one, other], CPU)
    wrong = Supermask(density=0.4, scores={"embed": torch.zeros(2, 2)})
    with pytest.raises(WinnowError, match="WN-P02"):
        Supermasked([replace(one, supermask=wrong)], CPU)
    with pytest.raises(WinnowError, match="WN-R02"):
        Supermasked([member(1, trains=False, density=0.0)], CPU)
