"""Networks that grok: parameter counts, starts, what they compute, and how little of it they need to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.grokking.networks import NETWORKS, GrokModule, Network, network_named, parameters
from winnow.grokking.networks.network import single
from winnow.grokking.networks.one_layer import OneLayer
from winnow.grokking.networks.two_layer import TwoLayer
from winnow.grokking.tasks import sizes_named, task_named
from winnow.models import model_named
from winnow.sparsity import Evidence, Mask, Probe, Ticket, prunable_layers, score_named, tensors_of

pytestmark = pytest.mark.usefixtures("one_thread")

# Parameters at the sizes that the papers have.
COUNTS = {
    ("mlp", "add-67"): 115_000,
    ("transformer", "add-67"): 115_456,
    ("transformer-paper", "add-67"): 2 * 67 * 500 + 2 * 500 + 4 * 500**2 + 2 * 500 * 128 + 128 + 500,
    ("transformer-nanda", "add-113-all"): 226_816 - 128,
    ("transformer-grokfast", "multiply-97-nonzero"): 422_784 - 3 * 128,
    ("dense-200", "mnist"): 198_800,
    ("mlp", "regression"): 40 * 500 + 2 * 500 * 48 + 500,
    ("mlp", "parity"): 31 * 500 + 2 * 500 * 48 + 500 * 2,
}
BUILDER = "winnow.grokking.networks.modules:build"


def named(name: str, task: str) -> Network:
    return network_named(name, sizes_named(task))


def started(network: Network, seed: int = 0, scale: float = 1.0) -> dict[str, Tensor]:
    return network.start(torch.Generator().manual_seed(seed), scale)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(WinnowError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize(("name", "task"), COUNTS)
def test_networks_have_the_papers_parameters(name: str, task: str) -> None:
    network = named(name, task)
    weights = started(network)
    assert network.name == name
    assert parameters(network) == COUNTS[name, task] == sum(tensor.numel() for tensor in weights.values())
    assert {n: tuple(t.shape) for n, t in weights.items()} == dict(network.shapes)
    assert all(tensor.dtype == torch.float32 for tensor in weights.values())
    assert network.prunable == tuple(n for n, tensor in weights.items() if tensor.dim() == 2)


def test_every_network_is_counted_above() -> None:
    assert {name for name, _ in COUNTS} == set(NETWORKS)


def by_inputs(network: Network) -> dict[str, float]:
    return {name: network.shapes[name][0] ** -0.5 for name in network.prunable}


def by_width(network: Network) -> dict[str, float]:
    return {name: (114 if name == "unembed" else 128) ** -0.5 for name in network.prunable}


def by_torch(network: Network) -> dict[str, float]:
    """Deviations of the starts of nn.Embedding, nn.MultiheadAttention and nn.Linear."""
    block = {name: math.sqrt(6 / 512 / 3) for name in ("query", "key", "value")}
    block |= {"output": math.sqrt(1 / 128 / 3), "mlp_in": math.sqrt(1 / 128 / 3), "mlp_out": math.sqrt(1 / 512 / 3)}
    blocks = {f"block{number}_{name}": deviation for number in (0, 1) for name, deviation in block.items()}
    return {"embed": 1.0, "position": 1.0, **blocks, "unembed": math.sqrt(1 / 128 / 3)}


@pytest.mark.parametrize(("name", "task"), COUNTS)
def test_matrices_start_with_the_papers_deviations(name: str, task: str) -> None:
    network = named(name, task)
    rule = {"transformer-nanda": by_width, "transformer-grokfast": by_torch}.get(name, by_inputs)
    weights = started(network, seed=1)
    expected = rule(network)
    assert set(expected) == set(network.prunable)
    for matrix, deviation in expected.items():
        tolerance = 4.5 / math.sqrt(2 * weights[matrix].numel())
        assert float(weights[matrix].std()) == pytest.approx(deviation, rel=tolerance), matrix
        assert abs(float(weights[matrix].mean())) < 4.5 * deviation / math.sqrt(weights[matrix].numel())


def test_norms_and_biases_start_as_torch_leaves_them() -> None:
    weights = started(named("transformer-grokfast", "multiply-97-nonzero"))
    for name, tensor in weights.items():
        if name.endswith("_scale"):
            assert torch.equal(tensor, torch.ones(128))
        elif tensor.dim() == 1 and "_mlp_in_" not in name and "_mlp_out_" not in name:
            assert not tensor.any(), name
    assert float(weights["block0_mlp_in_bias"].abs().max()) == pytest.approx(128**-0.5, rel=0.02)
    assert float(weights["block1_mlp_out_bias"].abs().max()) == pytest.approx(512**-0.5, rel=0.05)
    assert float(weights["block1_query"].abs().max()) == pytest.approx(math.sqrt(6 / 512), rel=0.01)
    for bias in ("mlp_in_bias", "mlp_out_bias"):
        assert not started(named("transformer-nanda", "add-113-all"))[bias].any()


@pytest.mark.parametrize(("name", "task"), COUNTS)
def test_the_scale_multiplies_matrices_and_nothing_else(name: str, task: str) -> None:
    network = named(name, task)
    once, eight = started(network), started(network, scale=8.0)
    for tensor in once:
        assert torch.allclose(eight[tensor], once[tensor] * (8 if tensor in network.prunable else 1))
    assert not torch.equal(once[network.prunable[0]], started(network, seed=1)[network.prunable[0]])


def test_the_mlps_first_loss_is_that_of_the_reference() -> None:
    task, network = task_named("add-67"), named("mlp", "add-67")
    losses = [F.cross_entropy(network.plain(started(network, seed), task.inputs), task.targets) for seed in range(8)]
    assert len(task) == 2278
    assert float(torch.stack(losses).mean()) == pytest.approx(4.212, abs=0.002)


# Millions of floating-point operations of one step's forward and backward products, at most: the reference's section 4.
STEPS = {
    ("mlp", "add-67", 911): 37,
    ("transformer", "add-67", 911): 340,
    ("transformer-nanda", "add-113-all", 3830): 4000,
    ("transformer-grokfast", "multiply-97-nonzero", 512): 5000,
}


def product_operations(call: Callable[[], object]) -> int:
    """Operations of the matrix products of a call, a multiplication and an addition each."""
    with torch.profiler.profile(with_flops=True) as profile:
        call()
    products = {"aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm"}
    return sum(event.flops for event in profile.key_averages() if event.key in products)


@pytest.mark.parametrize(("name", "task", "count"), STEPS)
def test_folding_does_less_work_than_the_textbook(name: str, task: str, count: int) -> None:
    network = named(name, task)
    inputs = task_named(task).inputs[:count]
    weights = {n: tensor.requires_grad_() for n, tensor in started(network).items()}

    def operations(forward: Callable[[], Tensor]) -> float:
        return product_operations(lambda: torch.autograd.grad(forward().sum(), list(weights.values()))) / 1e6

    folded = operations(lambda: network.outputs_of(single(weights), network.prepare(inputs[None])))
    assert 0 < folded < STEPS[name, task, count]
    assert folded < operations(lambda: network.plain(weights, inputs)) / 2.5


@pytest.mark.parametrize("name", ["transformer", "transformer-paper", "transformer-nanda"])
def test_no_place_sees_a_later_one(name: str) -> None:
    network = named(name, "add-7")
    assert isinstance(network, OneLayer)
    weights = started(network)
    before, after = network.states(weights, torch.tensor([[1, 2], [1, 5]]))
    assert torch.equal(before[0], after[0])
    assert not torch.allclose(before[1], after[1])
    first, other = network.states(weights, torch.tensor([[1, 2], [6, 2]]))
    assert not torch.allclose(first[1], other[1])
    assert not torch.allclose(first[-1], other[-1])


def test_no_place_sees_a_later_one_through_two_layers() -> None:
    network = TwoLayer(tokens=7, outputs=7)
    for states in network.states(started(network), torch.tensor([[1, 2], [1, 5]])):
        assert torch.equal(states[0, :2], states[1, :2])
        assert not torch.allclose(states[0, 2], states[1, 2])
        assert not torch.allclose(states[0, 3], states[1, 3])


def test_the_one_layer_form_is_that_of_torchs_attention() -> None:
    network = named("transformer-nanda", "add-7")
    weights = {name: tensor.double() for name, tensor in started(network).items()}
    inputs = task_named("add-7").inputs
    prompts = torch.cat([inputs, torch.full((len(inputs), 1), 7)], 1)
    stream = weights["embed"][prompts] + weights["position"]
    q, k, v = ((stream @ weights[n]).view(-1, 3, 4, 32).transpose(1, 2) for n in ("query", "key", "value"))
    heads = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(-1, 3, 128)
    stream = stream + heads @ weights["output"]
    stream = stream + F.relu(stream @ weights["mlp_in"]) @ weights["mlp_out"]
    assert torch.allclose(network.plain(weights, inputs), stream[:, -1] @ weights["unembed"], atol=1e-12)


class GrokfastBlock(nn.Module):
    """The block of that paper's code out of torch's modules."""

    def __init__(self, block: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(128, 4, batch_first=True, dtype=torch.float64)
        self.attention.in_proj_weight.data = torch.cat([block[n].T for n in ("query", "key", "value")])
        self.attention.in_proj_bias.data = torch.cat([block[f"{n}_bias"] for n in ("query", "key", "value")])
        self.attention.out_proj.weight.data = block["output"].T
        self.attention.out_proj.bias.data = block["output_bias"]
        self.block = block

    def forward(self, stream: Tensor) -> Tensor:
        block, width = self.block, (128,)
        later = torch.ones(4, 4, dtype=torch.bool).triu(1)
        stream = F.layer_norm(stream, width, block["attention_scale"], block["attention_shift"])
        stream = stream + self.attention(stream, stream, stream, attn_mask=later, need_weights=False)[0]
        inner = F.layer_norm(stream, width, block["mlp_scale"], block["mlp_shift"])
        inner = F.gelu(F.linear(inner, block["mlp_in"].T, block["mlp_in_bias"]))
        return stream + F.linear(inner, block["mlp_out"].T, block["mlp_out_bias"])


def test_the_two_layer_form_is_that_of_torchs_modules() -> None:
    network = TwoLayer(tokens=7, outputs=7)
    generator = torch.Generator().manual_seed(3)
    # Every bias and scale away from its start, so that none of them can be left out.
    weights = {
        name: tensor.double() + 0.3 * torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        for name, tensor in started(network).items()
    }
    inputs = task_named("multiply-7").inputs
    a, b = inputs.T
    prompts = torch.stack([a, torch.full_like(a, 8), b, torch.full_like(a, 7)], 1)
    stream = weights["embed"][prompts] + weights["position"]
    for number in (0, 1):
        start = f"block{number}_"
        block = {n.removeprefix(start): t for n, t in weights.items() if n.startswith(start)}
        stream = GrokfastBlock(block)(stream)
    stream = F.layer_norm(stream, (128,), weights["final_scale"], weights["final_shift"])
    assert torch.allclose(network.plain(weights, inputs), stream[:, -1] @ weights["unembed"], atol=1e-12)


def test_names_and_tasks_that_do_not_fit_are_refused() -> None:
    assert code_of(lambda: named("perceptron", "add-67")) == "WN-M01"
    for name in ("transformer", "transformer-paper", "transformer-nanda", "transformer-grokfast"):
        assert code_of(lambda name=name: named(name, "parity")) == "WN-M02"
    assert code_of(lambda: named("dense-200", "add-67")) == "WN-M02"


@pytest.mark.parametrize(("name", "task"), [("mlp", "add-7"), ("transformer-nanda", "add-7"), ("mlp", "parity-12-3")])
def test_a_module_holds_one_network(name: str, task: str) -> None:
    network, examples = named(name, task), task_named(task)
    weights = started(network)
    module = GrokModule(network, weights)
    outputs = module(examples.inputs)
    assert torch.equal(outputs, network.plain(weights, examples.inputs))
    F.cross_entropy(outputs, examples.targets).backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
    assert [layer.name for layer in prunable_layers(module, network.prunable)] == list(network.prunable)
    assert list(dict(module.named_parameters())) == list(network.shapes)


@pytest.mark.parametrize("name", ["mlp", "transformer", "transformer-nanda", "transformer-grokfast"])
def test_one_hot_examples_answer_as_tokens_do(name: str) -> None:
    network, inputs = named(name, "add-7"), task_named("add-7").inputs
    module = GrokModule(network, started(network))
    assert torch.allclose(module(F.one_hot(inputs, 7).float()), module(inputs), atol=1e-6)


def probed(network: Network, inputs: Tensor, targets: Tensor) -> Evidence:
    module = GrokModule(network, started(network))
    tensors = tensors_of(module)
    mask = Mask.ones({name: tensors[name] for name in network.prunable})
    weights = {name: tensors[name] for name in network.prunable}
    return Evidence(weights, weights, probe=Probe(module, tensors, mask, inputs, targets))


def test_scores_that_run_the_network_take_a_module() -> None:
    network, task = named("mlp", "add-7"), task_named("add-7")
    evidence = probed(network, task.inputs, task.targets)
    weights = {name: tensor.clone().requires_grad_() for name, tensor in evidence.trained.items()}
    loss = F.cross_entropy(network.plain(weights, task.inputs), task.targets)
    expected = torch.autograd.grad(loss, list(weights.values()))
    snip = score_named("snip")(evidence)
    for (name, weight), gradient in zip(weights.items(), expected, strict=True):
        assert torch.allclose(snip[name], (weight * gradient).abs(), atol=1e-8)
    assert all(bool(scores.any()) for scores in score_named("grasp")(evidence).values())


def test_synflow_flows_through_one_hot_examples_and_is_conserved() -> None:
    network, task = named("mlp", "add-7"), task_named("add-7")
    evidence = probed(network, F.one_hot(task.inputs, 7).float(), task.targets)
    flows = [float(scores.sum()) for scores in score_named("synflow")(evidence).values()]
    # Every layer passes on what it got (Tanaka et al. 2020, theorem 1), and R itself is that sum.
    weights = {name: tensor.double().abs() for name, tensor in evidence.trained.items()}
    total = float(network.plain(weights, torch.ones(1, 2, 7, dtype=torch.float64)).sum())
    assert flows == pytest.approx([total] * 4, rel=1e-9)


def test_a_ticket_is_built_again_from_its_manifest(tmp_path: Path) -> None:
    model = model_named(BUILDER, network="mlp", task="add-7")
    module = model.build(seed=5)
    assert isinstance(module, GrokModule)
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), model.build(seed=5).parameters(), strict=True))
    assert not torch.equal(module.get_parameter("embed"), model.build(seed=6).get_parameter("embed"))
    generator = torch.Generator().manual_seed(0)
    mask = Mask({n: torch.rand(p.shape, generator=generator) < 0.4 for n, p in module.named_parameters()})
    Ticket(tensors_of(module), mask, manifest={"model": model.describe()}).save_pretrained(tmp_path / "ticket")

    ticket = Ticket.from_pretrained(tmp_path / "ticket")
    told = ticket.manifest["model"]
    again = ticket.load_into(model_named(told["build"], **told["arguments"]).build(seed=0))
    inputs = task_named("add-7").inputs
    expected = module.network.plain(mask.applied(tensors_of(module)), inputs)
    assert torch.equal(again(inputs), expected)


def test_a_module_for_mnist_needs_no_images() -> None:
    module = model_named(BUILDER, network="dense-200", task="mnist").build(0)
    assert module(torch.rand(3, 784)).shape == (3, 10)
    assert code_of(lambda: model_named(BUILDER, network="mlp", task="nothing").build(0)) == "WN-C01"
