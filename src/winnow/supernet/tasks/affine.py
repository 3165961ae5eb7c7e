"""One affine move per image, for pixels, class ids and joints alike: what is drawn together stays together.

A place is (x, y) in pixels, with pixel centres at integers. A move is [B, 2, 3] and takes a place p to A p + t.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

Size = tuple[int, int]


def moves_of(size: Size, *, scale: Tensor, angle: Tensor, shift: Tensor, flipped: Tensor) -> Tensor:
    """Mirror, turn and scale about the middle of the canvas, then shift.

    Args:
        size: height and width of the canvas in pixels.
        scale: [B], above 1 enlarges.
        angle: [B] in radians, from the x axis towards the y axis (clockwise on the screen).
        shift: [B, 2], right and down, in pixels.
        flipped: bool [B], mirrored left to right before anything else.

    Returns:
        [B, 2, 3], from a place in the given image to its place in the new one.
    """
    mirror = 1.0 - 2.0 * flipped.to(scale.dtype)
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    turn = torch.stack([cosine * mirror, -sine, sine * mirror, cosine], 1).unflatten(1, (2, 2))
    middle = torch.tensor([(size[1] - 1) / 2, (size[0] - 1) / 2], dtype=scale.dtype, device=scale.device)
    return torch.cat([turn, (middle + shift - turn @ middle)[:, :, None]], 2)


def warp(images: Tensor, moves: Tensor, *, nearest: bool = False) -> Tensor:
    """Images [B, C, H, W] after their moves, on a canvas of the same size; outside of the given image is 0.

    Args:
        images: floats.
        moves: [B, 2, 3].
        nearest: take the nearest pixel, not a mean of four.
    """
    height, width = images.shape[2:]
    back = _inverse(moves[:, :, :2])
    rows = torch.arange(height, dtype=moves.dtype, device=moves.device)
    columns = torch.arange(width, dtype=moves.dtype, device=moves.device)
    places = torch.stack([columns.expand(height, -1), rows[:, None].expand(-1, width)], 2).reshape(1, -1, 2)
    origins = (places - moves[:, None, :, 2]) @ back.mT
    # grid_sample counts from -1 at the left edge of the first pixel to 1 at the right edge of the last one.
    sides = torch.tensor([width, height], dtype=moves.dtype, device=moves.device)
    grid = ((2 * origins + 1) / sides - 1).unflatten(1, (height, width))
    mode = "nearest" if nearest else "bilinear"
    return F.grid_sample(images, grid, mode=mode, padding_mode="zeros", align_corners=False)


def warp_ids(ids: Tensor, moves: Tensor, outside: int = 255) -> Tensor:
    """Class ids uint8 [B, H, W] after their moves; `outside` where the given image does not reach."""
    # Bytes are exact in float32, and what grid_sample fills with 0 becomes `outside`.
    moved = warp(ids[:, None].float() - outside, moves, nearest=True)
    return (moved[:, 0] + outside).to(ids.dtype)


def move_joints(joints: Tensor, moves: Tensor, size: Size) -> Tensor:
    """Joints [B, K, 3] (x, y, visible) after their moves; one that leaves the canvas has visible 0."""
    places = joints[:, :, :2] @ moves[:, :, :2].mT + moves[:, None, :, 2]
    limits = torch.tensor([size[1], size[0]], dtype=joints.dtype, device=joints.device) - 0.5
    inside = ((places >= -0.5) & (places < limits)).all(2)
    return torch.cat([places, (joints[:, :, 2] * inside)[:, :, None]], 2)


def swap_joints(values: Tensor, order: Tensor, flipped: Tensor) -> Tensor:
    """[B, K, ...] with the joints of the mirrored images in `order` [K]: left is where right was."""
    chosen = flipped.reshape(-1, *(1,) * (values.ndim - 1))
    return torch.where(chosen, values[:, order], values)


def mirror_order(count: int, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    """int64 [count]: which joint stands at each place after a mirror has swapped the pairs."""
    order = torch.arange(count)
    for left, right in pairs:
        order[left], order[right] = right, left
    return order


def _inverse(turns: Tensor) -> Tensor:
    """Of 2x2 matrices [B, 2, 2], written out: a library's solver would make a GPU wait for its error code."""
    (a, b), (c, d) = (row.unbind(1) for row in turns.unbind(1))
    return torch.stack([d, -b, -c, a], 1).div((a * d - b * c)[:, None]).unflatten(1, (2, 2))
