"""Encoded images (PNG, JPEG, ...) to one uint8 array."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from winnow.core import WinnowError

_CHUNK = 256
# Below this many pixels an image is mostly header, read in Python: threads then wait for each other (measured:
# 28x28 PNG 0.09 ms an image alone, 0.14 ms in two threads; 96x96 JPEG 0.20 ms alone, 0.15 ms in two).
_WORTH_A_THREAD = 64 * 64

Pixels = NDArray[np.uint8]


class Encoded(NamedTuple):
    """An encoded image, in memory or in a file, and how to name it to the user."""

    name: str
    source: bytes | Path


def decode(items: Sequence[Encoded]) -> Pixels:
    """All images, uint8 [N, C, H, W]: C = 1 when every one of them is grey, else 3.

    Raises:
        WinnowError: WN-D02 on an image that cannot be read, WN-D04 when two differ in size.
    """
    first = pixels_of(items[0])
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    with ThreadPoolExecutor(decoding_threads(first)) as pool:
        parts = list(pool.map(lambda chunk: _stack(chunk, items[0].name, first), chunks))
    channels = max(part.shape[1] for part in parts)
    whole = np.empty((len(items), channels, *first.shape[1:]), dtype=np.uint8)
    for start, part in zip(range(0, len(items), _CHUNK), parts, strict=True):
        whole[start : start + len(part)] = part  # a grey part spreads over three channels
    return whole


def decoding_threads(example: Pixels) -> int:
    """How many threads decode images like this one; small ones are not worth more than one."""
    if example[0].size < _WORTH_A_THREAD:
        return 1
    return min(8, os.cpu_count() or 1)


def _stack(chunk: Sequence[Encoded], first_name: str, first: Pixels) -> Pixels:
    images = [pixels_of(item) for item in chunk]
    for item, image in zip(chunk, images, strict=True):
        if image.shape[1:] != first.shape[1:]:
            raise WinnowError(
                "WN-D04",
                f"{first_name} is {_size(first)} and {item.name} is {_size(image)}",
                fix="Resize the images to one size.",
            )
    channels = max(len(image) for image in images)
    return np.stack([np.broadcast_to(image, (channels, *first.shape[1:])) for image in images])


def _size(image: Pixels) -> str:
    return f"{image.shape[2]}x{image.shape[1]} pixels"


def pixels_of(item: Encoded) -> Pixels:
    """One image, [1, H, W] or [3, H, W].

    Raises:
        WinnowError: WN-D02 when it cannot be decoded.
    """
    source = io.BytesIO(item.source) if isinstance(item.source, bytes) else item.source
    try:
        with Image.open(source) as opened:
            image = _eight_bit(opened)
            pixels = np.frombuffer(image.tobytes(), np.uint8)
    except Exception as error:  # Pillow's decoders raise whatever broken bytes made them trip over
        raise WinnowError(
            "WN-D02",
            f"an image cannot be read: {error}",
            where=item.name,
            fix="Remove it or fetch it again.",
        ) from error
    channels = len(image.getbands())
    return pixels.reshape(image.height, image.width, channels).transpose(2, 0, 1)


def _eight_bit(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB."""
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        return _from_sixteen_bit(image)
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "LA":
        return _on_black(image, "L")
    if image.mode in ("RGBA", "RGBa", "PA") or "transparency" in image.info:
        return _on_black(image, "L" if image.mode == "L" else "RGB")
    if image.mode == "F":
        raise ValueError("its pixels are floating point numbers; 8 or 16 bits are read")
    return image.convert("RGB")


def _from_sixteen_bit(image: Image.Image) -> Image.Image:
    """The upper 8 of 16 bits, so 65535 becomes 255."""
    values = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
    return Image.fromarray((values >> 8).astype(np.uint8))


def _on_black(image: Image.Image, mode: str) -> Image.Image:
    """Lay the image over black, the colour that pad-crop adds; dropping alpha would show hidden colours."""
    layered = image.convert("RGBA")
    backdrop = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(backdrop, layered).convert(mode)
