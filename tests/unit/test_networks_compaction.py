"""Compaction by example: what goes, what stays, and where its constant went."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from networks import Residual, fill
from winnow.core import WinnowError
from winnow.models import resnet_20
from winnow.networks import Compacted, GraphNetwork, compact, trace


def compacted(module: nn.Module, shape: tuple[int, ...]) -> Compacted:
    """The compacted network, after a check that it puts out the same."""
    module.double().eval()
    small = compact(trace(module, shape), module.state_dict())
    images = torch.randn(4, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        found = GraphNetwork(small.graph, small.tensors).eval()(images)
        torch.testing.assert_close(found, module(images), rtol=1e-10, atol=1e-10)
    return small


def filled(*layers: nn.Module) -> nn.Sequential:
    module = nn.Sequential(*layers)
    fill(module, 1)
    return module


@torch.no_grad()
def kill(layer: nn.Module, *, outputs: list[int] | None = None, inputs: list[int] | None = None) -> None:
    weight = layer.get_parameter("weight")
    weight[outputs or []] = 0
    weight[:, inputs or []] = 0


def sizes(small: Compacted) -> dict[str, int]:
    return {name: of - gone for name, (gone, of) in small.removed.items()}


def test_a_unit_without_inputs_leaves_its_activated_bias_to_the_next() -> None:
    module = filled(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2))
    kill(module[0], outputs=[1, 2])
    small = compacted(module, (3,))
    assert sizes(small) == {"_0": 2, "_2": 2}
    weight, constant = module.get_parameter("2.weight"), torch.sigmoid(module.get_parameter("0.bias"))[[1, 2]]
    expected = module.get_parameter("2.bias") + weight[:, [1, 2]] @ constant
    torch.testing.assert_close(small.tensors["2.bias"], expected)
    assert torch.equal(small.tensors["0.weight"], module.get_parameter("0.weight")[[0, 3]])


def test_a_unit_that_nobody_reads_goes_and_takes_those_along_that_only_it_reads() -> None:
    module = filled(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    kill(module[4], inputs=[0])
    with torch.no_grad():
        module.get_parameter("2.weight")[1:, 2:] = 0  # units 2 and 3 speak to the unread one alone
    assert sizes(compacted(module, (3,))) == {"_0": 2, "_2": 2, "_4": 2}


def test_a_layer_without_bias_gets_one_where_a_constant_must_go() -> None:
    module = filled(nn.Linear(3, 4), nn.ReLU6(), nn.Linear(4, 2, bias=False))
    with torch.no_grad():
        module.get_parameter("0.bias")[0] = 2
    kill(module[0], outputs=[0])
    small = compacted(module, (3,))
    assert small.graph.output.tensors == {"weight": "2.weight", "bias": "2.bias"}
    torch.testing.assert_close(small.tensors["2.bias"], module.get_parameter("2.weight")[:, 0] * 2)


def test_inputs_that_nobody_reads_and_logits_without_inputs_stay() -> None:
    module = filled(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    kill(module[0], inputs=[0, 1, 2])
    kill(module[2], outputs=[0, 2])
    small = compacted(module, (5,))
    assert small.tensors["0.weight"].shape[1] == 5
    assert small.graph.output.shape == (3,)


def test_a_network_of_constant_logits_keeps_one_zero_unit_to_a_layer() -> None:
    module = filled(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 5, 1), nn.Flatten(), nn.Linear(20, 3))
    kill(module[2], outputs=list(range(5)))
    small = compacted(module, (1, 4, 4))
    assert sizes(small) == {"_0": 1, "_2": 1, "_4": 3}
    assert not any(small.tensors[name].any() for name in ("0.weight", "0.bias", "2.weight", "2.bias", "4.weight"))
    assert small.tensors["4.bias"].all()


def test_a_constant_passes_batchnorm_pools_and_flattening() -> None:
    layers = (nn.BatchNorm2d(4), nn.Tanh(), nn.AvgPool2d(2), nn.MaxPool2d(2, padding=1), nn.Flatten())
    module = filled(nn.Conv2d(2, 4, 3, bias=False), *layers, nn.Linear(16, 3))
    kill(module[0], outputs=[0, 3])
    small = compacted(module, (2, 6, 6))
    assert sizes(small) == {"_0": 2, "_6": 3}
    assert small.tensors["1.running_var"].shape == (2,)
    assert small.tensors["6.weight"].shape == (3, 8)
    assert small.tensors["1.num_batches_tracked"].shape == ()


def test_a_batchnorm_scale_of_zero_kills_its_channel() -> None:
    module = filled(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        module.get_parameter("1.weight")[2] = 0
    assert sizes(compacted(module, (3,))) == {"_0": 3, "_3": 2}


def test_before_padding_one_constant_channel_stays_for_all() -> None:
    module = filled(nn.Conv2d(2, 8, 3), nn.Sigmoid(), nn.Conv2d(8, 4, 3, padding=1))
    kill(module[0], outputs=[1, 3, 4, 6])
    assert sizes(compacted(module, (2, 6, 6))) == {"_0": 5, "_2": 4}


def test_before_padding_a_zero_channel_goes() -> None:
    module = filled(nn.Conv2d(2, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1))
    with torch.no_grad():
        module.get_parameter("0.bias")[[1, 3]] = -1
    kill(module[0], outputs=[1, 3])
    assert sizes(compacted(module, (2, 6, 6))) == {"_0": 6, "_2": 4}


def test_a_tiny_constant_does_not_carry_a_large_one() -> None:
    module = filled(nn.Conv2d(2, 4, 3), nn.Identity(), nn.Conv2d(4, 3, 3, padding=1))
    kill(module[0], outputs=[0, 1])
    with torch.no_grad():
        module.get_parameter("0.bias")[:2] = torch.tensor([1e-30, 1e10])
    small = compact(trace(module, (2, 6, 6)), module.state_dict())
    assert sizes(small) == {"_0": 3, "_2": 3}
    assert all(tensor.isfinite().all() for tensor in small.tensors.values())


def test_a_padded_average_leaves_no_constant() -> None:
    module = filled(nn.Conv2d(2, 4, 3), nn.Sigmoid(), nn.AvgPool2d(2, padding=1), nn.Conv2d(4, 3, 1))
    kill(module[0], outputs=[0, 1])
    assert sizes(compacted(module, (2, 6, 6))) == {"_0": 4, "_3": 3}


class Sums(nn.Module):
    """A sum of two sums, of which each unit joins four layers."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(3, 5) for _ in range(4))
        self.head = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        one, two, three, four = (part(x) for part in self.parts)
        return self.head((one + two) + (three + four))


