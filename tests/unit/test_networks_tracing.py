"""Tracing: the graph computes what the module does, bit for bit, and what it cannot say is refused by name."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from helpers import SmallConv
from networks import ACTIVATIONS, Residual, Separable, TwoTails, conv_chain, fill, linear_chain
from winnow.models import lenet_300_100, resnet_20
from winnow.networks import Graph, GraphNetwork, Unsupported, trace


class Written(nn.Module):
    """As many functions and methods as go into one forward."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, (3, 5), padding="same")
        self.inner = nn.ModuleDict({"norm": nn.BatchNorm2d(4, momentum=None), "skip": nn.Identity()})
        self.unused = nn.Linear(3, 3)
        self.head = nn.Linear(24, 2)

    def forward(self, images: Tensor) -> Tensor:
        x = F.relu(self.inner["norm"](self.conv(images)), inplace=True)
        x = self.inner["skip"](x).sigmoid() + F.gelu(x, approximate="tanh")
        x = F.max_pool2d(x, kernel_size=2, stride=2)
        x = F.adaptive_avg_pool2d(torch.tanh(x), (2, None)).add(F.adaptive_avg_pool2d(x, (2, 4)))
        x = F.dropout(F.leaky_relu(x, 0.3), training=self.training)
        x = F.avg_pool2d(x, (1, 2), padding=(0, 1), stride=(1, 2))
        return self.head(torch.reshape(x, (x.shape[0], -1)).flatten(1))


CASES: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "lenet": (lenet_300_100((1, 8, 8)), (1, 8, 8)),
    "resnet": (resnet_20((3, 8, 8)), (3, 8, 8)),
    "written": (Written(), (2, 8, 8)),
    "small conv": (SmallConv(0.5), (3, 4, 4)),
    "residual": (Residual(), (2, 8, 8)),
    "separable": (Separable(), (3, 9, 9)),
    "grouped": (Separable(grouped=True), (3, 9, 9)),
    "two tails": (TwoTails(), (1, 6, 6)),
    "chain of vectors": (linear_chain((5, 4, 3), norm=True), (5,)),
    "bare vectors": (nn.Sequential(nn.Linear(5, 4, bias=False), nn.BatchNorm1d(4, affine=False)), (5,)),
    "max pool": (conv_chain(1, nn.MaxPool2d(3, 2, padding=1)), (2, 12, 12)),
    "average pool": (conv_chain(0, nn.AvgPool2d((2, 1))), (2, 12, 12)),
    **{f"activation {i}": (linear_chain((6, 5, 3), activation), (1, 2, 3)) for i, activation in enumerate(ACTIVATIONS)},
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, tuple[int, ...]]:
    module, shape = CASES[request.param]
    module = copy.deepcopy(module)
    fill(module, 3)
    return module, shape


def test_a_graph_network_equals_the_module_bit_for_bit(case: tuple[nn.Module, tuple[int, ...]]) -> None:
    module, shape = case
    network = GraphNetwork(trace(module, shape), module.state_dict())
    for training in (False, True, True, False):  # BatchNorm's statistics move on between the batches
        module.train(training)
        network.train(training)
        images = torch.randn(5, *shape, generator=torch.Generator().manual_seed(1))
        with torch.random.fork_rng():
            torch.manual_seed(2)
            expected = module(images.clone())
            torch.manual_seed(2)
            assert torch.equal(network(images.clone()), expected)
    assert list(network.state_dict()) == list(module.state_dict())
    assert all(torch.equal(tensor, module.state_dict()[name]) for name, tensor in network.state_dict().items())


def test_a_graph_network_trains_as_the_module_does(case: tuple[nn.Module, tuple[int, ...]]) -> None:
    module, shape = case
    network = GraphNetwork(trace(module, shape), module.state_dict())
    images = torch.randn(5, *shape, generator=torch.Generator().manual_seed(1))
    for either in (module, network):
        with torch.random.fork_rng():
            torch.manual_seed(2)
            either(images.clone()).square().sum().backward()
    used = {name for node in trace(module, shape).nodes for name in node.tensors.values()}
    own = dict(network.named_parameters())
    for name, parameter in module.named_parameters():
        assert (parameter.grad is None) == (name not in used)
        if parameter.grad is not None:
            torch.testing.assert_close(own[name].grad, parameter.grad)


def test_tracing_changes_nothing(case: tuple[nn.Module, tuple[int, ...]]) -> None:
    module, shape = case
    list(module.modules())[-1].eval()
    modes = [part.training for part in module.modules()]
    before, seed = copy.deepcopy(module.state_dict()), torch.get_rng_state()
    trace(module, shape)
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), seed)


def test_a_graph_network_owns_its_tensors() -> None:
    module = nn.Sequential(nn.Linear(3, 2))
    network = GraphNetwork(trace(module, (3,)), module.state_dict())
    with torch.no_grad():
        module.get_parameter("0.weight").zero_()
    assert network.state_dict()["0.weight"].any()


def test_double_precision_is_kept() -> None:
    module = Residual().double()
    network = GraphNetwork(trace(module, (2, 8, 8)), module.state_dict())
    assert network(torch.zeros(2, 2, 8, 8, dtype=torch.float64)).dtype == torch.float64


def test_nodes_tell_what_a_layer_is() -> None:
    graph = trace(Separable(), (3, 9, 9))
    depth = graph.node("depth")
    assert depth.options == {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 6}
    assert depth.tensors == {"weight": "depth.weight", "bias": "depth.bias"}
    assert graph.node("depth2").options["padding"] == (1, 1)
    assert [node.kind for node in graph.consumers("project")] == ["conv", "add"]
    assert (graph.input.shape, graph.output.shape) == ((3, 9, 9), (3,))
    assert graph.nodes[-2].kind == "flatten"


