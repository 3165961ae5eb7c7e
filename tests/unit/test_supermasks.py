"""Edge-popup: only scores move, the forward pass is the masked network, and masks of untrained weights classify."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from helpers import SmallConv, members, small_chain
from winnow.core import WinnowError
from winnow.data import DataSet
from winnow.recipes import lenet_digits
from winnow.sparsity import Layer, Mask, Pool, load_into, tensors_of
from winnow.tickets import prepare
from winnow.tickets.supermasks import chosen_by, keeps_of, train_supermasks, with_scores
from winnow.training import CheckpointFile, Member, Trained, TrainingPlan

pytestmark = pytest.mark.usefixtures("one_thread")

PLAN = TrainingPlan(steps=12, batch=10, evaluate_every=6, learning_rate=0.01, weight_decay=0.01)


def halves(member: Member) -> dict[str, int]:
    return {name: mask.numel() // 2 for name, mask in member.mask.items()}


def case(build: Any, blobs: DataSet, coloured: DataSet) -> tuple[nn.Module, list[Member], DataSet]:
    module, made = members(build, 2)
    return module, made, coloured if build is SmallConv else blobs


@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_the_forward_pass_is_exactly_the_masked_network(build: Any) -> None:
    module, (member, _) = members(build, 2)
    keeps = halves(member)
    hidden = with_scores(module, keeps).eval()
    scores = {n.split(".parametrizations")[0] + ".weight": p for n, p in hidden.named_parameters() if "scores" in n}
    for score in scores.values():
        nn.init.normal_(score)
    masked = build()
    mask = Mask({name: chosen_by(scores[name], keep) for name, keep in keeps.items()})
    load_into(masked, mask.applied(tensors_of(module)))
    images = torch.randn(5, 3, 4, 4) if build is SmallConv else torch.randn(5, 1, 4, 4)
    assert torch.equal(hidden(images), masked.eval()(images))
    assert [int(t.sum()) for t in mask.values()] == list(keeps.values())
    assert [n for n, p in hidden.named_parameters() if p.requires_grad] == [
        n for n, _ in hidden.named_parameters() if n.endswith("scores")
    ]


def test_a_score_gets_the_gradient_of_its_weight_times_the_weight() -> None:
    module, (member, _) = members(small_chain, 2)
    hidden = with_scores(module, halves(member))
    name, place = "1.weight", "1.parametrizations.weight.0.scores"
    scores = hidden.get_parameter(place)
    for parameter in hidden.parameters():
        if parameter.requires_grad:
            nn.init.normal_(parameter)
    images, labels = torch.randn(8, 1, 4, 4), torch.randint(0, 3, (8,))
    F.cross_entropy(hidden(images), labels).backward()
    effective: dict[str, Tensor] = {}
    for own in member.mask:
        weight: Any = getattr(hidden.get_submodule(own.rpartition(".")[0]), "weight")  # noqa: B009
        effective[own] = weight.detach().clone().requires_grad_()
    rest = {n: t for n, t in tensors_of(module).items() if n not in effective}
    F.cross_entropy(functional_call(module, {**rest, **effective}, (images,)), labels).backward()
    gradient = effective[name].grad
    assert gradient is not None and scores.grad is not None
    expected = gradient * module.get_parameter(name) * scores.detach().sign()
    torch.testing.assert_close(scores.grad, expected)
    assert torch.count_nonzero(scores.grad[~chosen_by(scores, halves(member)[name])]) > 0


@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_weights_biases_and_norms_are_bit_equal_to_the_start_and_only_masks_are_learned(
    build: Any, blobs: DataSet, coloured_blobs: DataSet
) -> None:
    module, made, data = case(build, blobs, coloured_blobs)
    keeps = halves(made[0])
    result = train_supermasks(module, made, data, PLAN, keeps=keeps)
    first = train_supermasks(module, made, data, TrainingPlan(steps=1, batch=10, learning_rate=1e-9), keeps=keeps)
    for trained, untrained, member in zip(result.trained, first.trained, made, strict=True):
        mask = trained.member.mask
        assert {name: int(t.sum()) for name, t in mask.items()} == keeps
        assert mask != untrained.member.mask
        assert set(trained.tensors) == set(member.start)
        expected = mask.applied(member.start)
        for name, _ in module.named_parameters():
            assert torch.equal(trained.tensors[name], expected[name])
    assert result.trained[0].member.mask != result.trained[1].member.mask


def test_the_metrics_are_those_of_the_masked_network(coloured_blobs: DataSet) -> None:
    module, made = members(SmallConv, 2)
    result = train_supermasks(module, made, coloured_blobs, PLAN, keeps=halves(made[0]))
    for trained in result.trained:
        network = SmallConv()
        load_into(network, trained.tensors)
        right = network.eval()(coloured_blobs.test.inputs).argmax(1) == coloured_blobs.test.labels
        last = [r for r in result.rows if r.replicate == trained.member.replicate and (r.step, r.split) == (12, "test")]
        assert {row.metric: row.value for row in last}["accuracy"] == pytest.approx(right.double().mean().item())


@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_a_stack_agrees_with_runs_alone(build: Any, blobs: DataSet, coloured_blobs: DataSet) -> None:
    module, made, data = case(build, blobs, coloured_blobs)
    together = train_supermasks(module, made, data, PLAN, keeps=halves(made[0]))
    for trained, member in zip(together.trained, made, strict=True):
        (alone,) = train_supermasks(module, [member], data, PLAN, keeps=halves(member)).trained
        assert same(alone, trained)


def test_a_training_that_was_stopped_goes_on_bit_for_bit(
    coloured_blobs: DataSet, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, made = members(SmallConv, 2)
    keeps = halves(made[0])
    whole = train_supermasks(module, made, coloured_blobs, PLAN, keeps=keeps)
    file = CheckpointFile(tmp_path / "checkpoint.safetensors", seconds=0)
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointFile, "write", writing_once(CheckpointFile.write))
        with pytest.raises(KeyboardInterrupt):
            train_supermasks(module, made, coloured_blobs, PLAN, keeps=keeps, checkpoint=file)
    saved = file.read()
    assert saved is not None and saved.step == 6
    resumed = train_supermasks(module, made, coloured_blobs, PLAN, keeps=keeps, checkpoint=file)
    assert resumed.rows == whole.rows
    assert all(same(one, other) for one, other in zip(whole.trained, resumed.trained, strict=True))


def same(one: Trained, other: Trained) -> bool:
    equal = all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
    return equal and one.member.mask == other.member.mask


def writing_once(write: Any) -> Any:
    def written(self: CheckpointFile, checkpoint: Any) -> None:
        write(self, checkpoint)
        raise KeyboardInterrupt

    return written


def test_a_pool_of_several_tensors_is_shared_in_proportion_and_exactly() -> None:
    layers = [Layer("a", "fc", (10, 10)), Layer("b", "fc", (5, 10)), Layer("c", "output", (3, 10))]
    keeps = keeps_of([Pool(("a", "b"), 50), Pool(("c",), 7)], layers)
    assert keeps == {"a": 34, "b": 16, "c": 7}


def test_a_shared_weight_is_refused() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    module[2].weight = module[0].weight
    with pytest.raises(WinnowError, match=r"WN-M03.*shared"):
        with_scores(module, {"0.weight": 8})


def test_an_untrained_network_under_a_learned_mask_reads_digits() -> None:
    """Half of LeNet's weights as drawn: far above chance (10 %), and above the same network under its first mask."""
    prepared = prepare(lenet_digits(levels=1, densities=(0.5,), rounds="at-start", during="edge-popup", controls=()))
    module = prepared.model.build(3)
    start = tensors_of(module)
    mask = Mask.ones({layer.name: start[layer.name] for layer in prepared.layers})
    member = Member(branch="ticket", replicate=0, start=start, mask=mask)
    keeps = keeps_of(prepared.ladder[1], prepared.layers)
    plan = TrainingPlan(steps=200, batch=60, learning_rate=2.4e-3, evaluate_every=200)
    result = train_supermasks(module, [member], prepared.data, plan, keeps=keeps)
    accuracies = {row.step: row.value for row in result.rows if (row.split, row.metric) == ("test", "accuracy")}
    assert accuracies[0] < 0.3
    assert accuracies[200] >= 0.8
    assert result.trained[0].member.mask.density == 0.5