def test_sums_of_sums_are_one_group() -> None:
    module = Sums()
    fill(module, 0)
    kill(module.head, inputs=[1, 2])
    assert sizes(compacted(module, (3,))) == {**{f"parts_{i}": 3 for i in range(4)}, "head": 2}


def test_channels_of_a_sum_go_together_or_stay() -> None:
    module = Residual()
    fill(module, 2)
    kill(module.a2, outputs=[0, 1])
    kill(module.shortcut[0], outputs=[0, 2])
    kill(module.b2, outputs=[0, 1, 2])
    with torch.no_grad():
        module.b1.weight[:, 0] = 0
    small = compacted(module, (2, 8, 8))
    # Channel 0 is constant on all three branches, and the padded reader between them does not look at it.
    assert sizes(small) == {"stem": 5, "a1": 6, "a2": 5, "shortcut_0": 5, "b1": 4, "b2": 5, "head": 3}


def test_a_channel_of_a_sum_that_nobody_reads_goes_from_every_branch() -> None:
    module = Residual()
    fill(module, 2)
    kill(module.b1, inputs=[4])
    kill(module.head, inputs=[16, 17, 18, 19])
    small = compacted(module, (2, 8, 8))
    assert (sizes(small)["a2"], sizes(small)["shortcut_0"], sizes(small)["b2"]) == (5, 5, 5)


