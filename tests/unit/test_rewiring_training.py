"""Masks that change in the loop: exact zeros after every step, cleared averages, resume, stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import SmallConv, members, small_chain
from winnow.data import BatchOrder, DataSet
from winnow.sparsity import Mask, Pool, load_into
from winnow.training import CheckpointFile, Member, Stack, StackOptimizer, TrainingPlan, engine_for, loss_named, train
from winnow.training.batches import StackBatches
from winnow.training.exchanging import GROWTHS, Exchanging
from winnow.training.rewiring import Rewirer, Rewiring, Updates, Wiring
from winnow.training.thinning import RANKINGS, Thinning
from winnow.training.watching import Sight

METHODS = ["set", "rigl", "gradual", "movement"]
OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": "adam", "learning_rate": 0.01, "weight_decay": 0.01},
    {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.1},
    {"optimizer": "momentum", "learning_rate": 0.05, "weight_decay": 0.01},
]

pytestmark = pytest.mark.usefixtures("one_thread")


def prepared(method: str, build: Callable[[], nn.Module], count: int = 3) -> tuple[nn.Module, list[Member], Rewiring]:
    """Members and the method: exchanging ones start sparse, thinning ones whole."""
    module, made = members(build, count)
    updates = Updates(every=4, until=14)
    if method in GROWTHS:
        return module, made, Exchanging(GROWTHS[method], 0.5, updates)
    made = [replace(member, mask=Mask.ones(dict(member.mask))) for member in made]
    pools = [Pool((name,), tensor.numel() // 5) for name, tensor in made[0].mask.items()]
    return module, made, Thinning(RANKINGS[method], pools, updates, accumulates=method == "movement")


@dataclass
class Recorded:
    """A method that notes what it saw and what it answered."""

    inner: Rewiring
    seen: list[tuple[Wiring, Mask]] = field(default_factory=list)

    @property
    def updates(self) -> Updates:
        return self.inner.updates

    @property
    def accumulates(self) -> bool:
        return self.inner.accumulates

    def rewired(self, network: Wiring) -> Mask:
        mask = self.inner.rewired(network)
        weights, gradients, movement = (
            {name: tensor.clone() for name, tensor in part.items()}
            for part in (network.weights, network.gradients, network.movement)
        )
        self.seen.append((replace(network, weights=weights, gradients=gradients, movement=movement), mask))
        return mask

    def mask(self, member: Member, step: int) -> Mask:
        """The member's mask after so many steps."""
        own = [m for n, m in self.seen if n.member.replicate == member.replicate and n.step <= step]
        return own[-1] if own else member.mask


@dataclass
class EveryStep:
    """A watch that keeps all tensors of every step."""

    every: int = 1
    tensors: dict[tuple[int, int], Mapping[str, Tensor]] = field(default_factory=dict)

    def look(self, row: int, member: Member, step: int, tensors: Callable[[], Mapping[str, Tensor]]) -> Sight:
        self.tensors[row, step] = tensors()
        return Sight()

    def state(self) -> dict[str, Tensor]:
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        pass


