"""Percentage of correct keypoints: joints found within a share of a body's own length."""

from __future__ import annotations

import torch
from torch import Tensor

TORSO_SHARE, BOX_SHARE = 0.2, 0.1


def torso_lengths(joints: Tensor, torso: tuple[int, int], pairs: tuple[tuple[int, int], ...]) -> Tensor:
    """The distance from a shoulder to the hip of the other side, [N] in pixels.

    It is the mean of the diagonal and its mirror image where both are labelled, one of them where only one is, and 0
    where none is.

    Args:
        joints: [N, K, 3] as x, y, visible.
        torso: the two joints of one diagonal.
        pairs: joints that a mirror swaps.
    """
    swap = dict(pairs) | {right: left for left, right in pairs}
    diagonals = {tuple(sorted(ends)) for ends in (torso, tuple(swap.get(joint, joint) for joint in torso))}
    lengths, known = [], []
    for first, second in sorted(diagonals):
        lengths.append((joints[:, first, :2] - joints[:, second, :2]).norm(dim=1))
        known.append((joints[:, first, 2] > 0) & (joints[:, second, 2] > 0))
    weights = torch.stack(known).to(joints.dtype)
    total = torch.stack(lengths).masked_fill(weights == 0, 0.0).sum(0)
    return total / weights.sum(0).clamp(min=1)


def box_sides(joints: Tensor) -> tuple[Tensor, Tensor]:
    """Width and height, [N] each in pixels, of the box around the labelled joints [N, K, 3]; 0 where none is."""
    known = joints[:, :, 2:] > 0
    low = joints[:, :, :2].masked_fill(~known, torch.inf).amin(1)
    high = joints[:, :, :2].masked_fill(~known, -torch.inf).amax(1)
    sides = (high - low).clamp(min=0)
    return sides[:, 0], sides[:, 1]


def pck(found: Tensor, joints: Tensor, lengths: Tensor, share: float) -> tuple[float | None, list[float | None]]:
    """The share of labelled joints that were found no farther away than `share` of the body's length.

    Args:
        found: [N, K, 2 or more], x and y in pixels.
        joints: [N, K, 3] as x, y, visible; those with visible 0 do not count.
        lengths: [N] in pixels; a body of length 0 does not count.
        share: of the length.

    Returns:
        Over all joints, and for each joint; None where none counts.
    """
    counts = (joints[:, :, 2] > 0) & (lengths > 0)[:, None]
    near = (found[:, :, :2] - joints[:, :, :2]).norm(dim=2) <= share * lengths[:, None]
    hits, totals = (near & counts).sum(0).tolist(), counts.sum(0).tolist()
    each = [hit / total if total else None for hit, total in zip(hits, totals, strict=True)]
    return (sum(hits) / sum(totals) if sum(totals) else None), each
