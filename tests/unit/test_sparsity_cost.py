"""Compression ratio and multiply-adds against counts made by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.models import lenet_300_100, resnet_20
from winnow.sparsity import Mask, compression, multiply_adds, prunable_layers, speed_up, tensors_of, weights_of


def ones(module: nn.Module) -> Mask:
    return Mask.ones(weights_of(tensors_of(module), prunable_layers(module)))


def test_lenet_does_one_multiply_add_a_weight() -> None:
    counts = multiply_adds(lenet_300_100(), torch.zeros(1, 1, 28, 28))
    assert counts == {"fc1.weight": 784 * 300, "fc2.weight": 300 * 100, "output.weight": 100 * 10}


def test_a_convolution_counts_every_output_pixel_and_its_group_only() -> None:
    module = nn.Conv2d(4, 6, (3, 5), stride=2, padding=1, groups=2)
    # Height (9 + 2 - 3) // 2 + 1 = 5, width (12 + 2 - 5) // 2 + 1 = 5; 2 input channels a group.
    assert multiply_adds(module, torch.zeros(3, 4, 9, 12)) == {"weight": 5 * 5 * 6 * 2 * 3 * 5}


def test_a_transposed_convolution_counts_every_input_pixel() -> None:
    module = nn.ConvTranspose2d(4, 6, 3, stride=2)
    assert multiply_adds(module, torch.zeros(1, 4, 7, 5)) == {"weight": 7 * 5 * 4 * 6 * 9}


def test_resnet_20_by_hand() -> None:
    counts = multiply_adds(resnet_20(), torch.zeros(2, 3, 32, 32))
    first = 1024 * 3 * 16 * 9
    one = 6 * 1024 * 16 * 16 * 9
    two = 256 * 16 * 32 * 9 + 5 * 256 * 32 * 32 * 9
    three = 64 * 32 * 64 * 9 + 5 * 64 * 64 * 64 * 9
    shortcuts = 256 * 16 * 32 + 64 * 32 * 64
    assert sum(counts.values()) == first + one + two + three + shortcuts + 640
    assert counts["stages.1.0.shortcut.0.weight"] == 256 * 16 * 32
    assert list(counts) == [layer.name for layer in prunable_layers(resnet_20())]


class Shared(nn.Module):
    """One weight under two layers, one layer called three times, one never."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(5, 5), nn.Linear(5, 5)
        self.b.weight = self.a.weight
        self.c, self.unused = nn.Linear(5, 5, bias=False), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.c(self.c(self.c(self.b(self.a(x)))))


def test_shared_and_repeated_weights_count_as_often_as_they_are_used() -> None:
    counts = multiply_adds(Shared(), torch.zeros(4, 5))
    assert counts == {"a.weight": 50, "c.weight": 75, "unused.weight": 0}


def test_a_linear_layer_on_a_sequence_counts_every_position() -> None:
    assert multiply_adds(nn.Linear(6, 4), torch.zeros(2, 7, 6)) == {"weight": 7 * 24}


def test_the_network_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(18, 2))
    module[1].eval()
    modes, before = [m.training for m in module.modules()], tensors_of(module)
    multiply_adds(module, torch.ones(2, 1, 5, 5))
    assert [m.training for m in module.modules()] == modes
    assert all(torch.equal(before[n], t) for n, t in tensors_of(module).items())
    assert not any(m._forward_hooks for m in module.modules())


def test_a_sample_that_does_not_fit_is_a_coded_error_and_leaves_no_hook() -> None:
    module = nn.Linear(3, 2)
    with pytest.raises(WinnowError, match="WN-M02"):
        multiply_adds(module, torch.zeros(1, 4))
    assert module.training and not module._forward_hooks


def test_the_compression_ratio_counts_biases_and_norms() -> None:
    module = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 2))
    total = 20 + 5 + 10 + 10 + 2
    tensors = {n: m.clone() for n, m in ones(module).items()}
    tensors["0.weight"][:3] = False  # 12 weights
    tensors["2.weight"][0, :2] = False  # 2 weights
    assert compression(ones(module), module) == 1
    assert compression(Mask(tensors), module) == total / (total - 14)


def test_nothing_left_is_infinite_and_a_strange_mask_is_refused() -> None:
    module = nn.Linear(4, 5, bias=False)
    empty = Mask({"weight": torch.zeros(5, 4)})
    assert compression(empty, module) == math.inf
    assert speed_up(empty, {"weight": 20}) == math.inf
    with pytest.raises(WinnowError, match="WN-P02"):
        compression(Mask({"other": torch.zeros(5, 4)}), module)
    with pytest.raises(WinnowError, match="WN-P02"):
        speed_up(Mask({"other": torch.zeros(5, 4)}), {"weight": 20})


def test_the_speed_up_weighs_a_weight_by_how_often_it_is_used() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(18, 2))
    counts = multiply_adds(module, torch.zeros(1, 1, 5, 5))
    assert counts == {"0.weight": 9 * 18, "2.weight": 36}
    mask = {n: m.clone() for n, m in ones(module).items()}
    mask["0.weight"][0, 0, 0, 0] = False  # 9 multiply-adds
    mask["2.weight"][0, :4] = False  # 4
    assert speed_up(Mask(mask), counts) == 198 / (198 - 13)
    assert speed_up(Mask({"2.weight": mask["2.weight"]}), counts) == 198 / 194


def test_pruning_all_layers_alike_gives_the_same_speed_up_as_compression_without_biases() -> None:
    module = lenet_300_100((1, 8, 8))
    mask = ones(module).shuffled(0)
    half = Mask({n: torch.arange(m.numel()).view(m.shape) % 2 == 0 for n, m in mask.items()})
    assert speed_up(half, multiply_adds(module, torch.zeros(1, 1, 8, 8))) == 2
    assert compression(half, module) < 2
