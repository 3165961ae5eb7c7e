"""`TokenPath`: a block's look at the whole map, through a few tokens that attend to each other (HR-NAS)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from winnow.supernet.network.norms import Norm


class TokenPath(nn.Module):
    """A map becomes tokens, they go through an encoder and a decoder, and are written back at the map's size.

    The search unit is a token: its importance is the scale of `token_norm`. Attention is written as plain products and
    a softmax, so it exports. The residual is the block's own.

    Args:
        channels: of the map, in and out.
        tokens: how many, at least 1.
        side: the map is resized to `side` by `side`, so a token has `side` squared numbers.
        norm: makes the batch normalisations.
    """

    coordinates: Tensor

    def __init__(self, channels: int, tokens: int, side: int, norm: Norm) -> None:
        super().__init__()
        width = side * side
        self.side = side
        # Saved, so that it follows the network's other tensors to their device and type.
        self.register_buffer("coordinates", coordinate_maps(side))
        self.read = nn.Conv2d(channels + 2, tokens, 1, bias=False)
        self.token_norm = norm(tokens)
        self.encoder = AttentionLayer(width)
        self.queries = nn.Parameter(torch.zeros(tokens, width))
        self.decoder = AttentionLayer(width)
        self.write = nn.Conv2d(tokens, channels, 1, bias=False)
        self.write_norm = norm(channels)

    def forward(self, maps: Tensor) -> Tensor:
        """From maps [N, channels, H, W] to what is added to them, of the same shape."""
        size = maps.shape[-2:]
        small = F.interpolate(maps, (self.side, self.side), mode="bilinear", align_corners=False)
        places = self.coordinates.expand(small.shape[0], -1, -1, -1)
        tokens = self.token_norm(self.read(torch.cat((small, places), 1))).flatten(2)
        memory = self.encoder(tokens, tokens, tokens)
        decoded = self.decoder(self.queries, memory, memory)
        written = self.write_norm(self.write(decoded.unflatten(2, (self.side, self.side))))
        return F.interpolate(written, size, mode="bilinear", align_corners=False)


class AttentionLayer(nn.Module):
    """One head of attention without biases, and two linear maps of the same width; LayerNorm after each sum.

    Args:
        width: numbers of a token.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.attention_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        self.inner_norm = nn.LayerNorm(width)

    def forward(self, asking: Tensor, read: Tensor, base: Tensor) -> Tensor:
        """`base` [N, n, width] plus what `asking` [(N,) n, width] finds in `read` [N, n, width], and then the maps."""
        keys, values = self.key_value(read).chunk(2, -1)
        scores = self.query(asking) @ keys.transpose(1, 2) * keys.shape[-1] ** -0.5
        stream = self.attention_norm(base + self.output(scores.softmax(-1) @ values))
        return self.inner_norm(stream + self.outer(self.inner(stream).relu()))


def coordinate_maps(side: int) -> Tensor:
    """Row and column of each pixel, of mean 0 and standard deviation 1, as maps [1, 2, side, side]."""
    line = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
    line = line / max(((side * side - 1) / 12) ** 0.5, 1.0e-6)
    return torch.stack((line[:, None].expand(side, side), line[None, :].expand(side, side)))[None].contiguous()
