"""Encoded images of any size to one array of one size: decoded, cut and resized once, in threads."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from winnow.core import WinnowError
from winnow.data.decode import Encoded, Pixels, decoding_threads, pixels_of

_CHUNK = 64
Size = tuple[int, int]
Box = tuple[float, float, float, float]


def resized(
    items: Sequence[Encoded], size: Size, boxes: Sequence[Sequence[Box]] | None = None
) -> tuple[Pixels, NDArray[np.int64]]:
    """All images at one size; grey ones get three equal channels.

    Args:
        items: the encoded images.
        size: height and width to resize to, antialiased (a triangle filter as wide as the reduction).
        boxes: for every image, what to cut out of it: left, top, right, bottom in pixels, where the first pixel goes
            from 0 to 1; what lies outside the image is black. Without it, each is taken whole.

    Returns:
        uint8 [N, 3, height, width], one row a box; and the height and width of each image as stored, int64 [I, 2].

    Raises:
        WinnowError: WN-D02 on an image that cannot be read.
    """
    starts = np.cumsum([0, *(1 if boxes is None else len(boxes[number]) for number in range(len(items)))])
    rows = np.empty((int(starts[-1]), 3, *size), dtype=np.uint8)
    stored = np.empty((len(items), 2), dtype=np.int64)

    def fill(number: int) -> None:
        pixels = pixels_of(items[number])
        stored[number] = pixels.shape[1:]
        cuts: Sequence[Box | None] = [None] if boxes is None else boxes[number]
        for row, box in enumerate(cuts, int(starts[number])):
            rows[row] = cut(pixels, size, box)

    in_threads(fill, items)
    return rows, stored


def stored_size(item: Encoded) -> Size:
    """Height and width as stored, told by the file's head.

    Raises:
        WinnowError: WN-D02 when it cannot be read.
    """
    source = io.BytesIO(item.source) if isinstance(item.source, bytes) else item.source
    try:
        with Image.open(source) as opened:
            return opened.height, opened.width
    except Exception as error:  # Pillow's readers raise whatever broken bytes made them trip over
        fix = "Remove it or fetch it again."
        raise WinnowError("WN-D02", f"an image cannot be read: {error}", where=item.name, fix=fix) from error


def resized_arrays(images: Pixels, size: Size) -> Pixels:
    """Decoded images [N, C, H, W] of any C at one size, [N, 3, height, width]."""
    if images.shape[1:] == (3, *size):
        return images
    rows = np.empty((len(images), 3, *size), dtype=np.uint8)
    for row, pixels in enumerate(images):
        rows[row] = cut(pixels, size)
    return rows


def cut(pixels: Pixels, size: Size, box: Box | None = None) -> Pixels:
    """One image [C, H, W], or what is in the box of it, at another size: [C, height, width], C = 1 or 3."""
    if box is None and pixels.shape[1:] == size:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)))
    if box is not None:
        # Pillow pads what it crops with black, but wants the box that it resizes inside of the image.
        left, top = math.floor(box[0]), math.floor(box[1])
        image = image.crop((left, top, math.ceil(box[2]), math.ceil(box[3])))
        box = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
    small = np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box))
    return small[None] if small.ndim == 2 else small.transpose(2, 0, 1)


def in_threads(work: Callable[[int], None], items: Sequence[Encoded]) -> None:
    """Call `work` with the number of every item; in threads where the images are large enough to gain by it."""
    if not items:
        return
    chunks = [range(start, min(start + _CHUNK, len(items))) for start in range(0, len(items), _CHUNK)]
    with ThreadPoolExecutor(decoding_threads(pixels_of(items[0]))) as pool:
        for _ in pool.map(lambda chunk: [work(number) for number in chunk], chunks):
            pass
