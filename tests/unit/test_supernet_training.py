"""Two-in-one training: updates, searches, prunings, and the ticket that comes out."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from supernet_training_toys import same, toy_architecture, toy_data, toy_learner, toy_recipe, toy_task
from winnow.core import WinnowError
from winnow.data.vision import VisionSet
from winnow.sparsity import Mask, tensors_of
from winnow.supernet.network import Supernet, build, importances, maskable
from winnow.supernet.space import costs_of
from winnow.supernet.training import Learner, Phase, dense_macs, rate_factor, ticket_network, train_phases
from winnow.supernet.training.batches import Batches, augmenting
from winnow.supernet.training.pruning import prune_weights
from winnow.supernet.training.searching import search


@pytest.fixture(scope="module")
def data() -> VisionSet:
    return toy_data()


def _trained(data, phases, *, tokens=False, learner=None, **fields):
    recipe = toy_recipe(**fields)
    learner = learner or toy_learner(recipe, data, tokens=tokens)
    return train_phases(learner, phases, toy_task(data, augment=False), data, recipe)


def _half_mask(network: Supernet) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(9)
    return {n: torch.rand(w.shape, generator=generator) < 0.5 for n, w in maskable(network).items()}


def test_plain_updates_are_those_of_a_plain_loop(data):
    recipe, task = toy_recipe(weight_decay=0.01, average=0.3), toy_task(data)
    trained = train_phases(toy_learner(recipe, data), [Phase("plain", 4)], task, data, recipe)
    network = build(toy_architecture(), 0)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.0)
    average = {n: t.clone() for n, t in network.state_dict().items()}
    batches = Batches(len(data.train), recipe.batch, 0)
    images = torch.empty(0)
    for step in range(4):
        rows = batches.at(step)
        images, labels = task.prepared(data.train.images[rows], data.train.targets[rows], augmenting(0, step))
        loss = F.cross_entropy(network(images), labels, label_smoothing=0.1)
        convolutions = [m.weight for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        (loss + 0.005 * sum((w**2).sum() for w in convolutions)).backward()
        optimizer.param_groups[0]["lr"] = recipe.learning_rate * rate_factor("onecycle", step, 4)
        optimizer.step()
        optimizer.zero_grad()
        decay = min(0.3, (1 + step) / (10 + step))
        for name, tensor in network.state_dict().items():
            average[name] = decay * average[name] + (1 - decay) * tensor if tensor.is_floating_point() else tensor
    # A shift in front of a convolution with a norm has no gradient but rounding, of which Adam makes whole steps.
    moments = {n: optimizer.state[p]["exp_avg"].abs().max() for n, p in network.named_parameters()}
    sound = {n for n, moment in moments.items() if moment > 1e-6}
    assert len(sound) > 0.8 * len(moments)
    found = tensors_of(trained.learner.network)
    for name, tensor in network.state_dict().items():
        loose = 0 if name in sound else 1e-3
        torch.testing.assert_close(found[name], tensor, atol=1e-6 + loose, rtol=1e-5)
        torch.testing.assert_close(trained.learner.average[name], average[name], atol=1e-6 + loose, rtol=1e-5)
    torch.testing.assert_close(trained.learner.network(images), network(images), atol=1e-5, rtol=1e-5)
    assert not trained.events and not trained.learner.pruned


def test_masked_values_survive_and_the_tasks_gradient_does_not_touch_them(data):
    recipe = toy_recipe(optimizer="sgd", weight_decay=0.1, schedule="constant", learning_rate=0.1)
    mask = _half_mask(build(toy_architecture(), 0))
    learner = Learner.from_tensors(toy_architecture(), {}, mask, toy_task(data), recipe, 0)
    train_phases(learner, [Phase("retrain", 3)], toy_task(data), data, recipe)
    for name, weight in maskable(learner.network).items():
        value, velocity = learner.start[name].clone(), torch.zeros_like(learner.start[name])
        for _ in range(3):  # L2 and momentum, and nothing else
            velocity = 0.9 * velocity + 0.1 * value
            value = value - 0.1 * velocity
        torch.testing.assert_close(weight.detach()[~mask[name]], value[~mask[name]], atol=1e-6, rtol=1e-5)
        assert not torch.allclose(weight.detach()[mask[name]], value[mask[name]], atol=1e-5)
    assert same(learner.mask, mask)


def test_what_is_masked_does_not_take_part(data):
    """Other values behind the mask change nothing in front of it."""
    recipe = toy_recipe(weight_decay=0.0)
    mask = _half_mask(build(toy_architecture(), 0))
    start = tensors_of(build(toy_architecture(), 0))
    other = {n: torch.where(mask[n], t, t + 3) if n in mask else t for n, t in start.items()}
    kept = []
    for tensors in (start, other):
        learner = Learner.from_tensors(toy_architecture(), tensors, mask, toy_task(data), recipe, 0)
        train_phases(learner, [Phase("retrain", 2)], toy_task(data), data, recipe)
        kept.append(Mask(mask).applied(tensors_of(learner.network)))
    assert same(*kept)


@pytest.mark.parametrize("reactivation", ["search", "prune", "none"])
def test_search_and_pruning_reach_the_budget_and_the_sparsity(data, reactivation):
    phase = Phase("joint", 9, search=True, prune=True, sparsity=0.6)
    fields = {"reactivation": reactivation, "score": "random", "budget": 0.5, "progress": 0.25}
    trained = _trained(data, [phase], tokens=reactivation == "search", **fields)
    learner, events = trained.learner, trained.events
    order = [(e["step"], e["kind"]) for e in events]
    assert order == [(3, "prune"), (4, "search"), (6, "prune"), (8, "search"), (9, "search"), (9, "prune")]
    assert costs_of(learner.architecture).macs <= 0.5 * dense_macs(learner.architecture)
    weights = maskable(learner.network)
    assert {n: m.shape for n, m in learner.mask.items()} == {n: w.shape for n, w in weights.items()}
    assert learner.start.keys() == learner.average.keys() == learner.network.state_dict().keys()
    prunings = [e for e in events if e["kind"] == "prune"]
    returned = [e["returned"] for e in prunings]
    kept, total = Mask(learner.mask).kept, Mask(learner.mask).total
    if reactivation == "none":
        assert returned == [0, 0, 0]
        assert kept <= round(0.4 * total + 1e-6)  # a search may have taken more than its share of what was left
    else:
        assert max(returned) > 0.05
        assert abs(kept - 0.4 * total) <= 0.5
        assert [e["sparsity"] for e in prunings] == pytest.approx([0.25, 0.5, 0.6], abs=2e-3)
    assert [e["lifted"] for e in prunings] == ([True, True, False] if reactivation == "prune" else [False] * 3)
    sparsities = [e["sparsity"] for e in events if e["kind"] == "search"]
    lifted = {"prune": sparsities[0] == 0, "search": sparsities[0] < 0.1, "none": 0.2 < sparsities[0] < 0.3}
    assert lifted[reactivation]


def test_only_rebuilt_blocks_are_lifted(data):
    recipe = toy_recipe(budget=0.6)
    learner = toy_learner(recipe, data)
    learner.mask = {n: torch.zeros_like(m) for n, m in learner.mask.items()}
    search(learner, recipe, 1, 1, lifting=True)
    lifted = {n for n, m in learner.mask.items() if m.all()}
    left = {n for n, m in learner.mask.items() if not m.any()}
    assert lifted | left == learner.mask.keys()
    assert all("stem" in n or "shortcut" in n or "final" in n for n in left) and left
    assert all(".expand." in n or ".depthwise." in n or ".project." in n for n in lifted)


def _set_importances(learner: Learner, value: float, *, average: float) -> str:
    """The first block's first unit; returns the parameter's name."""
    block, gamma = next(iter(importances(learner.network).items()))
    name = f"blocks.{block}.unit_norm.weight"
    with torch.no_grad():
        gamma[0], learner.average[name][0] = value, average
    return block


def test_a_unit_that_is_alive_now_or_on_average_stays_until_the_last_search(data):
    recipe = toy_recipe(search="threshold", least_macs=0.0)
    learner = toy_learner(recipe, data)
    units = learner.architecture.units
    _set_importances(learner, 1.0, average=0.0)
    assert search(learner, recipe, 1, 2, lifting=False)["units_after"] == units
    _set_importances(learner, 0.0, average=1.0)
    assert search(learner, recipe, 1, 2, lifting=False)["units_after"] == units
    _set_importances(learner, 1.0, average=0.0)
    assert search(learner, recipe, 2, 2, lifting=False)["units_after"] == units - 1


def test_a_search_that_saves_too_little_changes_nothing(data):
    recipe = toy_recipe(search="threshold", least_macs=0.2)
    learner = toy_learner(recipe, data)
    _set_importances(learner, 0.0, average=0.0)
    network = learner.network
    event = search(learner, recipe, 1, 2, lifting=True)
    assert not event["changed"] and learner.network is network


def test_masks_are_cut_like_the_weights(data):
    """Without reactivation, what a mask hides after a search is what it hid before."""
    recipe = toy_recipe(search="threshold", threshold=0.5, least_macs=0.0)
    learner = Learner.from_tensors(
        toy_architecture(), {}, _half_mask(build(toy_architecture(), 0)), toy_task(data), recipe, 0
    )
    with torch.no_grad():
        for name, weight in maskable(learner.network).items():
            weight.copy_(torch.where(learner.mask[name], 1.0, -1.0))
        for index, (block, gamma) in enumerate(importances(learner.network).items()):
            gamma[index % 3 :: 2] = 0
            learner.average[f"blocks.{block}.unit_norm.weight"][index % 3 :: 2] = 0
    search(learner, recipe, 1, 1, lifting=False)
    assert learner.architecture.units < toy_architecture().units
    for name, weight in maskable(learner.network).items():
        assert torch.equal(learner.mask[name], weight > 0)


def test_a_search_never_takes_the_last_unit(data):
    recipe = toy_recipe(search="threshold", threshold=1e9)
    learner = toy_learner(recipe, data)
    name = _set_importances(learner, 2.0, average=2.0)
    search(learner, recipe, 1, 1, lifting=False)
    assert learner.architecture.units == 1
    assert [name] == list(importances(learner.network))
    assert torch.isfinite(learner.network(torch.zeros(2, 3, 8, 8))).all()


def test_a_budget_that_leaves_nothing_is_refused(data):
    with pytest.raises(WinnowError, match="WN-R02"):
        _trained(data, [Phase("joint", 2, search=True)], budget=0.01)


def test_search_alone_keeps_a_given_mask(data):
    mask = _half_mask(build(toy_architecture(), 0))
    recipe = toy_recipe(budget=0.6)
    learner = Learner.from_tensors(toy_architecture(), {}, mask, toy_task(data), recipe, 0)
    trained = _trained(data, [Phase("search", 4, search=True)], learner=learner, budget=0.6)
    assert trained.learner.architecture.units < toy_architecture().units
    assert 0.35 < trained.learner.sparsity < 0.65


@pytest.mark.parametrize("task", ["classification", "segmentation"])
@pytest.mark.parametrize("score", ["snip", "grasp", "synflow"])
def test_scores_go_through_the_tasks_loss(task, score):
    data = toy_data(task)
    recipe = toy_recipe(score=score)
    learner = toy_learner(recipe, data)
    before = tensors_of(learner.network)
    phase = Phase("p", 1, prune=True, sparsity=0.3)
    event = prune_weights(learner, phase, toy_task(data), data.train, recipe, 1, 1)
    assert event["sparsity"] == pytest.approx(0.3, abs=1e-3)
    assert same(tensors_of(learner.network), before)


def test_the_ticket_is_average_times_mask_and_is_what_is_measured(data):
    recipe, task = toy_recipe(), toy_task(data, augment=False)
    trained = train_phases(toy_learner(recipe, data), [Phase("p", 3, prune=True, sparsity=0.5)], task, data, recipe)
    ticket = ticket_network(trained.learner, task, data, recipe)
    average = Mask(trained.learner.mask).applied(trained.learner.average)
    for name, parameter in ticket.named_parameters():
        assert torch.equal(parameter, average[name])
    rows = {row.metric: row.value for row in trained.rows if row.split == "validation"}
    assert rows["accuracy"] == task.measure(ticket, data.validation, batch=8)["accuracy"]
    assert not ticket.training


def test_an_infinite_loss_names_its_step(data):
    tensors = {"classifier.bias": torch.full((4,), float("nan"))}
    recipe = toy_recipe()
    learner = Learner.from_tensors(toy_architecture(), tensors, {}, toy_task(data), recipe, 0)
    with pytest.raises(WinnowError, match="after 0 updates"):
        train_phases(learner, [Phase("p", 1)], toy_task(data), data, recipe)


def test_a_learner_of_another_task_or_mask_is_refused(data):
    recipe, task = toy_recipe(), toy_task(data)
    with pytest.raises(WinnowError, match="WN-M02"):
        Learner.fresh(toy_architecture().for_task("classification", 7, (8, 8)), task, recipe, 0)
    with pytest.raises(WinnowError, match="WN-P02"):
        Learner.from_tensors(toy_architecture(), {}, {"classifier.weight": torch.ones(4, 8)}, task, recipe, 0)
    with pytest.raises(WinnowError, match="WN-M02"):
        Learner.from_tensors(toy_architecture(), {"stem.0.weight": torch.ones(1)}, {}, task, recipe, 0)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_every_optimizer_goes_through_a_search(data, optimizer):
    trained = _trained(data, [Phase("joint", 5, search=True)], optimizer=optimizer, budget=0.5)
    held = [p for group in trained.learner.optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in held} == {id(p) for p in trained.learner.network.parameters()}
    assert len(held) == len(set(map(id, held)))
