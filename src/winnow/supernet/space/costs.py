"""What an architecture costs: parameters and multiply-accumulates, by block, and the penalty of a search unit.

One multiply-accumulate (MAC) is one multiplication and one addition. BatchNorm, additions and resizing are not
counted, nor are biases; parameters are the weights of convolutions, token paths and the classifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import gcd, prod

from winnow.supernet.space.architecture import Architecture, Widths
from winnow.supernet.space.blocks import BlockPlace
from winnow.supernet.space.spaces import CLASSIFICATION

Size = tuple[int, int]


@dataclass(frozen=True)
class BlockCost:
    """Of one search block.

    Args:
        place: where it stands.
        unit_parameters: weights of one search unit, per kernel of the space.
        unit_macs: MACs of one search unit, per kernel of the space.
        shortcut: parameters and MACs of its grouped 1x1 shortcut; zeros where the input itself is.
        tokens: parameters and MACs of its token path.
        macs: all of its MACs.
        parameters: all of its weights.
    """

    place: BlockPlace
    unit_parameters: tuple[int, ...]
    unit_macs: tuple[int, ...]
    shortcut: tuple[int, int]
    tokens: tuple[int, int]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Costs:
    """Of a whole architecture.

    Args:
        blocks: in the order of the architecture's places.
        stem: parameters and MACs of the entrance.
        head: of the last convolution (classification) and the classifier.
        output_size: height and width of what the network returns for a dense task; (1, 1) for classification.
    """

    blocks: tuple[BlockCost, ...]
    stem: tuple[int, int]
    head: tuple[int, int]
    output_size: Size

    @property
    def parameters(self) -> int:
        """Weights of all convolutions, token paths and the classifier."""
        return self.stem[0] + self.head[0] + sum(block.parameters for block in self.blocks)

    @property
    def macs(self) -> int:
        """MACs for one image."""
        return self.stem[1] + self.head[1] + sum(block.macs for block in self.blocks)


def costs_of(architecture: Architecture, input_size: Size | None = None) -> Costs:
    """Count an architecture, at its own input size or another (height, width)."""
    space = architecture.space
    stem, size = _stem_cost(architecture, input_size or architecture.input_size)
    rows = zip(architecture.places, architecture.widths, architecture.tokens, strict=True)
    blocks = tuple(_block_cost(architecture, place, widths, tokens, size) for place, widths, tokens in rows)
    if architecture.task != CLASSIFICATION:
        outputs = space.dense_channels * architecture.outputs
        return Costs(blocks, stem, (outputs, outputs * prod(size)), size)
    last = space.head_channels[-1] * space.class_features
    classifier = space.class_features * architecture.outputs
    lowest = prod(halved(size, len(space.stages[-1].channels) - 1))
    return Costs(blocks, stem, (last + classifier, last * lowest + classifier), (1, 1))


def penalties(architecture: Architecture) -> dict[str, tuple[float, ...]]:
    """The weight of one unit's importance in the L1 term, per block and kernel; its mean over all units is 1.

    A path's MACs per unit, over the mean of that over all units, so dear units are pushed harder (the released code's
    resource-aware penalty; You et al. 2022, section 3.2). Every unit of a path costs the same.
    """
    costs = costs_of(architecture).blocks
    pairs = list(zip(costs, architecture.widths, strict=True))
    total = sum(n * macs for cost, widths in pairs for n, macs in zip(widths, cost.unit_macs, strict=True))
    mean = total / max(architecture.units, 1) or 1.0
    return {cost.place.name: tuple(macs / mean for macs in cost.unit_macs) for cost in costs}


def token_cost(place: BlockPlace, tokens: int, side: int) -> tuple[int, int]:
    """Parameters and MACs of a token path of `tokens` tokens from a map of `side` by `side`.

    Linear in the tokens but for the attention's two products of all tokens with all, in encoder and decoder.
    """
    if not tokens:
        return 0, 0
    dim = side * side
    maps = tokens * (place.inputs + 2 + place.outputs)  # into tokens, with two coordinates, and back
    layers = 2 * (4 + 2) * dim * dim  # encoder and decoder: query, key, value, output, and two linear maps
    return maps + layers + tokens * dim, maps * dim + tokens * layers + 2 * 2 * tokens * tokens * dim


def halved(size: Size, times: int) -> Size:
    """The size after `times` convolutions of stride 2, each rounding up."""
    for _ in range(times):
        size = -(-size[0] // 2), -(-size[1] // 2)
    return size


def _stem_cost(architecture: Architecture, size: Size) -> tuple[tuple[int, int], Size]:
    space = architecture.space
    channels = (3, *space.stem)
    sizes = list(
        accumulate(space.stem_strides, lambda s, stride: (-(-s[0] // stride), -(-s[1] // stride)), initial=size)
    )
    weights = [9 * channels[i] * channels[i + 1] for i in range(len(space.stem))]
    macs = sum(count * prod(place) for count, place in zip(weights, sizes[1:], strict=True))
    return (sum(weights), macs), sizes[-1]


def _block_cost(architecture: Architecture, place: BlockPlace, widths: Widths, tokens: int, size: Size) -> BlockCost:
    space = architecture.space
    before = halved(size, place.source)
    pixels_in, pixels_out = prod(before), prod(halved(before, place.stride - 1))
    weights = tuple(place.inputs + k * k + place.outputs for k in space.kernels)
    macs = tuple(place.inputs * pixels_in + (k * k + place.outputs) * pixels_out for k in space.kernels)
    groups = gcd(place.inputs, place.outputs)
    direct = 0 if place.keeps_shape else place.inputs * place.outputs // groups
    path = token_cost(place, tokens, space.token_side)
    parameters = sum(n * w for n, w in zip(widths, weights, strict=True)) + direct + path[0]
    total = sum(n * m for n, m in zip(widths, macs, strict=True)) + direct * pixels_out + path[1]
    return BlockCost(place, weights, macs, (direct, direct * pixels_out), path, parameters, total)