@pytest.mark.parametrize("options", OPTIMIZERS, ids=lambda o: o["optimizer"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_counts_are_exact_and_pruned_weights_are_exactly_zero_after_every_step(
    method: str, options: dict[str, Any], build: Any, blobs: DataSet, coloured_blobs: DataSet
) -> None:
    data = coloured_blobs if build is SmallConv else blobs
    module, made, rewiring = prepared(method, build)
    recorded, watch = Recorded(rewiring), EveryStep()
    plan = TrainingPlan(steps=20, batch=10, evaluate_every=10, **options)
    result = train(module, made, data, plan, rewiring=recorded, watch=watch)
    assert sorted({network.step for network, _ in recorded.seen}) == [4, 8, 12, 14]
    assert len(watch.tensors) == 3 * 20
    for (row, step), tensors in watch.tensors.items():
        mask = recorded.mask(made[row], step)
        for name, alive in mask.items():
            assert torch.count_nonzero(tensors[name][~alive]) == 0
            if method in GROWTHS:
                assert int(alive.sum()) == int(made[row].mask[name].sum())
        came = recorded.mask(made[row], step - 1)
        for name in mask:
            assert torch.count_nonzero(tensors[name][mask[name] & ~came[name]]) == 0
    for row, trained in enumerate(result.trained):
        assert trained.member.mask == recorded.mask(made[row], 20) != made[row].mask
        assert trained.member.start is made[row].start
        if method not in GROWTHS:
            assert [int(t.sum()) for t in trained.member.mask.values()] == [
                t.numel() // 5 for t in made[row].mask.values()
            ]
    assert result.execution.startswith("dense: the mask changes")


@pytest.mark.parametrize("method", METHODS)
def test_survivors_and_grown_weights_keep_learning(method: str, blobs: DataSet) -> None:
    module, made, rewiring = prepared(method, small_chain)
    recorded, watch = Recorded(rewiring), EveryStep()
    train(module, made, blobs, TrainingPlan(steps=20, batch=10), rewiring=recorded, watch=watch)
    for row, member in enumerate(made):
        last, alive = watch.tensors[row, 20], recorded.mask(member, 20)
        moved = torch.cat([(last[n] != watch.tensors[row, 14][n])[m] for n, m in alive.items()])
        assert moved.float().mean() > 0.9


@pytest.mark.parametrize("options", OPTIMIZERS, ids=lambda o: o["optimizer"])
@pytest.mark.parametrize("method", ["rigl", "gradual"])
def test_averages_are_cleared_where_the_mask_changed_and_nowhere_else(
    method: str, options: dict[str, Any], blobs: DataSet
) -> None:
    module, made, rewiring = prepared(method, small_chain)
    plan = TrainingPlan(steps=8, batch=10, **options)
    stack = Stack(module, made, torch.device("cpu"))
    engine, optimizer = engine_for(stack, loss_named("cross-entropy")), StackOptimizer(stack, plan)
    rewirer, batches = Rewirer(rewiring, stack, optimizer), StackBatches(blobs, made, plan)
    for step in range(4):
        assert rewirer.act(step) == []
        engine.gradients(*batches.at(step), step)
        rewirer.observe(step)
        stack.hold_masks()
        optimizer.step(step)
    before = {name: average.clone() for name, average in optimizer.state().items()}
    weights, masks = stack.weights.clone(), stack.masks.clone()
    assert len(rewirer.act(4)) == 3
    changed, after = masks != stack.masks, optimizer.state()
    assert changed.any() and (weights[changed & (masks > 0)] != 0).any()
    for name in ("first", "second"):
        assert torch.count_nonzero(after[name][changed]) == 0
        assert torch.equal(after[name][~changed], before[name][~changed])
    assert torch.count_nonzero(stack.weights[changed]) == 0
    assert torch.equal(stack.weights[~changed], weights[~changed])


@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_movement_is_the_sum_over_steps_of_minus_weight_times_gradient(
    build: Any, blobs: DataSet, coloured_blobs: DataSet
) -> None:
    """By hand: autograd, plain gradient descent, and the masks of the run."""
    data = coloured_blobs if build is SmallConv else blobs
    module, (member,), rewiring = prepared("movement", build, count=1)
    recorded = Recorded(rewiring)
    plan = TrainingPlan(steps=14, batch=10, optimizer="sgd", learning_rate=0.1)
    train(module, [member], data, plan, rewiring=recorded)
    load_into(module, member.start)
    weights = dict(module.named_parameters())
    sums = {name: torch.zeros_like(weights[name]) for name in member.mask}
    order = BatchOrder(len(data.train), plan.batch, member.order_seed)
    for step in range(plan.steps):
        index = order.indices(step)
        module.train().zero_grad()
        F.cross_entropy(module(data.train.inputs[index]), data.train.labels[index]).backward()
        with torch.no_grad():
            for name, weight in weights.items():
                assert weight.grad is not None
                if name in sums:
                    sums[name] -= weight * weight.grad
                weight -= 0.1 * weight.grad
        recorded.mask(member, step + 1).apply_(weights)
        for network, _ in recorded.seen:
            if network.step == step + 1:
                for name, expected in sums.items():
                    torch.testing.assert_close(network.movement[name], expected, rtol=1e-3, atol=1e-6)


def test_the_gradients_of_an_update_are_the_dense_ones(blobs: DataSet) -> None:
    module, (member,), rewiring = prepared("rigl", small_chain, count=1)
    recorded, watch = Recorded(rewiring), EveryStep()
    plan = TrainingPlan(steps=8, batch=10, optimizer="sgd", learning_rate=0.1)
    train(module, [member], blobs, plan, rewiring=recorded, watch=watch)
    network, _ = recorded.seen[0]
    load_into(module, watch.tensors[0, 3])
    index = BatchOrder(len(blobs.train), plan.batch, member.order_seed).indices(3)
    F.cross_entropy(module(blobs.train.inputs[index]), blobs.train.labels[index]).backward()
    for name, gradient in network.gradients.items():
        torch.testing.assert_close(gradient, dict(module.named_parameters())[name].grad, rtol=1e-4, atol=1e-6)
        assert torch.count_nonzero(gradient[~network.mask[name]]) > 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("build", [small_chain, lambda: SmallConv(dropout=0.3)], ids=["chain", "conv"])
def test_a_training_that_was_stopped_goes_on_bit_for_bit(
    method: str, build: Any, blobs: DataSet, coloured_blobs: DataSet, tmp_path: Any
) -> None:
    data = blobs if isinstance(build(), nn.Sequential) else coloured_blobs
    module, made, rewiring = prepared(method, build)
    plan = TrainingPlan(steps=20, batch=10, evaluate_every=5)
    whole = train(module, made, data, plan, rewiring=rewiring)
    file = CheckpointFile(tmp_path / "checkpoint.safetensors", seconds=0)
    with pytest.raises(_StoppedError):
        train(module, made, data, plan, rewiring=rewiring, checkpoint=file, progress=_StopAfter(3 * 15))
    saved = file.read()
    assert saved is not None and saved.step == 10
    resumed = train(module, made, data, plan, rewiring=rewiring, checkpoint=file)
    assert resumed.rows == whole.rows
    for one, other in zip(whole.trained, resumed.trained, strict=True):
        assert one.member.mask == other.member.mask
        assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())


@pytest.mark.parametrize("method", METHODS)
def test_a_stack_of_three_agrees_with_three_alone(method: str, blobs: DataSet) -> None:
    module, made, rewiring = prepared(method, small_chain)
    plan = TrainingPlan(steps=20, batch=10)
    together = train(module, made, blobs, plan, rewiring=rewiring)
    for trained, member in zip(together.trained, made, strict=True):
        (alone,) = train(module, [member], blobs, plan, rewiring=rewiring).trained
        assert alone.member.mask == trained.member.mask
        for name, tensor in alone.tensors.items():
            torch.testing.assert_close(trained.tensors[name], tensor, rtol=1e-4, atol=1e-6)


def test_every_change_is_measured(blobs: DataSet) -> None:
    module, made, rewiring = prepared("gradual", small_chain, count=2)
    recorded = Recorded(rewiring)
    rows = train(module, made, blobs, TrainingPlan(steps=20, batch=10), rewiring=recorded).rows
    told = {(r.replicate, r.step): r.value for r in rows if (r.split, r.metric) == ("mask", "density_now")}
    assert told == {(n.member.replicate, n.step): mask.density for n, mask in recorded.seen}


class _StoppedError(Exception):
    pass


class _StopAfter:
    """Progress that stops the training once so many steps of all networks are done."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def begin(self, total: int) -> None:
        pass

    def advance(self, steps: int, note: str) -> None:
        self._left -= steps
        if self._left <= 0:
            raise _StoppedError

    def skip(self, steps: int) -> None:
        pass

    def end(self) -> None:
        pass
