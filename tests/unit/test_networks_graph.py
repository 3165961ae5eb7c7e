"""Graphs as plain data, and the network that runs them."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call

from helpers import SmallConv
from networks import Residual, conv_chain, fill
from winnow.core import WinnowError
from winnow.networks import Graph, GraphNetwork, Node, trace


def plain_conv() -> dict[str, Any]:
    module = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.LeakyReLU(), nn.MaxPool2d(2), nn.AvgPool2d(1), nn.Flatten()
    )
    return trace(nn.Sequential(module, nn.Dropout(0.5), nn.Linear(2, 2)), (1, 5, 5)).to_plain()


def test_a_graph_survives_json() -> None:
    graph = trace(conv_chain(1, nn.MaxPool2d(2)), (2, 12, 12))
    assert Graph.from_plain(json.loads(json.dumps(graph.to_plain()))) == graph


def test_a_graph_finds_its_nodes() -> None:
    graph = trace(SmallConv(), (3, 4, 4))
    assert graph.node("norm").kind == "batchnorm"
    assert [node.name for node in graph.consumers("relu")] == ["conv2", "add"]
    assert graph.consumers(graph.output.name) == ()
    with pytest.raises(KeyError):
        graph.node("no such")


SPOILED: dict[str, tuple[str | int, str, Any]] = {
    "unknown kind": (1, "kind", "softmax"),
    "kind is no text": (1, "kind", ["conv"]),
    "name is no text": (1, "name", 3),
    "name stands twice": (2, "name", "input_1"),
    "reads what comes later": (1, "inputs", ["_1"]),
    "reads nothing": (1, "inputs", []),
    "reads too much": (1, "inputs", ["input_1", "input_1"]),
    "inputs are text": (1, "inputs", "input_1"),
    "a second input": (1, "kind", "input"),
    "no input": (0, "kind", "dropout"),
    "no shape": (1, "shape", []),
    "negative shape": (1, "shape", [2, -3, 3]),
    "fractional shape": (1, "shape", [2, 3.0, 3]),
    "another shape than its input": (2, "shape", [2, 3, 4]),
    "no weight": (1, "tensors", {}),
    "an unknown tensor": (3, "tensors", {"weight": "w"}),
    "a tensor of another node": (2, "tensors", "steal"),
    "no options": (1, "options", {}),
    "an option too many": (1, "options", "extra"),
    "tensors are a list": (1, "tensors", ["weight"]),
    "a missing field": (1, "shape", None),
}


@pytest.mark.parametrize("name", SPOILED)
def test_nonsense_is_refused(name: str) -> None:
    place, field, value = SPOILED[name]
    plain = plain_conv()
    node = plain["nodes"][place]
    if value == "steal":
        value = {**node["tensors"], "weight": plain["nodes"][1]["tensors"]["weight"]}
    elif value == "extra":
        value = {**node["options"], "bogus": 1}
    node[field] = value
    if value is None:
        del node[field]
    with pytest.raises(WinnowError) as caught:
        Graph.from_plain(plain)
    assert caught.value.code == "WN-S03"


@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [
        ("conv", "stride", [0, 1]),
        ("conv", "stride", [1]),
        ("conv", "padding", "same"),
        ("conv", "groups", 0),
        ("conv", "groups", True),
        ("batchnorm", "eps", "small"),
        ("batchnorm", "eps", float("nan")),
        ("activation", "function", "softmax"),
        ("activation", "function", ["relu"]),
        ("activation", "negative_slope", "steep"),
        ("maxpool", "kernel", [3, 4]),
        ("maxpool", "padding", [2, 0]),
        ("avgpool", "method", "median"),
        ("dropout", "p", 2),
    ],
)
def test_a_nonsensical_option_is_refused(kind: str, option: str, value: Any) -> None:
    plain = plain_conv()
    node = next(node for node in plain["nodes"] if node["kind"] == kind)
    node["options"][option] = value
    with pytest.raises(WinnowError) as caught:
        Graph.from_plain(plain)
    assert (caught.value.code, caught.value.where) == ("WN-S03", node["name"])


@pytest.mark.parametrize("plain", [None, [], {}, {"nodes": []}, {"nodes": {}}, {"nodes": [1]}, "graph"])
def test_what_is_no_graph_at_all_is_refused(plain: Any) -> None:
    with pytest.raises(WinnowError):
        Graph.from_plain(plain)


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.sampled_from(["conv", "input_1", "weight", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["weight", "p", "kind"]), inner),
)


@settings(max_examples=150)
@given(st.data(), junk)
def test_any_damage_is_refused_with_a_code_or_still_a_graph(data: st.DataObject, rubbish: Any) -> None:
    plain = plain_conv()
    node = data.draw(st.sampled_from(plain["nodes"]))
    field = data.draw(st.sampled_from(sorted(node)))
    if isinstance(node[field], dict) and node[field] and data.draw(st.booleans()):
        node[field][data.draw(st.sampled_from(sorted(node[field])))] = rubbish
    else:
        node[field] = rubbish
    try:
        graph = Graph.from_plain(plain)
    except WinnowError as error:
        assert error.code == "WN-S03"
    else:
        assert Graph.from_plain(json.loads(json.dumps(graph.to_plain()))) == graph


def test_a_network_can_be_copied_pickled_and_called_with_other_tensors() -> None:
    module = Residual()
    fill(module, 0)
    network = GraphNetwork(trace(module, (2, 8, 8)), module.state_dict()).eval()
    images = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = module.eval()(images)
    twin = copy.deepcopy(network)
    again = pickle.loads(pickle.dumps(network))
    fill(network, 1)
    assert not torch.equal(network(images), expected)
    assert torch.equal(twin(images), expected)
    assert torch.equal(again(images), expected)
    assert torch.equal(functional_call(network, module.state_dict(), (images,)), expected)


@pytest.mark.parametrize("name", ["a..weight", "weight.weight", "forward.weight", ""])
def test_a_tensor_name_that_no_module_can_hold_is_refused(name: str) -> None:
    graph = Graph((Node("x", "input", (), (2,)), Node("y", "linear", ("x",), (2,), {"weight": "weight"})))
    tensors = {"weight": torch.eye(2), name: torch.zeros(1)}
    with pytest.raises(WinnowError) as caught:
        GraphNetwork(graph, tensors)
    assert caught.value.code == "WN-M02"


def test_a_graph_of_only_an_input_passes_it_on() -> None:
    graph = trace(nn.Sequential(nn.Identity()), (3,))
    images = torch.ones(2, 3)
    assert torch.equal(GraphNetwork(graph, {})(images), images)
