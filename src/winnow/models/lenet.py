"""LeNet-300-100: the paper's fully-connected network (Frankle & Carbin 2019, Figure 2)."""

from __future__ import annotations

import math
from collections import OrderedDict

from torch import nn

from winnow.models.initialisation import glorot_normal_


def lenet_300_100(image_shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10) -> nn.Sequential:
    """300 and 100 hidden units with ReLU; weights Gaussian Glorot, biases 0. On MNIST: 266,200 weights.

    Args:
        image_shape: channels, height and width of an input.
        classes: outputs.
    """
    inputs = math.prod(image_shape)
    module = nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            fc1=nn.Linear(inputs, 300),
            relu1=nn.ReLU(),
            fc2=nn.Linear(300, 100),
            relu2=nn.ReLU(),
            output=nn.Linear(100, classes),
        )
    )
    return glorot_normal_(module)
