"""What is prunable in a network, and the report per layer."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from winnow.core import WinnowError
from winnow.sparsity import Layer, Mask, layer_report, prunable_layers, tensors_of, weights_of


class Everything(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.bag = nn.EmbeddingBag(20, 8)
        self.conv = nn.Conv2d(3, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.up = nn.ConvTranspose1d(4, 5, 2)
        self.attention = nn.MultiheadAttention(8, 2)
        self.rnn = nn.LSTM(8, 4)
        self.norm = nn.LayerNorm(8)
        self.hidden = nn.Linear(8, 6)
        self.head = nn.Linear(6, 5)
        self.slope = nn.PReLU(6)


def names(module: nn.Module, *patterns: str) -> list[str]:
    return [layer.name for layer in prunable_layers(module, patterns)]


def test_weights_are_taken_and_biases_and_embeddings_are_not() -> None:
    assert names(Everything()) == [
        "conv.weight",
        "up.weight",
        "attention.in_proj_weight",
        "attention.out_proj.weight",
        "rnn.weight_ih_l0",
        "rnn.weight_hh_l0",
        "hidden.weight",
        "head.weight",
    ]


@pytest.mark.parametrize("norm", [nn.LayerNorm([2, 8]), nn.RMSNorm([2, 8])], ids=["layer norm", "RMS norm"])
def test_norms_of_two_dimensions_are_not_taken(norm: nn.Module) -> None:
    assert names(nn.Sequential(norm, nn.Flatten(), nn.Linear(16, 3))) == ["2.weight"]


def test_norms_of_one_dimension_are_not_taken() -> None:
    net = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.BatchNorm1d(6), nn.GroupNorm(2, 6), nn.Linear(6, 2))
    assert names(net) == ["0.weight", "4.weight"]


def test_kinds_and_shapes() -> None:
    kinds = {layer.name: layer.kind for layer in prunable_layers(Everything())}
    assert kinds["conv.weight"] == kinds["up.weight"] == "conv"
    assert kinds["hidden.weight"] == kinds["rnn.weight_ih_l0"] == "fc"
    assert [name for name, kind in kinds.items() if kind == "output"] == ["head.weight"]
    assert prunable_layers(Everything())[0] == Layer("conv.weight", "conv", (4, 3, 3, 3))
    assert prunable_layers(Everything())[0].weights == 108


def test_the_output_layer_can_be_named() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3), nn.Linear(3, 2))
    kinds = [layer.kind for layer in prunable_layers(net, output="0.weight")]
    assert kinds == ["output", "fc", "fc"]
    with pytest.raises(WinnowError) as caught:
        prunable_layers(net, output="7.weight")
    assert (caught.value.code, caught.value.where) == ("WN-M03", "7.weight")


def test_patterns_do_not_make_a_hidden_layer_the_output_layer() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert [layer.kind for layer in prunable_layers(net, ["0.weight"])] == ["fc"]
    assert [layer.kind for layer in prunable_layers(net, ["*.weight"])] == ["fc", "output"]
    assert [layer.kind for layer in prunable_layers(net, ["0.weight"], output="0.weight")] == ["output"]


def test_a_network_of_convolutions_has_no_output_layer() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 1))
    assert [layer.kind for layer in prunable_layers(net)] == ["conv", "conv"]


def test_tied_weights_and_shared_modules_are_counted_once() -> None:
    shared = nn.Linear(4, 4)
    net = nn.Sequential(OrderedDict(a=shared, b=nn.Linear(4, 4), again=shared, c=nn.Linear(4, 4)))
    net.get_submodule("c").weight = net.get_submodule("b").weight
    assert names(net) == ["a.weight", "b.weight"]
    assert set(names(net)) <= set(tensors_of(net))


def test_patterns_choose_instead() -> None:
    assert names(Everything(), "*.weight_ih*", "head.*") == ["rnn.weight_ih_l0", "head.weight", "head.bias"]
    assert names(Everything(), "embed.weight") == ["embed.weight"]


@pytest.mark.parametrize("patterns", [(), ("*.kernel",)])
def test_nothing_to_prune_is_said_so(patterns: tuple[str, ...]) -> None:
    with pytest.raises(WinnowError) as caught:
        prunable_layers(nn.Sequential(nn.BatchNorm1d(3), nn.Embedding(3, 3)), patterns)
    assert caught.value.code == "WN-M03"
    assert all(pattern in caught.value.what for pattern in patterns)


def test_a_bare_layer_is_a_network_too() -> None:
    assert prunable_layers(nn.Linear(3, 2)) == [Layer("weight", "output", (2, 3))]


def test_weights_are_picked_in_the_order_of_the_layers() -> None:
    net = Everything()
    layers = prunable_layers(net)
    weights = weights_of(tensors_of(net), layers)
    assert [(name, tuple(w.shape)) for name, w in weights.items()] == [(layer.name, layer.shape) for layer in layers]


def test_the_report_counts_what_is_kept_and_units_without_input() -> None:
    mask = Mask(
        {
            "conv": torch.tensor([[[[1, 0]]], [[[0, 0]]], [[[0, 0]]]]).bool(),
            "bias": torch.tensor([0, 1]).bool(),
        }
    )
    conv, bias = layer_report(mask)
    assert (conv.kept, conv.total, conv.dead_outputs, conv.shape) == (1, 6, 2, (3, 1, 1, 2))
    assert conv.density_percent == pytest.approx(100 / 6)
    assert (bias.kept, bias.total, bias.dead_outputs, bias.density_percent) == (1, 2, 0, 50)


def test_tensors_are_copies_with_buffers_that_persist() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    net.register_buffer("passing", torch.ones(1), persistent=False)
    tensors = tensors_of(net)
    assert sorted(tensors) == sorted(net.state_dict())
    before = net.state_dict()["0.weight"].clone()
    for tensor in tensors.values():
        assert not tensor.requires_grad
        tensor.fill_(7)
    assert torch.equal(net.state_dict()["0.weight"], before)
    assert int(net.state_dict()["1.num_batches_tracked"]) == 0


def test_a_head_tied_to_an_embedding_leaves_the_hidden_layer_a_hidden_layer() -> None:
    network = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4), nn.Linear(4, 5))
    network[2].weight = network[0].weight
    assert [(layer.name, layer.kind) for layer in prunable_layers(network)] == [("1.weight", "fc")]
