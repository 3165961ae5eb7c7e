"""The compact network as one ONNX file that takes images as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.exports.formats import TOLERANCE, largest_difference
from winnow.exports.onnx_file import has, open_onnx, write_onnx
from winnow.exports.source import Source
from winnow.storage import replacing
from winnow.supernet.compact.network import compacted, masked
from winnow.supernet.compact.saved import Saved

_BATCHES = (1, 5)


class FromImages(nn.Module):
    """A network in front of which images are scaled: uint8 [N, 3, H, W] over 255, less the mean, over the deviation.

    Args:
        network: takes float32 [N, 3, H, W].
        mean: per channel, of images in 0..1.
        deviation: per channel.
    """

    factor: Tensor
    offset: Tensor

    def __init__(self, network: nn.Module, mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("factor", 1 / (255 * torch.tensor(deviation).view(3, 1, 1)))
        self.register_buffer("offset", (torch.tensor(mean) / torch.tensor(deviation)).view(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """What the network makes of uint8 images [N, 3, H, W]."""
        return self.network(images.float() * self.factor - self.offset)

    def example_inputs(self, count: int, *shape: int) -> Tensor:
        """Random images, the same every time."""
        noise = torch.Generator().manual_seed(count)
        return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=noise)


@dataclass(frozen=True)
class OnnxFile:
    """One file that was written.

    Args:
        path: where.
        bytes: its size.
        difference: max |output - the masked network's|; None when onnxruntime is not there to run it.
    """

    path: Path
    bytes: int
    difference: float | None


def export_onnx(saved: Saved, path: Path | str, *, scale: bool = True) -> OnnxFile:
    """Write the compact network; input `images`, output `logits`, any batch size, the architecture's image size.

    The file takes its place only after its outputs were compared with the masked network's.

    Args:
        saved: the network.
        path: the file.
        scale: the file takes uint8 images and scales them itself; else it takes float32 images that are scaled.

    Raises:
        WinnowError: WN-D07 without the ONNX packages, WN-E02 when torch cannot export it, WN-E03 when the file computes
            something else, WN-S01 or WN-S02 when it cannot be written.
    """
    network = saved.network()
    small, oracle = compacted(network, saved.mask), masked(network, saved.mask)
    if scale:
        small, oracle = FromImages(small, *saved.scaling).eval(), FromImages(oracle, *saved.scaling).eval()
    source = Source(small, (3, *saved.architecture.input_size), None, "", "")
    place = Path(path)
    with replacing(place) as part:
        write_onnx(source, part)
        difference = _compared(source, oracle, part) if has("onnxruntime") else None
    return OnnxFile(place, place.stat().st_size, difference)


@torch.no_grad()
def _compared(source: Source, oracle: nn.Module, path: Path) -> float:
    run, largest = open_onnx(path), 0.0
    for count in _BATCHES:
        images = source.inputs(count)
        expected = oracle(images)
        difference = largest_difference(run(images), expected)
        # Written so that NaN fails too.
        if not difference <= TOLERANCE * max(1.0, float(expected.abs().max())):
            raise WinnowError("WN-E03", f"outputs differ by {difference:.3g}", where=path, fix="Nothing was written.")
        largest = max(largest, difference)
    return largest
