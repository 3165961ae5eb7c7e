"""From a data set to its task."""

from __future__ import annotations

from winnow.core import chosen
from winnow.data.vision import VisionSet
from winnow.supernet.space.spaces import CLASSIFICATION, KEYPOINTS, SEGMENTATION
from winnow.supernet.tasks.bodies import Body
from winnow.supernet.tasks.classification import Classification
from winnow.supernet.tasks.keypoints import Keypoints
from winnow.supernet.tasks.pixels import Pixels, pixels_of
from winnow.supernet.tasks.protocol import Task
from winnow.supernet.tasks.segmentation import Segmentation


def task_for(
    data: VisionSet, *, smoothing: float = 0.1, augment: bool = True, flip: bool | None = None, sigma: float = 1.5
) -> Task:
    """The task of a data set.

    Args:
        data: its `task` decides, and its train split's mean and deviation scale the pixels.
        smoothing: label smoothing of classification; the other tasks have none.
        augment: whether training batches are mirrored, moved and scaled.
        flip: whether mirroring is part of it. None: yes, except for bodies with no joints that swap sides, where a
            mirror would make wrong labels. Say no for digits and letters.
        sigma: deviation of keypoint heatmaps in their pixels.

    Raises:
        WinnowError: WN-M02 when there is no such task.
    """
    pixels = pixels_of(data.mean, data.deviation)
    made = {
        CLASSIFICATION: lambda: Classification(
            data.classes, pixels, smoothing=smoothing, augment=augment, flip=flip is not False
        ),
        SEGMENTATION: lambda: Segmentation(data.classes, pixels, augment=augment, flip=flip is not False),
        KEYPOINTS: lambda: _keypoints(data, pixels, augment, flip, sigma),
    }
    return chosen(made, data.task, "task", "WN-M02")()


def body_of(data: VisionSet) -> Body:
    """The joints of a data set, and what measures them."""
    return Body(data.classes, tuple(data.flip_pairs), tuple(data.sigmas), data.torso)


def _keypoints(data: VisionSet, pixels: Pixels, augment: bool, flip: bool | None, sigma: float) -> Task:
    mirror = bool(data.flip_pairs) if flip is None else flip
    return Keypoints(body_of(data), pixels, data.size, sigma=sigma, augment=augment, flip=mirror)
