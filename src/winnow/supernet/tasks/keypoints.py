"""Keypoints: a heatmap for each joint of the one body in an image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from winnow.data.vision import VisionSplit
from winnow.supernet.space.spaces import KEYPOINTS
from winnow.supernet.tasks.affine import mirror_order, move_joints, moves_of, swap_joints, warp
from winnow.supernet.tasks.bodies import Body
from winnow.supernet.tasks.chance import Chance
from winnow.supernet.tasks.heatmaps import heatmap_errors, heatmaps_of, joints_of
from winnow.supernet.tasks.pixels import Pixels
from winnow.supernet.tasks.running import answers, batches_of, device_of, evaluating


@dataclass(frozen=True)
class Keypoints:
    """Squared error of Gaussian heatmaps, judged by the share of joints that were found near their place.

    Args:
        body: the joints, and what measures them.
        pixels: how bytes are scaled.
        size: height and width of an image in pixels.
        sigma: deviation of the Gaussians in pixels of the heatmap.
        angle: the largest random rotation, in degrees.
        scales: between which the size of training images is drawn.
        shift: the farthest random shift, as a share of each side.
        flip: whether half of the training images are mirrored, with the paired joints swapped.
        augment: whether training images are moved at all.
    """

    body: Body
    pixels: Pixels
    size: tuple[int, int]
    sigma: float = 1.5
    angle: float = 30.0
    scales: tuple[float, float] = (0.75, 1.25)
    shift: float = 0.1
    flip: bool = True
    augment: bool = True

    @property
    def name(self) -> str:
        """The task's name in a space."""
        return KEYPOINTS

    @property
    def metric(self) -> str:
        """Which measure decides."""
        return "pck"

    @property
    def outputs(self) -> int:
        """Joints."""
        return len(self.body.joints)

    def prepared(self, images: Tensor, targets: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """See `Task.prepared`. With a generator: mirrored, turned, scaled and shifted, joints and pixels alike.

        What comes in from outside has the mean colour; a joint that leaves the canvas has visible 0.
        """
        scaled = self.pixels.apply(images)
        if generator is None or not self.augment:
            return scaled, targets
        chance = Chance(generator, len(images), images.device)
        turn = math.radians(self.angle)
        scale, angle = chance.between(*self.scales), chance.between(-turn, turn)
        shares = torch.stack([chance.between(-self.shift, self.shift) for _ in self.size], 1)
        flipped = chance.coin(self.flip)
        size = (images.shape[2], images.shape[3])
        moves = moves_of(
            size, scale=scale, angle=angle, shift=shares * shares.new_tensor([size[1], size[0]]), flipped=flipped
        )
        moved = move_joints(targets, moves, size)
        return warp(scaled, moves), swap_joints(moved, self._order(targets.device), flipped)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean over the labelled joints of their heatmaps' squared errors, in the unit of `heatmap_errors`.

        So a network that answers 0 everywhere has a loss of 1, whatever the image's size.

        Args:
            outputs: [B, K, h, w].
            targets: [B, K, 3] as x, y in pixels of the image, and visible; joints with visible 0 do not count.
        """
        total, count = self._summed(outputs, targets)
        return total / count.clamp(min=1)

    def _summed(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The sum over labelled joints, and their number; both stay on their device."""
        heat = (outputs.shape[2], outputs.shape[3])
        known = targets[:, :, 2] > 0
        # Where a joint without a label is may be anything, even no number.
        places = targets[:, :, :2].masked_fill(~known[:, :, None], 0.0)
        wanted = heatmaps_of(places, self.size, heat, self.sigma).to(outputs.dtype)
        errors = heatmap_errors(outputs, wanted, self.sigma)
        return errors.masked_fill(~known, 0.0).sum(), known.sum()

    def measure(self, network: nn.Module, split: VisionSplit, *, batch: int, flip: bool = False) -> dict[str, float]:
        """See `Task.measure`: "loss", and what `Body.measures` gives."""
        losses, counted, rows = 0.0, 0, []
        with evaluating(network):
            for images, truth in batches_of(split, batch, device_of(network)):
                outputs = answers(network, self.pixels.apply(images), flip=flip, unflip=self._unflip)
                total, count = self._summed(outputs, truth)
                losses, counted = losses + float(total), counted + int(count)
                rows.append(joints_of(outputs, self.size).cpu())
        return {**self.body.measures(torch.cat(rows), split), "loss": losses / max(counted, 1)}

    def predict(self, network: nn.Module, images: Tensor) -> Tensor:
        """Joints float32 [B, K, 3] (x, y, score) of uint8 images [B, 3, H, W]."""
        with evaluating(network):
            outputs = network(self.pixels.apply(images.to(device_of(network))))
            return joints_of(outputs, self.size).cpu()

    def _order(self, device: torch.device) -> Tensor:
        return mirror_order(self.outputs, self.body.pairs).to(device)

    def _unflip(self, outputs: Tensor) -> Tensor:
        """Heatmaps of mirror images as those of the images: mirrored back, and left for right."""
        return outputs.flip(3)[:, self._order(outputs.device)]
