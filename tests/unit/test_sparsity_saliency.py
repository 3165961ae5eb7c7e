"""Scores that run the network, against definitions written out by hand, entry by entry."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from winnow.core import WinnowError
from winnow.models import lenet_300_100, resnet_20
from winnow.sparsity import (
    Evidence,
    Mask,
    Pool,
    Probe,
    prunable_layers,
    prune,
    prune_in_rounds,
    score_named,
    tensors_of,
    weights_of,
)


def small() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)).double()


def evidence_of(module: nn.Module, inputs: torch.Tensor, classes: int = 3, density: float = 1.0) -> Evidence:
    tensors = tensors_of(module)
    weights = weights_of(tensors, prunable_layers(module))
    generator = torch.Generator().manual_seed(5)
    mask = Mask({n: torch.rand(w.shape, generator=generator) < density for n, w in weights.items()})
    labels = torch.arange(len(inputs)) % classes
    living = weights_of(mask.applied(tensors), prunable_layers(module))
    return Evidence(weights, living, 7, Probe(module, tensors, mask, inputs, labels))


@pytest.fixture
def case() -> tuple[nn.Module, Evidence]:
    module = small()
    torch.manual_seed(11)
    return module, evidence_of(module, torch.randn(9, 4, dtype=torch.float64), density=0.7)


def masked(module: nn.Module, evidence: Evidence) -> nn.Module:
    assert evidence.probe is not None
    module = copy.deepcopy(module)
    evidence.probe.mask.apply_(dict(module.named_parameters()))
    return module


def test_snip_is_the_change_of_the_loss_to_first_order(case: tuple[nn.Module, Evidence]) -> None:
    """Against a finite difference along each single weight: L(w (1 - e)) - L(w) over e."""
    module, evidence = case
    assert evidence.probe is not None
    scores = score_named("snip")(evidence)
    inputs, labels = evidence.probe.inputs, evidence.probe.labels
    small_step = 1e-6
    for name, score in scores.items():
        for place in range(score.numel()):
            pair = []
            for sign in (1, -1):
                changed = masked(module, evidence)
                flat = dict(changed.named_parameters())[name].data.view(-1)
                flat[place] *= 1 + sign * small_step
                pair.append(F.cross_entropy(changed(inputs), labels).item())
            expected = abs(pair[0] - pair[1]) / (2 * small_step)
            assert score.view(-1)[place].item() == pytest.approx(expected, abs=1e-8)


def test_grasp_is_weight_times_hessian_times_gradient(case: tuple[nn.Module, Evidence]) -> None:
    module, evidence = case
    assert evidence.probe is not None
    inputs, labels = evidence.probe.inputs, evidence.probe.labels
    net = masked(module, evidence)
    names = list(evidence.trained)
    start = torch.cat([dict(net.named_parameters())[n].detach().flatten() for n in names])

    def loss(flat: torch.Tensor) -> torch.Tensor:
        first, second = flat[:20].view(5, 4), flat[20:].view(3, 5)
        hidden = F.linear(inputs, first, net[0].bias.detach()).relu()  # type: ignore[index]
        return F.cross_entropy(F.linear(hidden, second, net[2].bias.detach()) / 200, labels)  # type: ignore[index]

    gradient = torch.autograd.functional.jacobian(loss, start)
    hessian = torch.autograd.functional.hessian(loss, start)
    found = torch.cat([score_named("grasp")(evidence)[n].flatten() for n in names])
    assert torch.allclose(found, start * (hessian @ gradient), rtol=1e-9, atol=1e-15)


def test_synflow_of_a_chain_without_biases_is_the_sum_over_paths() -> None:
    """R is the sum of |w1||w2| over all paths of input, hidden, output; a weight's score is its paths' part of R."""
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False))
    evidence = evidence_of(module, torch.randn(6, 3), classes=2, density=0.8)
    scores = score_named("synflow")(evidence)
    first, second = (w.double().abs() for w in evidence.trained.values())
    expected_first, expected_second = torch.zeros(4, 3).double(), torch.zeros(2, 4).double()
    for i in range(3):
        for h in range(4):
            for o in range(2):
                expected_first[h, i] += first[h, i] * second[o, h]
                expected_second[o, h] += first[h, i] * second[o, h]
    assert torch.allclose(scores["0.weight"], expected_first)
    assert torch.allclose(scores["2.weight"], expected_second)
    # Conservation (Tanaka et al. 2020, theorem 1): each hidden unit's incoming scores equal its outgoing ones.
    assert torch.allclose(scores["0.weight"].sum(1), scores["2.weight"].sum(0))


def test_synflow_in_rounds_collapses_no_layer_where_one_round_does() -> None:
    """Tanaka et al. 2020, section 6: at extreme density, 100 rounds keep every layer alive; one round may not."""
    torch.manual_seed(0)
    module = lenet_300_100((1, 28, 28), 10)
    layers = prunable_layers(module)
    tensors = tensors_of(module)
    names = tuple(layer.name for layer in layers)
    keep = 500  # 0.19 %

    def score(mask: Mask) -> dict[str, torch.Tensor]:
        probe = Probe(module, tensors, mask, torch.zeros(2, 1, 28, 28), torch.zeros(2, dtype=torch.long))
        weights = weights_of(tensors, layers)
        return score_named("synflow")(Evidence(weights, weights_of(mask.applied(tensors), layers), 0, probe))

    whole = Mask.ones(weights_of(tensors, layers))
    many = prune_in_rounds(score, whole, [Pool(names, keep)], rounds=100)
    assert many.kept == keep
    assert all(bool(t.any()) for t in many.values())
    # Every remaining weight lies on a path from an input to an output.
    first, second, third = many.values()
    assert bool((~second[:, ~first.any(1)]).all())
    assert bool((~third[:, ~second.any(1)]).all())
    assert bool((~second[~third.any(0)]).all())


def test_rounds_keep_a_geometric_sequence_of_counts() -> None:
    weights = {"w": torch.arange(1, 1001.0)}
    seen: list[int] = []

    def score(mask: Mask) -> dict[str, torch.Tensor]:
        seen.append(mask.kept)
        return weights

    mask = prune_in_rounds(score, Mask.ones(weights), [Pool(("w",), 10)], rounds=4)
    assert seen == [1000, 316, 100, 32]
    assert mask.kept == 10
    assert mask == prune(weights, Mask.ones(weights), [Pool(("w",), 10)])


def test_wanda_is_magnitude_times_the_norm_of_the_input(case: tuple[nn.Module, Evidence]) -> None:
    module, evidence = case
    assert evidence.probe is not None
    net = masked(module, evidence)
    inputs = evidence.probe.inputs
    hidden = net[1](net[0](inputs))  # type: ignore[index]
    scores = score_named("wanda")(evidence)
    for name, seen in (("0.weight", inputs), ("2.weight", hidden)):
        expected = evidence.trained[name].abs() * seen.pow(2).sum(0).sqrt()
        assert torch.allclose(scores[name], expected.to(scores[name].dtype), rtol=1e-6)


def test_wanda_refuses_convolutions() -> None:
    module = resnet_20((3, 8, 8), 3)
    with pytest.raises(WinnowError) as caught:
        score_named("wanda")(evidence_of(module, torch.randn(4, 3, 8, 8)))
    assert caught.value.code == "WN-P03"
    assert caught.value.where == "conv.weight"


def test_bn_scale_gives_a_channel_its_batch_norms_scale() -> None:
    module = resnet_20((3, 8, 8), 3)
    for name, parameter in module.named_parameters():
        if name.endswith("bn1.weight"):
            parameter.data = torch.linspace(-1, 1, len(parameter))
    layers = [layer for layer in prunable_layers(module) if layer.kind == "conv"]
    tensors = tensors_of(module)
    weights = weights_of(tensors, layers)
    probe = Probe(module, tensors, Mask.ones(weights), torch.randn(2, 3, 8, 8), torch.tensor([0, 1]))
    scores = score_named("bn-scale")(Evidence(weights, weights, 0, probe))
    first = scores["stages.0.0.conv1.weight"]
    assert first.shape == (16, 16, 3, 3)
    assert torch.equal(first[:, 5, 1, 2], torch.linspace(-1, 1, 16).abs())
    assert torch.equal(scores["stages.0.0.conv2.weight"], torch.ones(16, 16, 3, 3))


@pytest.mark.parametrize("name", ["snip", "grasp", "synflow", "wanda"])
def test_scoring_changes_neither_network_nor_generators(name: str) -> None:
    module = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 3)).train()
    evidence = evidence_of(module, torch.randn(9, 4))
    assert evidence.probe is not None
    before = {n: t.clone() for n, t in [*module.state_dict().items(), *evidence.probe.tensors.items()]}
    state = torch.get_rng_state()
    first = score_named(name)(evidence)
    again = score_named(name)(evidence)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[n], again[n]) for n in first)
    assert module.training
    after = dict([*module.state_dict().items(), *evidence.probe.tensors.items()])
    assert all(torch.equal(before[n], after[n]) for n in before)
    assert all(p.grad is None for p in module.parameters())


def test_a_pruned_weight_scores_zero(case: tuple[nn.Module, Evidence]) -> None:
    _, evidence = case
    assert evidence.probe is not None
    for name in ("snip", "grasp", "synflow", "wanda"):
        for tensor, score in score_named(name)(evidence).items():
            assert bool((score[~evidence.probe.mask[tensor]] == 0).all()), name


def test_methods_that_run_the_network_ask_for_one() -> None:
    weights = {"w": torch.ones(2, 2)}
    with pytest.raises(WinnowError, match="snip needs a network"):
        score_named("snip")(Evidence(weights, weights))


def test_synflow_refuses_token_ids() -> None:
    class Embedded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(10, 4)
            self.head = nn.Linear(4, 3)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return self.head(self.embedding(ids).mean(1))

    with pytest.raises(WinnowError, match="token ids"):
        score_named("synflow")(evidence_of(Embedded(), torch.zeros(3, 6, dtype=torch.long)))
