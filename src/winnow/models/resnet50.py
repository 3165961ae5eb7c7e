"""ResNet-50 for ImageNet (He et al. 2016, Table 1), of the late-rewinding papers (Frankle et al. 2019 and 2020)."""

from __future__ import annotations

from torch import Tensor, nn

from winnow.models.initialisation import glorot_normal_

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # inner channels and blocks
EXPANSION = 4
STEM = 64
SMALL = 64  # pixels on a side; of fewer, the ImageNet stem leaves the last stage a single one


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions with BatchNorm beside a shortcut.

    (N, C, H, W) to (N, 4 channels, H / stride, W / stride). The 3 x 3 convolution has the stride, as is usual since.
    Where the size changes the shortcut is a 1 x 1 convolution with BatchNorm, else it passes its input on.
    """

    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        outputs = EXPANSION * channels
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(channels, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut.append(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(outputs))
        self.relu3 = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        """The block's output."""
        inner = self.relu1(self.bn1(self.conv1(images)))
        inner = self.relu2(self.bn2(self.conv2(inner)))
        return self.relu3(self.bn3(self.conv3(inner)) + self.shortcut(images))


def resnet_50(image_shape: tuple[int, int, int] = (3, 224, 224), classes: int = 1000) -> nn.Sequential:
    """50 layers: a stem, 16 bottleneck blocks, an average over the image, one linear layer; Gaussian Glorot weights.

    On 224 x 224 images of 1,000 classes: 25,502,912 weights, 25,557,032 parameters with norms and biases. Images
    below 64 pixels on a side get a 3 x 3 convolution without pooling as their stem, in place of 7 x 7 with stride 2
    and a pool.

    Args:
        image_shape: channels, height and width of an input; any height and width.
        classes: outputs.
    """
    module = _stem(image_shape)
    stages, inputs = nn.Sequential(), STEM
    for stage, (channels, count) in enumerate(STAGES):
        blocks = nn.Sequential()
        for block in range(count):
            blocks.append(Bottleneck(inputs, channels, stride=2 if stage and not block else 1))
            inputs = EXPANSION * channels
        stages.append(blocks)
    module.add_module("stages", stages)
    module.add_module("pool", nn.AdaptiveAvgPool2d(1))
    module.add_module("flatten", nn.Flatten())
    module.add_module("output", nn.Linear(inputs, classes))
    return glorot_normal_(module)


def _stem(image_shape: tuple[int, int, int]) -> nn.Sequential:
    channels, height, width = image_shape
    small = min(height, width) < SMALL
    stem = nn.Sequential()
    size, stride, padding = (3, 1, 1) if small else (7, 2, 3)
    stem.add_module("conv", nn.Conv2d(channels, STEM, size, stride=stride, padding=padding, bias=False))
    stem.add_module("bn", nn.BatchNorm2d(STEM))
    stem.add_module("relu", nn.ReLU())
    if not small:
        stem.add_module("stem_pool", nn.MaxPool2d(3, stride=2, padding=1))
    return stem
