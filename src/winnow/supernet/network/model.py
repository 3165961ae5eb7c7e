"""`Supernet`: a multi-branch high-resolution network of search blocks, for one of three tasks."""

from __future__ import annotations

from itertools import groupby

import torch
from torch import Tensor, nn

from winnow.supernet.network.block import SearchBlock
from winnow.supernet.network.norms import Norm
from winnow.supernet.network.stages import run_class_head, run_pixel_head, run_stage
from winnow.supernet.space import Architecture
from winnow.supernet.space.spaces import CLASSIFICATION


class Supernet(nn.Module):
    """The network of an architecture: the dense supernet, or what search left of it (You et al. 2022, section 3.1).

    `stem`, `blocks` by the names of the architecture's places, for classification `final`, and `classifier`. Its
    weights are those of torch's modules; `build` draws them by a seed.

    Args:
        architecture: what to build.
        norm: makes the batch normalisations.
        dropout: share of the features that training drops in front of the classifier of images.
    """

    def __init__(self, architecture: Architecture, *, norm: Norm | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        self.architecture = architecture
        self.norm = norm or Norm()
        space = architecture.space
        self.stem = _stem(space.stem, space.stem_strides, self.norm)
        rows = zip(architecture.places, architecture.widths, architecture.tokens, strict=True)
        self.blocks = nn.ModuleDict({p.name: SearchBlock(p, space, w, t, self.norm) for p, w, t in rows})
        self.dropout = nn.Dropout(dropout)
        if architecture.task == CLASSIFICATION:
            wide, features = space.head_channels[-1], space.class_features
            self.final = nn.Sequential(nn.Conv2d(wide, features, 1, bias=False), self.norm(features), nn.ReLU(True))
            self.classifier = nn.Linear(features, architecture.outputs)
        else:
            self.final = None
            self.classifier = nn.Conv2d(space.dense_channels, architecture.outputs, 1)
        self._stages = [list(group) for _, group in groupby(architecture.places, lambda place: place.stage)]

    def forward(self, images: Tensor) -> Tensor:
        """What the task asks for.

        Args:
            images: float32 [N, 3, H, W].

        Returns:
            [N, outputs] for classification, else [N, outputs, h, w] at the first branch's resolution.
        """
        # Channels last halve a step's time on a CPU; the layout of the maps follows from that of the images.
        maps = [self.stem(images.contiguous(memory_format=torch.channels_last))]
        for places in self._stages[:-1]:
            maps = run_stage(self.blocks, places, maps)
        if self.final is None:
            return self.classifier(run_pixel_head(self.blocks, self._stages[-1], maps))
        features = self.final(run_class_head(self.blocks, self._stages[-1], maps)).mean((2, 3))
        return self.classifier(self.dropout(features))


def _stem(channels: tuple[int, ...], strides: tuple[int, ...], norm: Norm) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after, stride in zip((3, *channels), channels, strides, strict=False):
        layers += [nn.Conv2d(before, after, 3, stride, 1, bias=False), norm(after), nn.ReLU(True)]
    return nn.Sequential(*layers)
