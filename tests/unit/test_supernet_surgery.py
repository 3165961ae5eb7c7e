"""Taking units out in the middle of a training changes nothing but the size."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor

from supernet_networks import block_in, counted, furthest, images_for, minute, stirred, tokens_in, zeroed
from winnow.core import WinnowError
from winnow.supernet.network import Supernet, build, importances, maskable, search_blocks, token_importances
from winnow.supernet.space import TASKS, Architecture
from winnow.supernet.surgery import cut_tensors, fold_dead, plan_cuts, shrink

pytestmark = pytest.mark.usefixtures("one_thread")

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.01),
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=0.01, momentum=0.9, centered=True),
}


def some_alive(architecture: Architecture, seed: int = 0) -> dict[str, Tensor]:
    """Of the blocks in turn: every second unit, all but a whole kernel, none, all (unnamed), one."""
    generator, alive = torch.Generator().manual_seed(seed), {}
    for number, (place, widths) in enumerate(zip(architecture.places, architecture.widths, strict=True)):
        living = torch.rand(sum(widths), generator=generator) < 0.5
        if number % 5 == 1:
            living[widths[0] : widths[0] + widths[1]] = False
        if number % 5 == 2:
            living[:] = False
        if number % 5 == 4:
            living[:] = torch.arange(len(living)) == 3
        if number % 5 != 3:
            alive[place.name] = living
    return alive


def groups_of(network: Supernet) -> list[dict]:
    """As a training has them: what decays, and what does not, at another rate."""
    parts: tuple[list, list] = [], []
    for parameter in network.parameters():
        parts[parameter.dim() == 1].append(parameter)
    return [{"params": parts[0], "weight_decay": 0.1}, {"params": parts[1], "weight_decay": 0.0, "lr": 0.02}]


def step(network: Supernet, optimizer: torch.optim.Optimizer, images: Tensor) -> Tensor:
    optimizer.zero_grad()
    loss = (network(images) - 1).square().mean()
    loss.backward()
    optimizer.step()
    return loss.detach()


def held(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_nothing_dead_nothing_changes(optimizer):
    network = stirred(minute())
    trained = OPTIMIZERS[optimizer](groups_of(network))
    step(network, trained, images_for(minute()))
    before, state = deepcopy(network.state_dict()), deepcopy(trained.state_dict())
    alive = {name: torch.ones(len(gamma), dtype=torch.bool) for name, gamma in importances(network).items()}
    tokens = {name: torch.ones(len(gamma), dtype=torch.bool) for name, gamma in token_importances(network).items()}
    shrunk = shrink(network, trained, alive, tokens, companions=[before])
    assert shrunk.network.architecture == minute()
    assert (shrunk.cuts.indices, shrunk.cuts.removed, shrunk.cuts.renamed) == ({}, frozenset(), {})
    for found in (shrunk.network.state_dict(), shrunk.companions[0]):
        assert found.keys() == before.keys()
        assert all(torch.equal(found[name], before[name]) for name in before)
    after = trained.state_dict()
    assert after["param_groups"] == state["param_groups"]
    assert after["state"].keys() == state["state"].keys()
    for number, entry in state["state"].items():
        assert all(torch.equal(after["state"][number][key], value) for key, value in entry.items() if value is not None)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("task", TASKS)
def test_a_cut_network_computes_what_the_zeroed_one_does(task, training):
    architecture = minute(task)
    network, alive = stirred(architecture, dtype=torch.float32), some_alive(architecture)
    shrunk = shrink(network, None, alive).network.train(training)
    assert shrunk.architecture.empty_blocks == sum(not living.any() for living in alive.values()) > 1
    assert any(0 in widths and sum(widths) for widths in shrunk.architecture.widths)
    assert counted(shrunk)
    images = images_for(architecture, dtype=torch.float32)
    wanted = zeroed(network, alive).train(training)(images)
    assert (shrunk(images) - wanted).abs().max() < 1e-5
    assert wanted.std() > 1e-2


def test_pruned_weights_are_pruned_in_the_constants_too():
    architecture = minute()
    network, alive = stirred(architecture), some_alive(architecture)
    generator = torch.Generator().manual_seed(4)
    mask = {name: torch.rand(w.shape, generator=generator) < 0.5 for name, w in maskable(network).items()}
    shrunk = shrink(network, None, alive, mask=mask, companions=[mask])

    def masked(cut: Supernet, masks: dict[str, Tensor]) -> Tensor:
        weights = {name: weight * masks[name] for name, weight in maskable(cut).items()}
        return torch.func.functional_call(cut.eval(), weights, images_for(architecture))

    assert shrunk.companions[0].keys() == maskable(shrunk.network).keys()
    found, wanted = masked(shrunk.network, shrunk.companions[0]), masked(zeroed(network, alive), mask)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-10)


def test_folding_is_seen_in_neither_mode_and_twice_is_once():
    architecture = minute()
    network, alive = stirred(architecture), some_alive(architecture)
    images = images_for(architecture)
    for training in (True, False):
        zero, bent = zeroed(deepcopy(network), alive).train(training), deepcopy(network).train(training)
        fold_dead(bent, alive)
        torch.testing.assert_close(bent(images), zero(images), rtol=0, atol=1e-10)
    once = deepcopy(bent.state_dict())
    fold_dead(bent, alive)
    assert furthest(bent.state_dict(), once) < 1e-14
    for name, living in alive.items():
        block = search_blocks(bent)[name]
        assert not block.unit_norm.bias[~living].any()
        assert not block.unit_norm.weight[~living].any()


def test_without_folding_the_constants_would_be_missed():
    architecture = minute()
    network, alive = stirred(architecture), some_alive(architecture)
    cuts = plan_cuts(architecture, alive)
    bare = build(cuts.architecture, 0).double()
    bare.load_state_dict(cut_tensors(network.state_dict(), cuts))
    images = images_for(architecture)
    assert (bare.eval()(images) - zeroed(network, alive).eval()(images)).abs().max() > 1e-2


def test_an_emptied_block_forgets_its_old_statistics_with_the_first_batch():
    architecture = minute()
    alive = {"s2_branch_0_0": torch.zeros(18, dtype=torch.bool)}
    network = shrink(stirred(architecture), None, alive).network
    block = block_in(network, "s2_branch_0_0")
    assert isinstance(block.rest, torch.nn.Parameter)
    assert block.rest_mean.abs().max() > 1e-3
    maps = torch.randn(2, 6, 7, 5, dtype=torch.float64)
    before, shift = block.eval()(maps), tokens_in(network, "s2_branch_0_0").eval()(maps) + block.rest[:, None, None]
    assert (before - maps - shift).abs().max() > 1e-3
    block.train()(maps)
    torch.testing.assert_close(
        block.eval()(maps), maps + tokens_in(network, "s2_branch_0_0")(maps) + block.rest[:, None, None]
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_as_if_the_dead_had_been_zero(optimizer):
    """Loss, gradients and the next update of every survivor, beside the zeroed network with the whole optimizer."""
    architecture = minute("classification")
    network, alive, images = stirred(architecture), some_alive(architecture), images_for(architecture)
    trained = OPTIMIZERS[optimizer](groups_of(network))
    for _ in range(2):
        step(network, trained, images)
    zeroed(network, alive)
    whole, rest = deepcopy((network, trained))
    shrunk = shrink(network, trained, alive)
    assert torch.isclose(step(shrunk.network, trained, images), step(whole, rest, images), rtol=1e-11)
    for values, limit in ((_gradients, 1e-10), (_parameters, 1e-7)):
        assert furthest(values(shrunk.network), cut_tensors(values(whole), shrunk.cuts)) < limit


def _gradients(network: Supernet) -> dict[str, Tensor]:
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


def _parameters(network: Supernet) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in network.named_parameters()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_parameter_is_in_one_group_with_its_own_slice_of_the_state(optimizer):
    architecture = minute()
    network, alive = stirred(architecture), some_alive(architecture)
    trained = OPTIMIZERS[optimizer](groups_of(network))
    step(network, trained, images_for(architecture))
    old = {name: dict(trained.state[p]) for name, p in network.named_parameters()}
    decaying = {name for name, p in network.named_parameters() if p.dim() > 1}
    shrunk = shrink(network, trained, alive).network
    new = dict(shrunk.named_parameters())
    found = held(trained)
    assert len(found) == len(new)
    assert {id(p) for p in found} == {id(p) for p in new.values()}
    assert {id(p) for p in trained.param_groups[0]["params"]} == {id(p) for n, p in new.items() if n in decaying}
    assert set(trained.state) == set(found)
    checked = 0
    for name, parameter in new.items():
        state = trained.state[parameter]
        assert all(v.shape in ((), parameter.shape) for v in state.values() if isinstance(v, Tensor))
        block, _, part = name.removeprefix("blocks.").partition(".")
        if part == "rest":
            source, living = f"blocks.{block}.project_norm.bias", slice(None)
        elif part in ("expand.weight", "unit_norm.weight", "unit_norm.bias") and block in alive:
            source, living = name, alive[block]
        else:
            continue
        checked += 1
        for key, value in old[source].items():
            if isinstance(value, Tensor) and value.dim():
                assert torch.equal(state[key], value[living]), (name, key)
            elif value is not None:
                assert state[key] == value
    assert checked > 15
    step(shrunk, trained, images_for(architecture))


def test_depthwise_and_project_are_cut_where_the_units_stand():
    architecture = minute()
    network, name = stirred(architecture), "s1_fuse_0_0"
    living = torch.tensor([True, False, True, False, False, True] + [False] * 6 + [True] * 5 + [False])
    block, cut = block_in(network, name), block_in(shrink(network, None, {name: living}).network, name)
    assert list(cut.depthwise) == ["3", "7"]
    assert torch.equal(cut.get_parameter("depthwise.3.weight"), block.get_parameter("depthwise.3.weight")[[0, 2, 5]])
    assert torch.equal(cut.get_parameter("depthwise.7.weight"), block.get_parameter("depthwise.7.weight")[:5])
    assert torch.equal(cut.project.weight, block.project.weight[:, [0, 2, 5, 12, 13, 14, 15, 16]])


def test_companions_are_cut_alongside_and_the_average_computes_the_same_too():
    architecture = minute()
    network, average = stirred(architecture), stirred(architecture, 7)
    start = {name: tensor.clone() for name, tensor in build(architecture, 0).state_dict().items()}
    mask = {name: torch.rand(w.shape) < 0.5 for name, w in maskable(network).items()}
    alive = some_alive(architecture)
    shrunk = shrink(network, None, alive, companions=[average.state_dict(), start, mask])
    kept, begun, masks = shrunk.companions
    assert list(kept) == list(begun) and kept.keys() == shrunk.network.state_dict().keys()
    images = images_for(architecture)
    again = build(shrunk.network.architecture, 0).double()
    again.load_state_dict(kept)
    torch.testing.assert_close(again.eval()(images), zeroed(average, alive).eval()(images), rtol=0, atol=1e-10)
    whole = cut_tensors(start, shrunk.cuts)
    assert all(torch.equal(begun[name], tensor) for name, tensor in whole.items())
    for name, living in alive.items():
        if living.any():
            assert torch.equal(masks[f"blocks.{name}.expand.weight"], mask[f"blocks.{name}.expand.weight"][living])


def test_cutting_twice_is_cutting_once():
    architecture = minute()
    network, first = stirred(architecture), some_alive(architecture)
    middle = shrink(network, None, first).network
    second = some_alive(middle.architecture, 1)
    both = {}
    for name in first.keys() | second.keys():
        both[name] = first.get(name, torch.ones(len(second.get(name, ())), dtype=torch.bool)).clone()
        if name in second:
            both[name][both[name].clone()] = second[name]
    twice, once = shrink(middle, None, second).network, shrink(network, None, both).network
    assert twice.architecture == once.architecture
    assert furthest(twice.state_dict(), once.state_dict()) < 1e-12


def test_tokens_are_cut_and_a_path_without_any_goes():
    architecture = minute()
    network = stirred(architecture)
    names = list(token_importances(network))
    trained = torch.optim.AdamW(network.parameters())
    step(network, trained, images_for(architecture))
    moments = trained.state[tokens_in(network, names[0]).queries]["exp_avg"]
    tokens = {names[0]: torch.tensor([True, False, True]), names[1]: torch.zeros(3, dtype=torch.bool)}
    shrunk = shrink(network, trained, {}, tokens).network
    assert shrunk.architecture.tokens[[p.name for p in architecture.places].index(names[0])] == 2
    old, new = tokens_in(network, names[0]), tokens_in(shrunk, names[0])
    assert torch.equal(new.queries, old.queries[[0, 2]])
    assert torch.equal(new.write.weight, old.write.weight[:, [0, 2]])
    assert torch.equal(new.get_buffer("token_norm.running_var"), old.get_buffer("token_norm.running_var")[[0, 2]])
    assert torch.equal(trained.state[new.queries]["exp_avg"], moments[[0, 2]])
    assert block_in(shrunk, names[1]).tokens is None
    assert {id(p) for p in held(trained)} == {id(p) for p in shrunk.parameters()}
    assert counted(shrunk)
    step(shrunk, trained, images_for(architecture))


def test_modes_and_frozen_parameters_stay_so():
    network = stirred(minute()).eval()
    block_in(network, "s1_fuse_0_0").expand.weight.requires_grad_(False)
    shrunk = shrink(network, None, some_alive(minute())).network
    assert not shrunk.training
    assert [n for n, p in shrunk.named_parameters() if not p.requires_grad] == ["blocks.s1_fuse_0_0.expand.weight"]


def test_parameters_of_others_stay_in_the_optimizer():
    network, other = stirred(minute()), torch.nn.Linear(2, 2)
    trained = torch.optim.SGD([*other.parameters(), *network.parameters()], lr=0.1)
    shrink(network, trained, some_alive(minute()))
    assert held(trained)[:2] == list(other.parameters())


def test_what_does_not_fit_is_refused():
    architecture = minute()
    for alive in (
        {"s9_fuse_0_0": torch.ones(3, dtype=torch.bool)},
        {"s1_fuse_0_0": torch.ones(17, dtype=torch.bool)},
        {"s1_fuse_0_0": torch.ones(18)},
    ):
        with pytest.raises(WinnowError, match="WN-M02"):
            plan_cuts(architecture, alive)
    with pytest.raises(WinnowError, match="WN-M02"):
        plan_cuts(architecture, {}, {"s1_fuse_0_0": torch.ones(2, dtype=torch.bool)})
