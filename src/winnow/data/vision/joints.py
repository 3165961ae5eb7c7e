"""Joints in pixels: from the stored image to the resized one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# An object fills about this share of its box: what sets without outlines take for the area (CrowdPose does).
FILLED = 0.53


_FAR = 1e6  # pixels: further out is no joint of an image


def sound(joints: NDArray[np.float64]) -> bool:
    """Whether joints [..., 3] are near an image, and flagged 0, 1 or 2."""
    return bool((np.abs(joints[..., :2]) < _FAR).all() and np.isin(joints[..., 2], (0, 1, 2)).all())


def placed(joints: NDArray[np.float64], corner: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float32]:
    """Joints after a region was cut out and resized.

    Args:
        joints: [N, K, 3], x, y (the centre of the first pixel is 0, 0) and visibility.
        corner: left and top of the region, [N, 2], where the first pixel goes from 0 to 1.
        scale: pixels of the result per pixel, horizontally and vertically, [N, 2].

    Returns:
        float32 [N, K, 3]; joints that are not labelled lie at 0, 0.
    """
    result = joints.astype(np.float64)
    result[..., :2] = (result[..., :2] + 0.5 - corner[:, None]) * scale[:, None] - 0.5
    result[result[..., 2] == 0] = 0
    return result.astype(np.float32)


def scales_by_joints(joints: NDArray[np.float32]) -> NDArray[np.float32]:
    """Object scales where no area is told: by the box around the labelled joints, float32 [N], at least 1 pixel."""
    labelled = joints[..., 2:] > 0
    low = np.where(labelled, joints[..., :2], np.inf).min(axis=1)
    high = np.where(labelled, joints[..., :2], -np.inf).max(axis=1)
    sides = np.maximum(high - low, 0)
    return np.sqrt(np.maximum(FILLED * sides.prod(axis=1), 1)).astype(np.float32)
