"""The stack trainer: exact gradients, runs that do not see each other, and a plain torch loop as the oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from grok_cases import small_member, small_mlp, small_task
from winnow.core import WinnowError
from winnow.grokking.networks import network_named
from winnow.grokking.networks.network import single
from winnow.grokking.stacks import LOSSES, Grokked, Plan, train
from winnow.grokking.stacks.engines import AutogradEngine, FoldedEngine, engine_for
from winnow.grokking.stacks.losses import CrossEntropy, Squared
from winnow.grokking.stacks.rules import Rates, rule_named
from winnow.grokking.stacks.space import Space
from winnow.grokking.tasks import task_named
from winnow.sparsity import Mask
from winnow.training import CheckpointFile

PLAN = Plan(steps=60, evaluate_every=10, evaluate_early=5, record_every=10)


@pytest.mark.parametrize("engine", [FoldedEngine, AutogradEngine])
def test_gradients_of_the_papers_mlp_are_those_of_its_plain_form(engine: Any) -> None:
    task = task_named("add-67")
    network = network_named("mlp", task)
    start = network.start(torch.Generator().manual_seed(1))
    exact = {name: w.double().requires_grad_() for name, w in start.items()}
    rows = task.split(0.4, 3).train
    inputs, targets = task.inputs[rows], task.targets[rows]
    torch.nn.functional.cross_entropy(network.plain(exact, inputs), targets).backward()

    weights = single({name: w.detach() for name, w in exact.items()})
    found = {name: torch.zeros_like(w) for name, w in weights.items()}
    outputs, _ = engine(network, CrossEntropy()).gradients(weights, found, network.prepare(inputs[None]), targets[None])

    assert len(rows) == 911
    for name, tensor in exact.items():
        assert tensor.grad is not None
        assert (found[name][0] - tensor.grad).abs().max() < 1e-10
    torch.testing.assert_close(outputs[0], network.plain(weights | {n: w[0] for n, w in weights.items()}, inputs))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_the_gradient_of_a_loss_is_that_of_its_values(name: str) -> None:
    outputs = torch.randn(3, 7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    targets = torch.randint(0, 5, (3, 7), generator=torch.Generator().manual_seed(1))
    loss = LOSSES[name]
    (expected,) = torch.autograd.grad(loss.values(outputs, targets).sum(), outputs)
    torch.testing.assert_close(loss.gradient(outputs.detach(), targets), expected)


def test_squared_error_of_values_has_no_accuracy() -> None:
    outputs, targets = torch.ones(2, 4, 1), torch.zeros(2, 4, 1)
    assert Squared().values(outputs, targets).tolist() == [0.5, 0.5]
    assert Squared().right(outputs, targets).isnan().all()


def test_the_softmax_is_taken_in_float64() -> None:
    """In float32 the loss of a sure answer is exactly 0, and training stops."""
    outputs = torch.tensor([[[30.0, 0.0]]])
    value = CrossEntropy().values(outputs, torch.tensor([[0]]))
    assert 0 < float(value) < 1e-12
    assert torch.log_softmax(outputs, -1)[0, 0, 0] == 0


def test_a_run_is_that_of_a_plain_loop() -> None:
    task = small_task()
    network = small_mlp(task)
    member = small_member(task, network)
    (run,) = train(task, network, [member], PLAN)
    expected = _plain_loop(task, network, member, PLAN.steps)
    for name, tensor in expected.items():
        torch.testing.assert_close(run.final[name], tensor, rtol=1e-4, atol=1e-6)


def test_runs_of_a_stack_do_not_see_each_other() -> None:
    task = small_task()
    network = small_mlp(task)
    mask = Mask(small_member(task, network).start).shuffled(0)
    mask = Mask({name: torch.arange(t.numel()).view(t.shape) % 3 > 0 for name, t in mask.items()})
    members = [
        small_member(task, network, 0),
        small_member(task, network, 1, mask=mask, branch="ticket"),
        small_member(task, network, 2, learning_rate=3e-3, weight_decay=0.0),
    ]
    together = train(task, network, members, PLAN)
    for place, member in enumerate(members):
        (alone,) = train(task, network, [member], PLAN)
        assert _curve(alone, "test_accuracy") == pytest.approx(_curve(together[place], "test_accuracy"))
        for name, tensor in alone.final.items():
            torch.testing.assert_close(together[place].final[name], tensor, rtol=1e-4, atol=1e-6)


def test_pruned_weights_stay_exactly_zero() -> None:
    task = small_task()
    network = small_mlp(task)
    start = small_member(task, network).start
    mask = Mask(
        {name: torch.rand(t.shape, generator=torch.Generator().manual_seed(3)) > 0.6 for name, t in start.items()}
    )
    (run,) = train(task, network, [small_member(task, network, mask=mask)], PLAN)
    for name, kept in mask.items():
        assert bool((run.final[name][~kept] == 0).all())
        assert bool((run.final[name][kept] != 0).all())


def test_loss_and_accuracy_at_step_0_are_those_of_the_start() -> None:
    task = small_task()
    network = small_mlp(task)
    member = small_member(task, network)
    (run,) = train(task, network, [member], Plan(steps=10, record_every=10, snapshots=(0,)))
    rows = member.split.test
    outputs = network.plain(member.start, task.inputs[rows])
    loss = torch.nn.functional.cross_entropy(outputs.double(), task.targets[rows])
    assert run.curve["test_loss"][0] == (0, pytest.approx(float(loss)))
    norms = torch.cat([t.flatten() for t in member.start.values()])
    assert run.curve["l1"][0][1] == pytest.approx(float(norms.abs().sum()), rel=1e-5)
    assert run.curve["l2"][0][1] == pytest.approx(float(norms.norm()), rel=1e-5)
    assert all(torch.equal(run.snapshots[0][name], tensor) for name, tensor in member.start.items())


def test_times_are_first_crossings_on_the_evaluated_steps() -> None:
    task = small_task(7)
    network = small_mlp(task, 64, 64)
    plan = Plan(steps=400, evaluate_every=10, evaluate_early=5, record_every=5)
    (run,) = train(task, network, [small_member(task, network)], plan)
    passed = [step for step, value in run.curve["train_accuracy"] if value > plan.threshold]
    assert passed, "it memorises"
    assert run.memorised == passed[0]
    assert passed[0] % 5 == 0


def _fast_and_slow() -> tuple[Any, Any, list[Any]]:
    """A run that generalises after some hundred steps, and one that hardly moves."""
    task = small_task(17)
    network = small_mlp(task, 32, 32)
    fast = small_member(task, network, 0, split=task.split(0.9, 0), learning_rate=3e-3)
    slow = small_member(task, network, 1, split=task.split(0.9, 1), weight_decay=0.0, learning_rate=1e-6)
    return task, network, [fast, slow]


def test_a_run_that_generalised_leaves_and_the_others_go_on_as_if_alone() -> None:
    task, network, members = _fast_and_slow()
    plan = Plan(steps=2000, record_every=50, rest=0, threshold=0.6)
    first, second = train(task, network, members, plan)
    assert first.generalised is not None
    assert first.steps == 500 * -(-first.generalised // 500) < 2000
    assert (second.generalised, second.steps) == (None, 2000)
    (alone,) = train(task, network, members[1:], plan)
    for name, tensor in alone.final.items():
        torch.testing.assert_close(second.final[name], tensor, rtol=1e-4, atol=1e-6)


class _StopError(Exception):
    pass


class _Killed:
    """A progress that breaks off at a step, as a kill would."""

    def __init__(self, at: int) -> None:
        self.at, self.done = at, 0

    def begin(self, total: int) -> None: ...

    def skip(self, steps: int) -> None:
        self.done += steps

    def end(self) -> None: ...

    def advance(self, steps: int, note: str) -> None:
        self.done += steps
        if self.done > self.at:
            raise _StopError


@pytest.mark.parametrize("batch", [None, 8])
def test_a_killed_training_goes_on_bit_for_bit(tmp_path: Path, batch: int | None) -> None:
    task, network, members = _fast_and_slow()
    plan = Plan(steps=2500, record_every=50, rest=0, snapshots=(0, 750), batch=batch, threshold=0.5)
    whole = train(task, network, members, plan)
    file = CheckpointFile(tmp_path / "stack.safetensors", seconds=0)
    with pytest.raises(_StopError):
        train(task, network, members, plan, checkpoint=file, progress=_Killed(3000))
    assert file.path.exists()
    resumed = train(task, network, members, plan, checkpoint=file)
    assert whole[0].steps <= 1500, "the first run is finished when the stack is killed"
    for one, other in zip(whole, resumed, strict=True):
        assert (one.memorised, one.generalised, one.steps) == (other.memorised, other.generalised, other.steps)
        assert one.curve == other.curve
        assert all(torch.equal(one.final[name], tensor) for name, tensor in other.final.items())
        assert all(torch.equal(one.snapshots[0][name], tensor) for name, tensor in other.snapshots[0].items())
        assert one.snapshots.keys() == other.snapshots.keys()


def test_mini_batches_visit_every_example_once_an_epoch() -> None:
    from winnow.grokking.stacks.examples import Examples

    task = small_task()
    network = small_mlp(task)
    member = small_member(task, network)
    examples = Examples(task, network, [member], 11, torch.device("cpu"))
    steps = len(member.split.train) // 11
    seen = torch.cat([examples.at(step)[0].rows[0] * 11 + examples.at(step)[0].rows[1] for step in range(steps)])
    assert len(set(seen.tolist())) == len(seen) == steps * 11
    again = torch.cat([examples.at(step)[0].rows[0] for step in range(steps, 2 * steps)])
    assert again.tolist() != (seen // 11).tolist(), "another order in the next epoch"


def test_a_stack_without_a_finite_loss_is_told() -> None:
    task = small_task()
    network = small_mlp(task)
    with pytest.raises(WinnowError, match="WN-T01"):
        train(task, network, [small_member(task, network, learning_rate=1e30)], Plan(steps=200, record_every=100))


def test_splits_of_other_sizes_are_no_stack() -> None:
    task = small_task()
    network = small_mlp(task)
    members = [small_member(task, network), small_member(task, network, split=task.split(0.4, 1))]
    with pytest.raises(WinnowError, match="WN-R02"):
        train(task, network, members, PLAN)


def test_rates_of_each_run_are_its_own() -> None:
    space = Space([{"w": torch.ones(2)}, {"w": torch.ones(2)}], torch.device("cpu"))
    rates = Rates(torch.tensor([0.1, 0.2], dtype=torch.float64), torch.tensor([0.0, 1.0], dtype=torch.float64))
    rule = rule_named("adamw")(space, rates)
    space.flat_gradients.fill_(1.0)
    rule.step()
    # Adam's first step is the learning rate; decay takes rate * decay of the weight first.
    torch.testing.assert_close(space.weights["w"][:, 0], torch.tensor([0.9, 0.8 * 1.0 - 0.2]))


def test_the_folded_engine_is_chosen_for_the_papers_mlp() -> None:
    task = small_task()
    assert isinstance(engine_for(small_mlp(task), CrossEntropy()), FoldedEngine)
    transformer = network_named("transformer", task)
    assert isinstance(engine_for(transformer, CrossEntropy()), AutogradEngine)


def _curve(run: Grokked, name: str) -> list[float]:
    return [value for _, value in run.curve[name]]


def _plain_loop(task: Any, network: Any, member: Any, steps: int) -> dict[str, torch.Tensor]:
    weights = {name: torch.nn.Parameter(tensor.clone()) for name, tensor in member.start.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98))
    inputs, targets = task.inputs[member.split.train], task.targets[member.split.train]
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network.plain(weights, inputs).double(), targets).backward()
        optimizer.step()
    return {name: weight.detach() for name, weight in weights.items()}