def test_what_the_output_does_not_need_is_left_out() -> None:
    class Spare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            self.two(x)
            return self.one(x)

    graph = trace(Spare(), (3,))
    assert [node.name for node in graph.nodes] == ["x", "one"]


class Does(nn.Module):
    """A forward made of one expression."""

    def __init__(self, forward, *parts: nn.Module) -> None:
        super().__init__()
        self.does, self.parts = forward, nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.does(x, *self.parts)


def tied() -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    module.get_submodule("2").weight = module.get_submodule("0").weight
    return module


def hooked() -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 3))
    prune.random_unstructured(module[0], "weight", 0.5)
    return module


def overwritten(x: Tensor) -> Tensor:
    y = x + x
    return F.relu(y, inplace=True) + y.tanh_() + y


REFUSED: dict[str, tuple[nn.Module, tuple[int, ...], str]] = {
    "function": (Does(lambda x: torch.cat([x, x], 1)), (3,), "torch.cat at node cat"),
    "method": (Does(lambda x: x.permute(0, 2, 1)), (3, 4), "method permute at node permute"),
    "operator": (Does(lambda x: x * 2), (3,), "mul at node mul"),
    "number": (Does(lambda x: x + 1), (3,), "add at node add: not all that it reads"),
    "broadcast": (Does(lambda x, a: x + a(x), nn.Linear(3, 1)), (3,), "add at node add: a sum of unequal shapes"),
    "scaled sum": (Does(lambda x: torch.add(x, x, alpha=2)), (3,), "torch.add at node add: arguments"),
    "layer": (nn.Sequential(nn.Softmax(1)), (3,), r"Softmax \(0\) at node"),
    "recurrent": (nn.Sequential(nn.LSTM(3, 3)), (3,), r"LSTM \(0\)|one tensor"),
    "used twice": (Does(lambda x, a: a(a(x)), nn.Linear(3, 3)), (3,), "used a second time, first at node"),
    "tied": (tied(), (3,), "2.weight is tied to 0.weight"),
    "pruned by torch": (hooked(), (3,), "a hook on Linear at 0"),
    "parametrized": (
        nn.Sequential(parametrizations.weight_norm(nn.Linear(3, 3))),
        (3,),
        "ParametrizedLinear|not in the state dict|tied",
    ),
    "control flow": (Does(lambda x: x if x.sum() > 0 else x + x), (3,), "cannot be traced"),
    "wrong shape": (nn.Sequential(nn.Linear(4, 3)), (3,), r"inputs of \(3,\) do not go through"),
    "batch mixed": (Does(lambda x: torch.flatten(x)), (3,), "no flattening|mixes the inputs of a batch"),
    "batch swapped": (Does(lambda x: x.reshape(3, 2)), (3,), "mixes the inputs of a batch"),
    "two outputs": (Does(lambda x: (x, x + x)), (3,), "something else than one tensor"),
    "no flattening": (Does(lambda x: x.view(x.size(0), 3, 1, 1)), (3,), "method view at node view: from"),
    "sequences": (nn.Sequential(nn.Linear(4, 2)), (3, 4), "something else than vectors"),
    "mirrored padding": (nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")), (1, 4, 4), "reflect"),
    "uneven padding": (nn.Sequential(nn.Conv2d(1, 1, 2, padding="same")), (1, 4, 4), "same on both sides"),
    "ceil mode": (nn.Sequential(nn.MaxPool2d(2, ceil_mode=True)), (1, 4, 4), "ceil_mode"),
    "dilated pool": (nn.Sequential(nn.MaxPool2d(2, dilation=2)), (1, 4, 4), "dilation"),
    "divisor": (nn.Sequential(nn.AvgPool2d(2, divisor_override=3)), (1, 4, 4), "divisor_override"),
    "uneven pool": (nn.Sequential(nn.AdaptiveAvgPool2d(3)), (1, 4, 4), "does not divide"),
    "mean of one": (Does(lambda x: x.mean(1)), (1, 4, 4), "a mean over something else"),
    "batch statistics": (nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False)), (3,), "running statistics"),
    "dropout at work": (Does(lambda x: F.dropout(x, 0.5)), (3,), "outside of training"),
    "bare parameter": (nn.Linear(3, 3), (3,), "tensor weight at node weight"),
    "overwritten": (Does(overwritten), (3,), "other values than the network"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_anything_else_is_refused_by_name(name: str) -> None:
    module, shape, told = REFUSED[name]
    seed = torch.get_rng_state()
    with pytest.raises(Unsupported, match=told) as caught:
        trace(module, shape)
    assert "\n" not in str(caught.value)
    assert module.training
    assert torch.equal(torch.get_rng_state(), seed)


def test_a_second_input_is_refused() -> None:
    class Pair(nn.Module):
        def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
            return x if y is None else x + y

    with pytest.raises(Unsupported, match=r"node y|cannot be traced|do not go through"):
        trace(Pair(), (3,))


def test_a_name_of_a_part_may_be_any() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.graph, self.nodes, self.tensors = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.tensors(self.nodes(self.graph(x)))

    module = Named()
    graph = trace(module, (2,))
    assert isinstance(graph, Graph)
    assert torch.equal(GraphNetwork(graph, module.state_dict())(torch.ones(1, 2)), module(torch.ones(1, 2)))
