"""The paper's 20-layer residual network: sizes, shapes and start."""

import math

import pytest
import torch
from torch import nn

from winnow.models import check_fit, model_named, resnet_20
from winnow.sparsity import prunable_layers, tensors_of


def test_it_has_the_papers_weights() -> None:
    layers = prunable_layers(resnet_20())
    assert sum(layer.weights for layer in layers) == 270_896
    assert sum(layer.weights for layer in layers if layer.shape[2:] == (1, 1)) == 2_560
    assert [layer.weights for layer in layers if layer.kind == "output"] == [640]
    assert len([layer for layer in layers if layer.shape[2:] == (3, 3)]) == 19


def test_no_convolution_has_a_bias() -> None:
    convs = [layer for layer in resnet_20().modules() if isinstance(layer, nn.Conv2d)]
    assert all(layer.bias is None for layer in convs)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in resnet_20().modules()) == len(convs) == 21


def test_stages_halve_the_image_and_double_the_channels() -> None:
    shapes = []
    module = resnet_20().eval()
    for stage in module.get_submodule("stages").children():
        stage.register_forward_hook(lambda _stage, _inputs, output: shapes.append(tuple(output.shape[1:])))
    assert module(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert shapes == [(16, 32, 32), (32, 16, 16), (64, 8, 8)]


@pytest.mark.parametrize("image_shape", [(1, 8, 8), (3, 33, 20), (4, 1, 1)])
def test_it_takes_images_of_the_data(image_shape: tuple[int, int, int]) -> None:
    check_fit(resnet_20(image_shape, 7), torch.zeros(2, *image_shape), 7)


def test_a_shortcut_without_projection_passes_its_input_on() -> None:
    block = resnet_20().get_submodule("stages.0.1").eval()
    with torch.no_grad():
        block.get_parameter("bn2.weight").zero_()
    images = torch.rand(2, 16, 8, 8)
    assert torch.equal(block(images), images)


def test_it_starts_from_glorots_normal_distribution() -> None:
    tensors = tensors_of(model_named("resnet-20").build(3))
    weight = tensors["stages.2.2.conv2.weight"]
    deviation = math.sqrt(2 / (64 * 9 * 2))
    assert float(weight.std()) == pytest.approx(deviation, rel=4 / math.sqrt(2 * weight.numel()))
    assert float((weight.abs() < deviation).float().mean()) == pytest.approx(0.683, abs=0.02)
    assert not tensors["output.bias"].any()
