"""What can be reached without looking at an image, or by looking only for what stands out.

A network that is not above these has learned nothing of the task, however good its number may look.
"""

from __future__ import annotations

import torch
from torch import Tensor

from winnow.core import chosen
from winnow.data.vision import VOID, VisionSet, VisionSplit
from winnow.supernet.space.spaces import CLASSIFICATION, KEYPOINTS, SEGMENTATION
from winnow.supernet.tasks.classification import accuracies
from winnow.supernet.tasks.confusion import confusion_of, iou_measures
from winnow.supernet.tasks.registry import body_of

_CHUNK = 64  # masks counted at a time


def trivial(data: VisionSet, part: str = "test") -> dict[str, float]:
    """Measures of the best blind answer that the train split gives.

    Args:
        data: any of the three tasks.
        part: "train", "validation" or "test".

    Returns:
        The same keys as the task's own measures, but for "loss" and "top5". Classification: of the most common label.
        Segmentation: of each pixel's most common class; "miou_constant", of the most common class everywhere; and
        "miou_foreground", of knowing perfectly where that class is and calling all the rest by the next most common
        one, which is what a perfect detector of foreground would reach. Keypoints: of the mean pose.

    Raises:
        WinnowError: WN-M02 when there is no such task, WN-D06 no such part, WN-D02 when nothing is labelled.
    """
    split = chosen({"train": data.train, "validation": data.validation, "test": data.test}, part, "split", "WN-D06")
    known = {CLASSIFICATION: _majority, SEGMENTATION: _majority_map, KEYPOINTS: _mean_pose}
    return chosen(known, data.task, "task", "WN-M02")(data, split)


def _majority(data: VisionSet, split: VisionSplit) -> dict[str, float]:
    label = torch.bincount(data.train.targets, minlength=len(data.classes)).argmax()
    return accuracies(label.expand(len(split)), split.targets, data.classes)


def _majority_map(data: VisionSet, split: VisionSplit) -> dict[str, float]:
    counts = _pixel_counts(data.train.targets, len(data.classes))
    totals = counts.sum((1, 2))
    common = totals.argmax()
    # Where no image has a label, the most common class of all is the best guess.
    guess = torch.where(counts.sum(0) > 0, counts.argmax(0), common)
    totals[common] = -1
    blind = _mapped(guess.expand(split.targets.shape), split, data)
    constant = _mapped(common.expand(split.targets.shape), split, data)
    foreground = _mapped(torch.where(split.targets == common, common, totals.argmax()), split, data)
    return {**blind, "miou_constant": constant["miou"], "miou_foreground": foreground["miou"]}


def _mapped(predicted: Tensor, split: VisionSplit, data: VisionSet) -> dict[str, float]:
    return iou_measures(confusion_of(predicted, split.targets, len(data.classes)), data.classes)


def _pixel_counts(masks: Tensor, classes: int) -> Tensor:
    """How often each place [H, W] has each class, int64 [classes, H, W]."""
    height, width = masks.shape[1:]
    places = torch.arange(height * width, device=masks.device).reshape(height, width)
    counts = torch.zeros(classes * height * width, dtype=torch.int64, device=masks.device)
    for chunk in masks.split(_CHUNK):
        known = chunk != VOID
        cells = (chunk.long() * (height * width) + places)[known]
        counts += torch.bincount(cells, minlength=len(counts))
    return counts.reshape(classes, height, width)


def _mean_pose(data: VisionSet, split: VisionSplit) -> dict[str, float]:
    """Each joint where it is on average; one that is never labelled in the middle of the image."""
    joints = data.train.targets
    known = (joints[:, :, 2:] > 0).to(joints.dtype)
    count = known.sum(0)
    middle = joints.new_tensor([(data.size[1] - 1) / 2, (data.size[0] - 1) / 2])
    pose = torch.where(count > 0, (joints[:, :, :2] * known).sum(0) / count.clamp(min=1), middle)
    found = torch.cat([pose, torch.ones_like(count)], 1).expand(len(split), -1, -1)
    return body_of(data).measures(found.cpu(), split)
