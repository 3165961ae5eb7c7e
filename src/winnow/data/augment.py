"""The field's usual augmentation of small images: a random flip and a random shift."""

from __future__ import annotations

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.data.dataset import DataSet


def check_augment(name: str, data: DataSet) -> None:
    """Make sure that an augmentation goes with the data: what moves pixels does not go with token ids.

    Raises:
        WinnowError: WN-R02.
    """
    if name != "none" and data.is_text:
        raise WinnowError("WN-R02", f"{name} is for images, not for texts", where="--augment", fix="Give none.")


def augment(images: Tensor, *, seed: int, flip: bool, pad: int, fill: Tensor) -> Tensor:
    """Flip each image left to right with probability 1/2, and crop it at random out of a padded frame.

    The draws are made on the CPU and only indices move, so a seed gives the same images on every device.

    Args:
        images: [B, C, H, W].
        seed: names the draw for this batch.
        flip: whether to flip.
        pad: pixels added on every side before an H x W crop; 0 for none.
        fill: [C], the value of a padded pixel (`DataSet.pad_value`).

    Returns:
        New images of the same shape, type and device.
    """
    batch, _, height, width = images.shape
    # Both draws are always made: turning one augmentation off leaves the other one as it was.
    generator = torch.Generator().manual_seed(seed)
    flipped = (torch.rand(batch, generator=generator) < 0.5) & flip
    shift = torch.randint(2 * pad + 1, (2, batch, 1), generator=generator).to(images.device)
    rows = torch.arange(height, device=images.device) + shift[0]
    columns = torch.arange(width, device=images.device).expand(batch, -1)
    columns = torch.where(flipped.to(images.device)[:, None], width - 1 - columns, columns) + shift[1]
    return _pick(_padded(images, pad, fill), rows, columns)


def _padded(images: Tensor, pad: int, fill: Tensor) -> Tensor:
    """[B, C, H + 2 pad, W + 2 pad], with `fill` around the images."""
    # Padding with zeros around (image - fill) would round; writing into a filled frame does not.
    batch, channels, height, width = images.shape
    frame = fill.to(images)[:, None, None].expand(batch, channels, height + 2 * pad, width + 2 * pad)
    frame = frame.clone(memory_format=torch.contiguous_format)
    frame[:, :, pad : pad + height, pad : pad + width] = images
    return frame


def _pick(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels at each image's own rows [B, H] and columns [B, W]."""
    width = images.shape[3]
    places = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)
    picked = images.flatten(2).gather(2, places[:, None, :].expand(-1, images.shape[1], -1))
    return picked.reshape(*images.shape[:2], rows.shape[1], columns.shape[1])
