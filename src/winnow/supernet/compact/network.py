"""`compacted`: a masked supernet as a network without masks, normalisations and units that do nothing."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import groupby

import torch
from torch import Tensor, nn

from winnow.sparsity import Mask
from winnow.supernet.compact.block import CompactBlock
from winnow.supernet.compact.folding import folded
from winnow.supernet.network import Supernet
from winnow.supernet.network.stages import run_class_head, run_pixel_head, run_stage


class CompactNet(nn.Module):
    """For inference only: outputs equal the masked supernet's in eval mode, to rounding.

    Args:
        network: in eval mode, masked weights exactly 0; it stays as it is.
        merge: see `CompactBlock`.
    """

    def __init__(self, network: Supernet, *, merge: bool) -> None:
        super().__init__()
        self.architecture = network.architecture
        self.stem = _layers_without_norms(network.stem)
        self.blocks = nn.ModuleDict({name: CompactBlock(b, merge=merge) for name, b in network.blocks.items()})  # type: ignore[arg-type]
        self.final = None if network.final is None else _layers_without_norms(network.final)
        self.classifier = copy.deepcopy(network.classifier).requires_grad_(False)
        self._stages = [list(group) for _, group in groupby(network.architecture.places, lambda place: place.stage)]
        self.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        """As the supernet's: [N, outputs] or [N, outputs, h, w] of float images [N, 3, H, W]."""
        # Channels last: convolutions then read and write maps as they are, instead of ordering them anew at every call.
        maps = [self.stem(images.contiguous(memory_format=torch.channels_last))]
        for places in self._stages[:-1]:
            maps = run_stage(self.blocks, places, maps)
        if self.final is None:
            return self.classifier(run_pixel_head(self.blocks, self._stages[-1], maps))
        return self.classifier(self.final(run_class_head(self.blocks, self._stages[-1], maps)).mean((2, 3)))

    @property
    def units(self) -> int:
        """Depthwise channels that are left."""
        return sum(block.units for block in self.blocks.values() if isinstance(block, CompactBlock))


@torch.no_grad()
def compacted(network: Supernet, mask: Mapping[str, Tensor] | None = None, *, merge: bool = True) -> CompactNet:
    """The network that a mask leaves, for inference.

    Masked weights are 0; units that do nothing are gone and their constants folded (see `Units.without_dead`);
    normalisations are part of the convolutions; a block without units is its shortcut and a shift. Token paths keep
    their form but for their normalisations. Folding is computed in float64.

    Args:
        network: it stays as it is.
        mask: True where a weight remains; nothing is masked where no name stands.
        merge: one depthwise convolution a block (faster where calls cost more than multiplications) or one for each
            size of kernel.

    Raises:
        WinnowError: WN-P02 when the mask does not fit.
    """
    return CompactNet(masked(network, mask), merge=merge)


def masked(network: Supernet, mask: Mapping[str, Tensor] | None) -> Supernet:
    """A frozen copy in eval mode whose masked weights are exactly 0.

    Raises:
        WinnowError: WN-P02 when the mask does not fit.
    """
    own = copy.deepcopy(network).eval().requires_grad_(False)
    Mask(mask or {}).apply_(dict(own.named_parameters()))
    return own


def _layers_without_norms(layers: nn.Sequential) -> nn.Sequential:
    """Convolution, normalisation, ReLU, and again: each normalisation becomes part of what stands before it."""
    found: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            before = found.pop()
            assert isinstance(before, nn.Conv2d)
            found.append(folded(before, layer))
        else:
            found.append(layer)
    return nn.Sequential(*found)
