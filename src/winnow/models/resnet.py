"""The 20-layer residual network for CIFAR-10 (Frankle & Carbin 2019, Figure 2, "Resnet-18"; He et al. 2016, 4.2)."""

from __future__ import annotations

from torch import Tensor, nn

from winnow.models.initialisation import glorot_normal_

STAGES = (16, 32, 64)
BLOCKS = 3


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions with BatchNorm beside a shortcut: (N, C, H, W) to (N, channels, H / stride, W / stride).

    Where the size changes the shortcut is a 1 x 1 convolution with BatchNorm, else it passes its input on.
    """

    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != channels:
            self.shortcut.append(nn.Conv2d(inputs, channels, 1, stride=stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels))
        self.relu2 = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        """The block's output."""
        inner = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(images)))))
        return self.relu2(inner + self.shortcut(images))


class ResNet20(nn.Module):
    """A convolution, three stages of three blocks, an average over the image, one linear layer."""

    def __init__(self, image_shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(image_shape[0], STAGES[0], 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(STAGES[0])
        self.relu = nn.ReLU()
        self.stages = nn.Sequential()
        inputs = STAGES[0]
        for stage, channels in enumerate(STAGES):
            blocks = nn.Sequential()
            for block in range(BLOCKS):
                blocks.append(BasicBlock(inputs, channels, stride=2 if stage and not block else 1))
                inputs = channels
            self.stages.append(blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.output = nn.Linear(inputs, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W)."""
        features = self.stages(self.relu(self.bn(self.conv(images))))
        return self.output(self.flatten(self.pool(features)))


def resnet_20(image_shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10) -> nn.Module:
    """The paper's "Resnet-18": 20 layers and two 1 x 1 shortcuts, Gaussian Glorot weights. On CIFAR-10: 270,896.

    Of these the shortcuts hold 2,560 and the linear layer 640, which the paper does not prune (Figure 2); 267,696 are
    left to prune. Both names, "resnet-18" and "resnet-20", build this network: the 2019 paper says Resnet-18 and
    lists 20 layers, which is the ResNet-20 of He et al. and of the later papers. The 11-million-weight ResNet-18 for
    ImageNet is another network.

    Args:
        image_shape: channels, height and width of an input; any height and width.
        classes: outputs.
    """
    return glorot_normal_(ResNet20(image_shape, classes))
