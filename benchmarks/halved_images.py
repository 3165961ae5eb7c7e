"""Write an image set again with images of half the width and height: a quarter of the work for a convolution.

    python benchmarks/halved_images.py ../shared/data/cifar10 cifar10-16

Every pixel is the mean of four. The result is a folder of Parquet files that `--data` reads, lossless (PNG).
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from winnow.data.source import read_folder


def main(source: str, target: str) -> None:
    raw, _ = read_folder(Path(source))
    Path(target).mkdir(parents=True, exist_ok=True)
    for name, split in raw.splits.items():
        halves = _halved(split.images)
        images = [{"bytes": _png(image), "path": None} for image in halves]
        table = pa.table({"image": images, "label": split.labels})
        pq.write_table(table, Path(target) / f"{name}-00000-of-00001.parquet")
        print(f"{name}: {len(halves)} images of {halves.shape[2]} x {halves.shape[3]}")


def _halved(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[N, C, H, W] to [N, C, H / 2, W / 2]."""
    count, channels, height, width = images.shape
    blocks = images.reshape(count, channels, height // 2, 2, width // 2, 2).astype(np.uint16)
    return ((blocks.sum((3, 5)) + 2) // 4).astype(np.uint8)


def _png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0).squeeze()).save(file, "PNG", compress_level=1)
    return file.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:3])
