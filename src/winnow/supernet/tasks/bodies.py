"""How well joints were found: PCK by torso and by box, OKS and its average precision, over all joints and each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.data.vision import VisionSplit
from winnow.supernet.tasks.oks import average_precision, similarities
from winnow.supernet.tasks.pck import BOX_SHARE, TORSO_SHARE, box_sides, pck, torso_lengths


@dataclass(frozen=True)
class Body:
    """The joints of a data set, and what measures them.

    Args:
        joints: their names.
        pairs: joints that a mirror swaps.
        sigmas: per joint, for OKS; empty leaves OKS out.
        torso: the two joints whose distance is the body's length; None: the box around the joints is.
    """

    joints: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] = ()
    torso: tuple[int, int] | None = None

    def measures(self, found: Tensor, split: VisionSplit) -> dict[str, float]:
        """Judge predictions for a split.

        Args:
            found: [N, K, 3] on the CPU: x and y in pixels of the split's images, and a score.
            split: N images with joints.

        Returns:
            "pck_box": joints found within 0.1 of the longer side of the box around the labelled joints; where there
            is a torso "pck_torso", within 0.2 of it; "pck", the latter where it is there, else the former, with
            "pck/<joint>"; where there are sigmas the mean similarity "oks", and "ap", "ap50", "ap75", "ar" with a
            prediction's mean score as its confidence.

        Raises:
            WinnowError: WN-D02 when no labelled joint can be judged.
        """
        truth = split.targets.cpu()
        box, each = pck(found, truth, torch.stack(box_sides(truth)).amax(0), BOX_SHARE)
        measured = {} if box is None else {"pck_box": box}
        decisive = box
        if self.torso is not None:
            decisive, each = pck(found, truth, torso_lengths(truth, self.torso, self.pairs), TORSO_SHARE)
            measured |= {} if decisive is None else {"pck_torso": decisive}
        if decisive is None:
            raise WinnowError("WN-D02", "no body has the joints labelled that its length is measured by")
        measured["pck"] = decisive
        measured |= {f"pck/{name}": share for name, share in zip(self.joints, each, strict=True) if share is not None}
        return {**measured, **self._similarity(found, truth, split.scales)}

    def _similarity(self, found: Tensor, truth: Tensor, scales: Tensor | None) -> dict[str, float]:
        if not self.sigmas:
            return {}
        # Without areas of their own, bodies have that of the box around their joints.
        areas = torch.stack(box_sides(truth)).prod(0) if scales is None else scales.cpu().square()
        known = (truth[:, :, 2] > 0).any(1)
        similarity = similarities(found[known], truth[known], areas[known], self.sigmas)
        scores = found[known][:, :, 2].double().mean(1)
        return {"oks": float(similarity.mean()), **average_precision(similarity.numpy(), scores.numpy())}
