"""One reader per format and task. A folder is read by the first one of its task that recognises it."""

from __future__ import annotations

from pathlib import Path

from winnow.data.readers import unknown_format
from winnow.data.vision.readers.ade20k import Ade20kReader
from winnow.data.vision.readers.cityscapes import CityscapesReader
from winnow.data.vision.readers.coco import CocoReader
from winnow.data.vision.readers.jointed_table import JointedTableReader
from winnow.data.vision.readers.labels import LABEL_READERS
from winnow.data.vision.readers.masked_table import MaskedTableReader
from winnow.data.vision.readers.protocol import VisionReader

VISION_READERS: dict[str, tuple[VisionReader, ...]] = {
    "classification": LABEL_READERS,
    "segmentation": (MaskedTableReader(), CityscapesReader(), Ade20kReader()),
    "keypoints": (JointedTableReader(), CocoReader()),
}


def vision_reader_for(folder: Path, task: str) -> VisionReader:
    """The reader that takes this folder for this task.

    Raises:
        WinnowError: WN-D02 telling what the folder holds and what is understood, WN-M02 when it holds texts.
    """
    for reader in VISION_READERS[task]:
        if reader.recognises(folder):
            return reader
    raise unknown_format(folder, f"for {task}: " + "; ".join(reader.layout for reader in VISION_READERS[task]))
