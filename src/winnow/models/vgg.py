"""VGG-19 for CIFAR-10 (Frankle & Carbin 2019, Figure 2 and section 4; Simonyan & Zisserman 2014)."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from winnow.models.initialisation import glorot_normal_
from winnow.models.sizes import pooled

# Channels and count of the convolutions of every block; blocks are parted by 2 x 2 max pools.
BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))


def vgg_19(image_shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10) -> nn.Sequential:
    """16 convolutions of 3 x 3 with BatchNorm, an average over what is left of the image, one linear layer.

    Weights are Gaussian Glorot; convolutions have no bias, which BatchNorm would take away again. On CIFAR-10:
    20,024,000 weights without norms, of which the linear layer's 5,120 are not pruned in the paper. The average takes
    the place of the last max pool and of the three linear layers for ImageNet.

    Args:
        image_shape: channels, height and width of an input; 16 x 16 pixels or more.
        classes: outputs.

    Raises:
        ValueError: when the images are too small to be pooled.
    """
    pooled(image_shape, len(BLOCKS) - 1, "vgg-19")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inputs, number = image_shape[0], 0
    for block, (channels, count) in enumerate(BLOCKS):
        if block:
            layers[f"pool{block}"] = nn.MaxPool2d(2)
        for _ in range(count):
            number += 1
            layers[f"conv{number}"] = nn.Conv2d(inputs, channels, 3, padding=1, bias=False)
            layers[f"bn{number}"] = nn.BatchNorm2d(channels)
            layers[f"relu{number}"] = nn.ReLU()
            inputs = channels
    layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["output"] = nn.Linear(inputs, classes)
    return glorot_normal_(nn.Sequential(layers))