def test_one_pixel_that_is_read_keeps_its_channel() -> None:
    module = filled(nn.Conv2d(1, 3, 1), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))
    kill(module[3], inputs=[0, 1, 2, 3, 4, 5, 6])
    assert sizes(compacted(module, (1, 2, 2))) == {"_0": 2, "_3": 2}


def test_a_depthwise_convolution_follows_its_channels() -> None:
    depth = nn.Conv2d(4, 8, 3, groups=4)
    module = filled(nn.Conv2d(2, 4, 1), nn.ReLU(), depth, nn.ReLU(), nn.Conv2d(8, 3, 1))
    kill(module[0], outputs=[0])
    kill(module[2], outputs=[2, 3])
    kill(module[4], inputs=[4, 5])
    small = compacted(module, (2, 5, 5))
    assert sizes(small) == {"_0": 1, "_2": 2, "_4": 3}
    assert small.graph.node("_2").options["groups"] == 1


def test_grouped_convolutions_and_what_they_read_stay_whole() -> None:
    module = filled(nn.Conv2d(2, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=2), nn.ReLU(), nn.Conv2d(4, 3, 1))
    kill(module[0], outputs=[0])
    kill(module[2], outputs=[1])
    assert sizes(compacted(module, (2, 5, 5))) == {"_0": 4, "_2": 4, "_4": 3}


def test_the_papers_resnet_loses_its_dead_channels() -> None:
    module = resnet_20((3, 8, 8))
    fill(module, 0)
    block = module.get_submodule("stages.1.1")
    kill(block.get_submodule("conv1"), outputs=list(range(8)))
    kill(block.get_submodule("conv2"), inputs=list(range(20, 32)))
    small = compacted(module, (3, 8, 8))
    left = {name: gone for name, (gone, _) in small.removed.items() if gone}
    norm = block.get_submodule("bn1")
    assert isinstance(norm.running_mean, Tensor)
    assert isinstance(norm.running_var, Tensor)
    shift = norm.get_parameter("bias") - norm.get_parameter("weight") * norm.running_mean / norm.running_var.sqrt()
    assert left == {"stages_1_1_conv1": 20 - bool((shift[:8] > 0).any())}


def test_tensors_beside_the_graph_are_passed_on_and_none_is_shared() -> None:
    module = filled(nn.Linear(2, 2))
    tensors = {**module.state_dict(), "note": torch.ones(3)}
    small = compact(trace(module, (2,)), tensors)
    assert list(small.tensors) == ["0.weight", "0.bias", "note"]
    assert all(small.tensors[name].data_ptr() != tensor.data_ptr() for name, tensor in tensors.items())


def test_numbers_that_are_none_are_no_zeros() -> None:
    module = filled(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        module.get_parameter("0.weight")[0] = torch.nan
        module.get_parameter("2.weight")[:, 1] = torch.nan
        module.get_parameter("0.weight")[2] = 0
        module.get_parameter("0.bias")[2] = torch.inf
    small = compact(trace(module, (2,)), module.state_dict())
    assert sizes(small) == {"_0": 3, "_2": 2}


@pytest.mark.parametrize(
    ("name", "tensor"),
    [("2.weight", None), ("2.weight", torch.zeros(2, 4)), ("0.bias", torch.zeros(4)), ("0.weight", torch.zeros(()))],
)
def test_tensors_of_another_network_are_refused(name: str, tensor: Tensor | None) -> None:
    module = filled(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    tensors = {key: value for key, value in module.state_dict().items() if key != name or tensor is not None}
    if tensor is not None:
        tensors[name] = tensor
    for use in (compact, GraphNetwork):
        with pytest.raises(WinnowError) as caught:
            use(trace(module, (2,)), tensors)
        assert (caught.value.code, caught.value.where) == ("WN-M02", name)
