"""`load_vision`: from what the user named to a vision set in memory."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

from winnow.core import WinnowError, canonical_json
from winnow.data import hub
from winnow.data.cache import source_key
from winnow.data.digits import read_digits
from winnow.data.place import place_of
from winnow.data.scaling import fit_scaling
from winnow.data.vision.cache import decoded_once
from winnow.data.vision.parting import parted
from winnow.data.vision.raw import Plan, RawVision, RawVisionSplit, check, fingerprint
from winnow.data.vision.readers import vision_reader_for
from winnow.data.vision.readers.jointed_table import from_jointed_tables
from winnow.data.vision.readers.labels import from_arrays, from_labelled_tables
from winnow.data.vision.readers.masked_table import from_masked_tables
from winnow.data.vision.sets import VisionSet, VisionSplit
from winnow.data.vision.tables import Tables

# Part of every key: raised whenever the same files would be decoded to something else.
_FORMAT = "1"


def load_vision(
    source: str | Path,
    task: str,
    *,
    size: tuple[int, int],
    validation: int | float = 0.1,
    seed: int = 0,
    margin: float = 1.25,
    boxes: str | Path | None = None,
    void: tuple[int, ...] = (),
) -> VisionSet:
    """Load a vision set into memory, every image resized once (antialiased), masks and joints with it.

    The test split is the set's own, or its validation split where no labelled test split is published (Cityscapes,
    ADE20K, COCO); then the validation split is drawn from train.

    Args:
        source: a folder (classification: what `winnow.data.load` reads, or "digits"; segmentation: Parquet with image
            and mask, Cityscapes, ADE20K; keypoints: Parquet with image and joints, COCO), or a Hub id "owner/name".
        task: "classification", "segmentation" or "keypoints".
        size: height and width of the images, in pixels; their aspect is not kept, but that of a COCO crop is.
        validation: how many train samples to hold out (int), or which share (float), where the set has no validation
            split to spare. Persons of one photograph stay together, so their number may be off by a few.
        seed: draws the validation samples; nothing else depends on it.
        margin: how much larger than a person's box its crop is (COCO).
        boxes: a JSON file of detected boxes, to cut the test crops by (COCO).
        void: class ids to ignore besides 255, where the set's own files do not tell (segmentation from Parquet).

    Raises:
        WinnowError: WN-D01 when nothing is there, WN-D02 on an unknown or broken format or a missing mask, WN-D03 on
            missing columns, ids out of range or joints out of shape, WN-D04 when image and mask differ in size,
            WN-D05 on fewer than two classes, WN-D06 when no split can be carved, WN-D07 when the Hub reader's
            package is missing, WN-C01 on an unknown task or a size that is none, WN-M02 on texts.
    """
    plan = Plan(task, size, margin, None if boxes is None else _file(boxes), void)
    name, raw, mark = _find(source, plan)
    train, held_out, test = (_split(part) for part in parted(raw, task, validation, seed))
    scaling = fit_scaling("standard", train.images.numpy())
    return VisionSet(
        name=name,
        task=task,
        fingerprint=mark,
        classes=raw.classes,
        train=train,
        validation=held_out,
        test=test,
        mean=scaling.offset / 255,
        deviation=scaling.scale / 255,
        flip_pairs=raw.body.flip_pairs,
        sigmas=raw.body.sigmas,
        torso=raw.body.torso,
        head=raw.body.head,
    )


def _find(source: str | Path, plan: Plan) -> tuple[str, RawVision, str]:
    """Name, data and fingerprint of what the user named."""
    if source == "digits":
        raw = check(_digits(plan), plan.task, "digits")
        return "digits", raw, fingerprint(raw, plan.task)
    folder = place_of(source)
    if folder is not None:
        return folder.resolve().name, *_from_folder(folder, plan)
    return str(source), *_from_hub(str(source), plan)


def _digits(plan: Plan) -> RawVision:
    if plan.task != "classification":
        raise WinnowError(
            "WN-D03",
            f"the digits have a class per image, and nothing for {plan.task}",
            where="digits",
            fix="`winnow.supernet.scenes.write_scenes` composes scenes of them, with masks or joints.",
        )
    return from_arrays(read_digits(), plan.size)


def _from_folder(folder: Path, plan: Plan) -> tuple[RawVision, str]:
    try:
        reader = vision_reader_for(folder, plan.task)
        files = [(path.relative_to(folder).as_posix(), path) for path in reader.files(folder)]
        # The name of the folder takes part: it may tell a published set's classes.
        key = _key(reader.name, plan, folder.resolve().name, files)
        return decoded_once(key, plan.task, lambda: check(reader.read(folder, plan), plan.task, folder))
    except OSError as error:
        place = error.filename or folder
        raise WinnowError("WN-D02", f"not readable: {error.strerror or error}", where=place) from error


def _from_hub(identifier: str, plan: Plan) -> tuple[RawVision, str]:
    fetched = hub.fetch(identifier)

    def build() -> RawVision:
        return check(_from_tables(fetched, identifier, plan), plan.task, identifier)

    files = hub.files(fetched)
    if files:
        return decoded_once(_key("hub", plan, identifier, files), plan.task, build)
    raw = build()
    return raw, fingerprint(raw, plan.task)


def _from_tables(fetched: dict, identifier: str, plan: Plan) -> RawVision:
    parts = {name: data.with_format("arrow")[:] for name, data in fetched.items()}
    tables = Tables(parts, fetched["train"].features.to_dict(), identifier)
    if plan.task == "segmentation":
        return from_masked_tables(tables, identifier, plan)
    return from_jointed_tables(tables, plan) if plan.task == "keypoints" else from_labelled_tables(tables, plan)


def _key(reader: str, plan: Plan, name: str, files: list[tuple[str, Path]]) -> str:
    wanted = canonical_json([plan.task, list(plan.size), plan.margin, list(plan.void), name])
    boxes = [("boxes", plan.boxes)] if plan.boxes else []
    return source_key(f"vision-{_FORMAT}/{reader}/{wanted}", [*files, *boxes])


def _file(path: str | Path) -> Path:
    found = Path(os.path.expanduser(path))  # noqa: PTH111  (unlike Path.expanduser, it never raises)
    if not found.is_file():
        raise WinnowError("WN-D01", "there is no such file", where=path, fix="Give the JSON file of detected boxes.")
    return found


def _split(raw: RawVisionSplit) -> VisionSplit:
    def tensor(array: np.ndarray) -> torch.Tensor:
        # A decoded image may be a view of bytes, which torch takes for its own to write to.
        return torch.from_numpy(array if array.flags.writeable else array.copy())

    return VisionSplit(tensor(raw.images), tensor(raw.targets), None if raw.scales is None else tensor(raw.scales))
