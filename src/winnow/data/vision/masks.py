"""Images with a class id per pixel: decoded in pairs, ids mapped to classes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from winnow.core import WinnowError
from winnow.data.decode import Encoded, Pixels, pixels_of
from winnow.data.vision.pictures import Size, cut, in_threads
from winnow.data.vision.sets import VOID

# Grey, palette (its indices are the ids), 1 bit and 16 bit: what Pillow gives the numbers of as they were written.
_PLAIN = {"L", "P", "1", "I", "I;16", "I;16B", "I;16L"}
IDS = 256


class Pair(NamedTuple):
    """An image and its mask."""

    image: Encoded
    mask: Encoded


class Masked(NamedTuple):
    """Images uint8 [N, 3, H, W], ids as written uint8 [N, H, W], and which ids the full mask holds, bool [N, 256]."""

    images: Pixels
    ids: NDArray[np.uint8]
    seen: NDArray[np.bool_]


def read_pairs(pairs: Sequence[Pair], size: Size) -> Masked:
    """Decode images and masks; images are resized with antialiasing, masks take the nearest pixel.

    Raises:
        WinnowError: WN-D02 on a file that cannot be read, WN-D03 on a mask that holds no ids, WN-D04 when image and
            mask differ in size.
    """
    images = np.empty((len(pairs), 3, *size), dtype=np.uint8)
    ids = np.empty((len(pairs), *size), dtype=np.uint8)
    seen = np.zeros((len(pairs), IDS), dtype=np.bool_)

    def fill(number: int) -> None:
        image, mask = pairs[number]
        pixels, labels = pixels_of(image), _ids(mask)
        if pixels.shape[1:] != labels.shape:
            raise _unequal(image, mask, pixels, labels)
        images[number] = cut(pixels, size)
        seen[number] = np.bincount(labels.ravel(), minlength=IDS) > 0
        ids[number] = _nearest(labels, size)

    in_threads(fill, [pair.image for pair in pairs])
    return Masked(images, ids, seen)


def classes_of(masked: Masked, table: NDArray[np.int64], pairs: Sequence[Pair]) -> NDArray[np.uint8]:
    """The class of every pixel, uint8 [N, H, W].

    Args:
        masked: what was read.
        table: int64 [256], the class of each id: 255 ignored, -1 no class at all.
        pairs: names the file in an error.

    Raises:
        WinnowError: WN-D03 on an id that is no class.
    """
    wrong = masked.seen & (table < 0)
    if wrong.any():
        row, number = np.argwhere(wrong)[0]
        allowed = np.flatnonzero(table >= 0)
        raise WinnowError(
            "WN-D03",
            f"a mask holds class id {number}",
            where=pairs[row].mask.name,
            fix=f"Class ids of this set are among {allowed[0]} to {allowed[allowed < VOID].max(initial=0)}, "
            "and 255 for pixels to ignore.",
        )
    return table.astype(np.uint8)[masked.ids]


def identity_table(classes: int, void: Sequence[int] = ()) -> NDArray[np.int64]:
    """Ids that are their classes, 255 and the ids in `void` ignored, anything else wrong."""
    table = np.full(IDS, -1, dtype=np.int64)
    table[:classes] = np.arange(classes)
    table[[VOID, *void]] = VOID
    return table


def no_mask(image: object, wanted: object) -> WinnowError:
    """WN-D02 on an image whose mask is not there."""
    return WinnowError(
        "WN-D02", f"an image is without its mask, {wanted}", where=image, fix="Add the mask, or remove the image."
    )


def _ids(item: Encoded) -> NDArray[np.integer]:
    """The numbers of one mask, [H, W]."""
    source = io.BytesIO(item.source) if isinstance(item.source, bytes) else item.source
    try:
        with Image.open(source) as opened:
            mode, numbers = opened.mode, np.asarray(opened)
    except Exception as error:  # Pillow's decoders raise whatever broken bytes made them trip over
        fix = "Remove it with its image, or fetch it again."
        raise WinnowError("WN-D02", f"a mask cannot be read: {error}", where=item.name, fix=fix) from error
    if mode not in _PLAIN:
        raise WinnowError(
            "WN-D03",
            f"a mask is in colour (mode {mode}), and a class id per pixel is wanted",
            where=item.name,
            fix="Write the ids as a grey or palette PNG.",
        )
    if numbers.dtype not in (np.uint8, np.bool_):
        _check_range(numbers, item)
    return numbers.astype(np.uint8)


def _check_range(numbers: NDArray[np.integer], item: Encoded) -> None:
    wrong = numbers[(numbers < 0) | (numbers >= IDS)]
    if wrong.size:
        raise WinnowError(
            "WN-D03", f"a mask holds class id {wrong[0]}", where=item.name, fix="Class ids go from 0 to 254."
        )


def _nearest(labels: NDArray[np.integer], size: Size) -> NDArray[np.integer]:
    if labels.shape == size:
        return labels
    return np.asarray(Image.fromarray(labels).resize((size[1], size[0]), Image.Resampling.NEAREST))


def _unequal(image: Encoded, mask: Encoded, pixels: Pixels, labels: NDArray[np.integer]) -> WinnowError:
    return WinnowError(
        "WN-D04",
        f"the image has {pixels.shape[2]}x{pixels.shape[1]} pixels and its mask {labels.shape[1]}x{labels.shape[0]}",
        where=image.name,
        fix=f"Image and mask must be of one size; the mask is {mask.name}.",
    )
