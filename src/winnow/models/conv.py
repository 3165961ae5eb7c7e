"""Conv-2, Conv-4 and Conv-6: small relatives of VGG for CIFAR-10 (Frankle & Carbin 2019, Figure 2)."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from winnow.models.initialisation import glorot_normal_
from winnow.models.sizes import pooled

CHANNELS = (64, 128, 256)  # of both convolutions of a block
HIDDEN = (256, 256)
DROPOUT = 0.5  # the rate that the paper states (section 3)

ImageShape = tuple[int, int, int]
CIFAR: ImageShape = (3, 32, 32)


def conv_2(image_shape: ImageShape = CIFAR, classes: int = 10, dropout: float = 0.0) -> nn.Sequential:
    """Two 3 x 3 convolutions of 64 channels, a 2 x 2 max pool, 256, 256, classes. On CIFAR-10: 4,300,992 weights.

    Weights are Gaussian Glorot, biases 0. The paper does not say where its dropout stands; here it follows the ReLU of
    both hidden linear layers.

    Args:
        image_shape: channels, height and width of an input.
        classes: outputs.
        dropout: rate of dropout after the hidden linear layers.

    Raises:
        ValueError: when the images are too small to be pooled.
    """
    return _conv_network(1, image_shape, classes, dropout)


def conv_4(image_shape: ImageShape = CIFAR, classes: int = 10, dropout: float = 0.0) -> nn.Sequential:
    """Conv-2 with two convolutions of 128 channels and a pool more. On CIFAR-10: 2,425,024 weights. See `conv_2`."""
    return _conv_network(2, image_shape, classes, dropout)


def conv_6(image_shape: ImageShape = CIFAR, classes: int = 10, dropout: float = 0.0) -> nn.Sequential:
    """Conv-4 with two convolutions of 256 channels and a pool more. On CIFAR-10: 2,261,184 weights. See `conv_2`.

    The paper's Figure 2 says 1.7M, which its own list of layers does not give.
    """
    return _conv_network(3, image_shape, classes, dropout)


def conv_2_dropout(image_shape: ImageShape = CIFAR, classes: int = 10) -> nn.Sequential:
    """`conv_2` with dropout 0.5 after the hidden linear layers; the paper does not state the place."""
    return conv_2(image_shape, classes, DROPOUT)


def conv_4_dropout(image_shape: ImageShape = CIFAR, classes: int = 10) -> nn.Sequential:
    """`conv_4` with dropout 0.5 after the hidden linear layers; the paper does not state the place."""
    return conv_4(image_shape, classes, DROPOUT)


def conv_6_dropout(image_shape: ImageShape = CIFAR, classes: int = 10) -> nn.Sequential:
    """`conv_6` with dropout 0.5 after the hidden linear layers; the paper does not state the place."""
    return conv_6(image_shape, classes, DROPOUT)


def _conv_network(blocks: int, image_shape: ImageShape, classes: int, dropout: float) -> nn.Sequential:
    height, width = pooled(image_shape, blocks, f"conv-{2 * blocks}")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inputs, number = image_shape[0], 0
    for block, channels in enumerate(CHANNELS[:blocks], start=1):
        for _ in range(2):
            number += 1
            layers[f"conv{number}"] = nn.Conv2d(inputs, channels, 3, padding=1)
            layers[f"conv{number}_relu"] = nn.ReLU()
            inputs = channels
        layers[f"pool{block}"] = nn.MaxPool2d(2)
    layers["flatten"] = nn.Flatten()
    features = inputs * height * width
    for number, units in enumerate(HIDDEN, start=1):
        layers[f"fc{number}"] = nn.Linear(features, units)
        layers[f"fc{number}_relu"] = nn.ReLU()
        if dropout:
            layers[f"fc{number}_dropout"] = nn.Dropout(dropout)
        features = units
    layers["output"] = nn.Linear(features, classes)
    return glorot_normal_(nn.Sequential(layers))
