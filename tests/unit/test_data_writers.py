"""Not tests: tiny image sets, written in each of the formats that users have."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Sets = dict[str, tuple[Images, Labels]]


def made(channels: int = 1, size: int = 6, classes: int = 3, train: int = 12, test: int = 6) -> Sets:
    """Random images, every class in every split, labels ascending (the order an image folder has)."""
    random = np.random.default_rng(7)

    def split(count: int) -> tuple[Images, Labels]:
        images = random.integers(0, 256, (count, channels, size, size), dtype=np.uint8)
        return images, np.sort(np.arange(count, dtype=np.int64) % classes)

    return {"train": split(train), "test": split(test)}


def png(image: Images) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else np.moveaxis(image, 0, 2)).save(buffer, "PNG")
    return buffer.getvalue()


def write_parquet(
    folder: Path,
    sets: Sets,
    image: str = "image",
    label: str = "label",
    names: list[str] | None = None,
    metadata: bool = True,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split, (images, labels) in sets.items():
        cells = [{"bytes": png(one), "path": None} for one in images]
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        table = pa.table({label: pa.array(labels), image: pa.array(cells, kind)})
        told = names or [str(number) for number in range(int(sets["train"][1].max()) + 1)]
        features = {image: {"_type": "Image"}, label: {"names": told, "_type": "ClassLabel"}}
        if metadata:
            text = json.dumps({"info": {"features": features}})
            table = table.replace_schema_metadata({"huggingface": text})
        pq.write_table(table, folder / f"{split}-00000-of-00001.parquet")
    return folder


def idx_bytes(values: NDArray[Any]) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(np.uint8).tobytes()


def write_idx(folder: Path, sets: Sets, *, dot: bool = False, packed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    mark, end = "." if dot else "-", ".gz" if packed else ""
    for split, prefix in (("train", "train"), ("test", "t10k")):
        images, labels = sets[split]
        for kind, values in ((f"images{mark}idx3", images[:, 0]), (f"labels{mark}idx1", labels)):
            content = idx_bytes(values)
            path = folder / f"{prefix}-{kind}-ubyte{end}"
            path.write_bytes(gzip.compress(content) if packed else content)
    return folder


def write_image_folder(folder: Path, sets: Sets, names: list[str] | None = None) -> Path:
    for split, (images, labels) in sets.items():
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            place = folder / split / (names[label] if names else str(label))
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number:04d}.png").write_bytes(png(image))
    return folder


def batches(sets: Sets) -> dict[str, tuple[Images, Labels]]:
    """CIFAR-10's six files: train in five parts of any size."""
    images, labels = sets["train"]
    parts = zip(np.array_split(images, 5), np.array_split(labels, 5), strict=True)
    return {**{f"data_batch_{n}": part for n, part in enumerate(parts, 1)}, "test_batch": sets["test"]}


def write_cifar_binary(folder: Path, sets: Sets, names: list[str] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in batches(sets).items():
        rows = np.concatenate([labels[:, None].astype(np.uint8), images.reshape(len(images), -1)], axis=1)
        (folder / f"{name}.bin").write_bytes(rows.tobytes())
    if names:
        (folder / "batches.meta.txt").write_text("\n".join(names) + "\n\n")
    return folder


def write_cifar100_binary(folder: Path, sets: Sets) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in sets.items():
        coarse = np.full((len(labels), 1), 19, dtype=np.uint8)
        fine = labels[:, None].astype(np.uint8)
        rows = np.concatenate([coarse, fine, images.reshape(len(images), -1)], axis=1)
        (folder / f"{name}.bin").write_bytes(rows.tobytes())
    return folder


def write_cifar_pickle(folder: Path, sets: Sets, names: list[str], protocol: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in batches(sets).items():
        batch = {b"data": images.reshape(len(images), -1), b"labels": labels.tolist()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=protocol))
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": names}, protocol=protocol))
    return folder


def write_cifar100_pickle(folder: Path, sets: Sets) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in sets.items():
        (folder / name).write_bytes(python2_batch(images, labels.tolist(), b"fine_labels"))
    return folder


def python2_batch(images: Images, labels: list[int], label_key: bytes) -> bytes:
    """The opcodes that Python 2 and numpy 1 wrote the published files with: text as raw byte strings."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    pixels = images.tobytes()
    shape = b"(M" + struct.pack("<H", len(images)) + b"M" + struct.pack("<H", 3072) + b"t"
    dtype = b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR(K\x03" + text(b"|") + b"NNN"
    dtype += struct.pack("<ci", b"J", -1) * 2 + b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
    array += b"(K\x01" + shape + dtype + b"\x89T" + struct.pack("<i", len(pixels)) + pixels + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(label_key) + numbers + b"u."
