"""The training loop against plain PyTorch, alone against in a stack, and its invariants."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import SmallConv, members, small_chain
from winnow.core import WinnowError
from winnow.data import BatchOrder, DataSet
from winnow.sparsity import Mask, load_into, tensors_of
from winnow.training import CheckpointFile, Stack, TrainingPlan, engine_for, loss_named, rate_factor, train
from winnow.training.batches import StackBatches
from winnow.training.linear import LinearEngine, chain_of
from winnow.training.optimizers import StackOptimizer

OPTIMIZER_CASES: list[dict[str, Any]] = [
    {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.01},
    {"optimizer": "momentum", "learning_rate": 0.05, "weight_decay": 0.01},
    {"optimizer": "adam", "learning_rate": 0.003, "weight_decay": 0.01},
    {"optimizer": "adamw", "learning_rate": 0.003, "weight_decay": 0.1},
]


def torch_optimizer(plan: TrainingPlan, module: nn.Module) -> torch.optim.Optimizer:
    parameters, decay = module.parameters(), plan.weight_decay
    if plan.optimizer == "sgd":
        return torch.optim.SGD(parameters, plan.learning_rate, weight_decay=decay)
    if plan.optimizer == "momentum":
        return torch.optim.SGD(parameters, plan.learning_rate, momentum=plan.momentum, weight_decay=decay)
    kind = torch.optim.Adam if plan.optimizer == "adam" else torch.optim.AdamW
    return kind(parameters, plan.learning_rate, weight_decay=decay)


def plain_training(module: nn.Module, member: Any, data: DataSet, plan: TrainingPlan) -> nn.Module:
    """A loop that anyone would write: autograd, torch.optim, masks multiplied in after every step."""
    module = copy.deepcopy(module)
    load_into(module, member.start)
    weights = dict(module.named_parameters())
    member.mask.apply_(weights)
    optimizer = torch_optimizer(plan, module)
    order = BatchOrder(len(data.train), plan.batch, member.order_seed)
    for step in range(plan.steps):
        index = order.indices(step)
        for group in optimizer.param_groups:
            group["lr"] = (member.learning_rate or plan.learning_rate) * rate_factor(plan, step)
        optimizer.zero_grad()
        F.cross_entropy(module(data.train.inputs[index]), data.train.labels[index]).backward()
        optimizer.step()
        member.mask.apply_(weights)
    return module


@pytest.mark.parametrize("options", OPTIMIZER_CASES, ids=lambda o: o["optimizer"])
@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_every_optimizer_agrees_with_a_plain_masked_loop(
    options: dict[str, Any], build: Any, blobs: DataSet, coloured_blobs: DataSet
) -> None:
    data = coloured_blobs if build is SmallConv else blobs
    plan = TrainingPlan(steps=30, batch=10, evaluate_every=10, schedule="cosine", warmup=5, **options)
    module, stack = members(build, 2)
    result = train(module, stack, data, plan)
    for trained in result.trained:
        expected = tensors_of(plain_training(module, trained.member, data, plan))
        for name, tensor in trained.tensors.items():
            torch.testing.assert_close(tensor, expected[name], rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_a_stack_of_five_agrees_with_five_runs_alone(build: Any, blobs: DataSet, coloured_blobs: DataSet) -> None:
    data = coloured_blobs if build is SmallConv else blobs
    plan = TrainingPlan(steps=40, batch=10, evaluate_every=20, learning_rate=0.003)
    module, stack = members(build, 5, rates=[0.001, 0.002, 0.003, 0.002, 0.001])
    together = train(module, stack, data, plan)
    for trained in together.trained:
        alone = train(module, [trained.member], data, plan)
        for name, tensor in alone.trained[0].tensors.items():
            torch.testing.assert_close(trained.tensors[name], tensor, rtol=1e-4, atol=1e-6)
        own = [row for row in together.rows if row.replicate == trained.member.replicate]
        assert [row[:6] for row in own] == [row[:6] for row in alone.rows]
        torch.testing.assert_close(
            torch.tensor([row.value for row in own]),
            torch.tensor([row.value for row in alone.rows]),
            rtol=1e-4,
            atol=1e-5,
        )


@pytest.mark.parametrize("options", OPTIMIZER_CASES, ids=lambda o: o["optimizer"])
@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_pruned_weights_are_exactly_zero_after_every_step_and_negative_ones_move(
    options: dict[str, Any], build: Any, blobs: DataSet, coloured_blobs: DataSet
) -> None:
    data = coloured_blobs if build is SmallConv else blobs
    plan = TrainingPlan(steps=12, batch=10, **options)
    module, made = members(build, 3)
    stack = Stack(module, made, torch.device("cpu"))
    before = [stack.tensors(row) for row in range(3)]
    engine, optimizer = engine_for(stack, loss_named("cross-entropy")), StackOptimizer(stack, plan)
    batches = StackBatches(data, made, plan)
    for step in range(plan.steps):
        engine.gradients(*batches.at(step), step)
        stack.hold_masks()
        optimizer.step(step)
        for row, member in enumerate(made):
            now = stack.tensors(row)
            for name, mask in member.mask.items():
                assert torch.count_nonzero(now[name][~mask]) == 0
    for row, member in enumerate(made):
        for name, mask in member.mask.items():
            negative = mask & (before[row][name] < -1e-3)
            assert (stack.tensors(row)[name][negative] != before[row][name][negative]).all()


def test_a_chain_of_linear_layers_has_the_gradients_of_autograd(blobs: DataSet) -> None:
    module, made = members(small_chain, 3)
    stack = Stack(module, made, torch.device("cpu"))
    engine = engine_for(stack, loss_named("cross-entropy"))
    assert isinstance(engine, LinearEngine)
    images, labels = StackBatches(blobs, made, TrainingPlan(steps=1, batch=16)).at(0)
    loss, accuracy = engine.gradients(images, labels, 0)
    written = {name: g.clone() for name, g in stack.stacked(stack.gradients).items()}
    for row, network in enumerate(stack.modules):
        network.double().zero_grad()
        logits = network(images[row].double())
        expected = F.cross_entropy(logits, labels[row])
        expected.backward()
        assert loss[row].item() == pytest.approx(expected.item(), rel=1e-5)
        assert accuracy[row].item() == pytest.approx((logits.argmax(1) == labels[row]).double().mean().item())
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None
            torch.testing.assert_close(written[name][row].double(), parameter.grad, rtol=1e-4, atol=1e-6)


def test_what_is_no_plain_chain_goes_through_autograd() -> None:
    hooked = small_chain()
    hooked[1].register_forward_hook(lambda *_: None)
    frozen = small_chain()
    frozen[1].weight.requires_grad_(False)
    tied = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    tied[2].weight = tied[0].weight
    others = [hooked, frozen, tied, SmallConv(), nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 2))]
    assert [chain_of(module) for module in others] == [None] * len(others)
    assert chain_of(small_chain()) is not None


def test_members_of_one_order_seed_share_batches_and_epochs_visit_every_image_once(blobs: DataSet) -> None:
    _, made = members(small_chain, 2)
    plan = TrainingPlan(steps=1, batch=40)
    same = StackBatches(blobs, [made[0], made[0]], plan).at(1)
    assert torch.equal(same[0][0], same[0][1])
    seen = torch.cat([StackBatches(blobs, made, plan).at(step)[0][0].flatten(1) for step in range(3)])
    assert len(seen.unique(dim=0)) == len(blobs.train)


def test_evaluation_happens_at_the_first_step_every_n_steps_and_at_the_end(blobs: DataSet) -> None:
    module, made = members(small_chain, 1)
    rows = train(module, made, blobs, TrainingPlan(steps=25, batch=10, evaluate_every=10)).rows
    steps = {split: sorted({r.step for r in rows if r.split == split}) for split in ("train", "validation", "test")}
    assert steps == {"train": [10, 20, 25], "validation": [0, 10, 20, 25], "test": [0, 10, 20, 25]}


def test_validation_and_test_are_measured_in_evaluation_mode_with_the_right_numbers(coloured_blobs: DataSet) -> None:
    module, made = members(SmallConv, 2)
    result = train(module, made, coloured_blobs, TrainingPlan(steps=10, batch=10, evaluate_every=10))
    for trained in result.trained:
        network = SmallConv()
        load_into(network, trained.tensors)
        logits = network.eval()(coloured_blobs.test.inputs)
        expected = F.cross_entropy(logits, coloured_blobs.test.labels).item()
        last = [
            row for row in result.rows if (row.replicate, row.step, row.split) == (trained.member.replicate, 10, "test")
        ]
        assert {row.metric: row.value for row in last} == pytest.approx(
            {"loss": expected, "accuracy": (logits.argmax(1) == coloured_blobs.test.labels).double().mean().item()}
        )


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
@pytest.mark.parametrize("build", [small_chain, lambda: SmallConv(dropout=0.3)], ids=["chain", "conv"])
def test_a_training_that_was_stopped_goes_on_bit_for_bit(
    build: Any, optimizer: str, blobs: DataSet, coloured_blobs: DataSet, tmp_path: Any
) -> None:
    data = blobs if isinstance(build(), nn.Sequential) else coloured_blobs
    plan = TrainingPlan(steps=40, batch=10, evaluate_every=10, optimizer=optimizer, augment="flip-crop")
    module, made = members(build, 3)
    whole = train(module, made, data, plan, snapshots_at=[10])
    file = CheckpointFile(tmp_path / "checkpoint.safetensors", seconds=0)
    with pytest.raises(_StoppedError):
        train(module, made, data, plan, snapshots_at=[10], checkpoint=file, progress=_StopAfter(30))
    assert file.read() is not None
    resumed = train(module, made, data, plan, snapshots_at=[10], checkpoint=file)
    assert resumed.rows == whole.rows
    for one, other in zip(whole.trained, resumed.trained, strict=True):
        assert one.snapshots.keys() == other.snapshots.keys() == {10}
        for name in one.tensors:
            assert torch.equal(one.tensors[name], other.tensors[name])
            assert torch.equal(one.snapshots[10][name], other.snapshots[10][name])


def test_a_damaged_checkpoint_starts_the_level_anew(blobs: DataSet, tmp_path: Any) -> None:
    module, made = members(small_chain, 1)
    plan = TrainingPlan(steps=20, batch=10, evaluate_every=10)
    file = CheckpointFile(tmp_path / "checkpoint.safetensors", seconds=0)
    file.path.write_bytes(b"half of a file")
    assert train(module, made, blobs, plan, checkpoint=file).rows == train(module, made, blobs, plan).rows


def test_dropout_draws_are_the_members_own(coloured_blobs: DataSet) -> None:
    plan = TrainingPlan(steps=10, batch=10)
    module, made = members(lambda: SmallConv(dropout=0.5), 3)
    together = train(module, made, coloured_blobs, plan)
    alone = train(module, [made[2]], coloured_blobs, plan)
    assert all(torch.equal(t, alone.trained[0].tensors[n]) for n, t in together.trained[2].tensors.items())


def test_training_leaves_the_callers_generator_and_module_alone(coloured_blobs: DataSet) -> None:
    module, made = members(lambda: SmallConv(dropout=0.5), 1)
    before, weights = torch.get_rng_state(), tensors_of(module)
    train(module, made, coloured_blobs, TrainingPlan(steps=3, batch=10))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(t, weights[n]) for n, t in tensors_of(module).items())


def test_a_loss_that_is_no_number_is_told_with_the_network_and_step(blobs: DataSet) -> None:
    module, made = members(small_chain, 2, rates=[0.01, 3e38])
    plan = TrainingPlan(steps=20, batch=10, evaluate_every=5, optimizer="sgd")
    with pytest.raises(WinnowError, match=r"WN-T01.*ticket 1.*step 5"):
        train(module, made, blobs, plan)


def test_frozen_parameters_stay_and_tied_ones_stay_tied(blobs: DataSet) -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(16, 16), nn.Linear(16, 16)
            self.second.weight = self.first.weight
            self.fixed = nn.Linear(16, 3)
            self.fixed.weight.requires_grad_(False)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.fixed(torch.relu(self.second(torch.relu(self.first(images.flatten(1))))))

    module, made = members(Tied, 2)
    plan = TrainingPlan(steps=10, batch=10, weight_decay=0.1)
    for trained in train(module, made, blobs, plan).trained:
        start = trained.member.mask.applied(trained.member.start)
        assert torch.equal(trained.tensors["fixed.weight"], start["fixed.weight"])
        assert "second.weight" not in trained.tensors
        assert not torch.equal(trained.tensors["first.weight"], start["first.weight"])


def test_learning_rate_schedules() -> None:
    step = TrainingPlan(steps=100, batch=1, schedule="step", milestones=(50, 75), decay=0.1)
    assert [round(rate_factor(step, s), 6) for s in (0, 49, 50, 74, 75, 99)] == [1, 1, 0.1, 0.1, 0.01, 0.01]
    cosine = TrainingPlan(steps=100, batch=1, schedule="cosine")
    assert [round(rate_factor(cosine, s), 6) for s in (0, 50, 100)] == [1, 0.5, 0]
    warm = TrainingPlan(steps=100, batch=1, warmup=4)
    assert [rate_factor(warm, s) for s in range(5)] == [0.25, 0.5, 0.75, 1, 1]
    linear = [rate_factor(TrainingPlan(steps=10, batch=1, schedule="linear"), s) for s in range(11)]
    assert all(a > b for a, b in itertools.pairwise(linear)) and linear[-1] == 0


def test_unknown_names_are_coded_errors(blobs: DataSet) -> None:
    module, made = members(small_chain, 1)
    changes: list[dict[str, Any]] = [{"optimizer": "lion"}, {"schedule": "wave"}, {"loss": "hinge"}]
    for change in changes:
        with pytest.raises(WinnowError, match="WN-T03"):
            train(module, made, blobs, TrainingPlan(steps=1, batch=10, **change))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_a_gpu_agrees_with_the_cpu(build: Any, blobs: DataSet, coloured_blobs: DataSet) -> None:
    data = coloured_blobs if build is SmallConv else blobs
    plan = TrainingPlan(steps=10, batch=10, evaluate_every=5)
    module, made = members(build, 3)
    here, there = train(module, made, data, plan), train(module, made, data, plan, device=torch.device("cuda"))
    for one, other in zip(here.trained, there.trained, strict=True):
        for name in one.tensors:
            torch.testing.assert_close(one.tensors[name], other.tensors[name], rtol=1e-2, atol=1e-4)


def test_masks_of_a_dense_stack_cost_nothing(blobs: DataSet) -> None:
    module, made = members(small_chain, 2, density=1.1)
    assert not Stack(module, made, torch.device("cpu")).is_masked
    assert Mask(made[0].mask).density == 1


class _StoppedError(Exception):
    pass


class _StopAfter:
    """Progress that stops the training once so many steps of every network are done."""

    def __init__(self, step: int) -> None:
        self._step, self._done = step, 0

    def begin(self, total: int) -> None:
        pass

    def advance(self, steps: int, note: str) -> None:
        self._done += steps
        if self._done >= 3 * self._step:
            raise _StoppedError

    def skip(self, steps: int) -> None:
        pass

    def end(self) -> None:
        pass
