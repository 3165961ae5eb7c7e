"""`write_scenes`: a data set of digit scenes on disk."""

from __future__ import annotations

from pathlib import Path

from winnow.core import WinnowError
from winnow.storage import replacing_folder
from winnow.supernet.scenes.composing import KINDS, compose
from winnow.supernet.scenes.layouts import LAYOUTS

_LEAST = 16  # pixels a side: below it a digit of a scene is smaller than its original


def write_scenes(
    folder: str | Path,
    task: str,
    layout: str,
    *,
    train: int,
    test: int,
    size: int | tuple[int, int] = 64,
    seed: int = 0,
    plain: bool = False,
) -> Path:
    """Compose scenes of scikit-learn's digits and write them as a published set is written.

    Train and test scenes are made of different digits. The same arguments give the same files, and a set with more
    scenes begins with those of a smaller one.

    Args:
        folder: where to; what is there is replaced once everything is written.
        task: "classification", "segmentation" or "keypoints".
        layout: "image-folder" for classification, "cityscapes" or "ade20k" for segmentation, "coco" for keypoints.
        train: scenes to train on.
        test: scenes to measure on (Cityscapes, ADE20K and COCO call them val).
        size: height and width in pixels, or one number for both.
        seed: what all of it is drawn from.
        plain: bright digits on a dim ground; see `compose`.

    Returns:
        The folder, to hand to `winnow.data.vision.load_vision`.

    Raises:
        WinnowError: WN-C01 on an unknown task or layout, one that is of another task, or a size or count that is
            none; WN-S01 and WN-S02 when it cannot be written.
    """
    sides = (size, size) if isinstance(size, int) else size
    _check(task, layout, sides, train, test)
    with replacing_folder(folder) as part:
        for split, count in (("train", train), ("test", test)):
            LAYOUTS[layout].write(part, split, compose(task, split, count, sides, seed, plain=plain))
    return Path(folder)


def _check(task: str, layout: str, size: tuple[int, int], train: int, test: int) -> None:
    if task not in KINDS:
        raise WinnowError("WN-C01", f"{task!r} is no task", where="task", fix=f"Choose one of {', '.join(KINDS)}.")
    fitting = [name for name, each in LAYOUTS.items() if each.task == task]
    if layout not in fitting:
        fix = f"Choose {' or '.join(fitting)}."
        raise WinnowError("WN-C01", f"{layout!r} is no layout for {task}", where="layout", fix=fix)
    if len(size) != 2 or min(size) < _LEAST:
        raise WinnowError("WN-C01", f"{size} is no size", where="size", fix=f"Give {_LEAST} pixels or more a side.")
    if min(train, test) < 1:
        raise WinnowError("WN-C01", f"{train} and {test} scenes", where="train, test", fix="Give 1 or more of each.")
