"""Classification: one label an image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from winnow.data.vision import VisionSplit
from winnow.supernet.space.spaces import CLASSIFICATION
from winnow.supernet.tasks.chance import Chance
from winnow.supernet.tasks.pixels import Pixels
from winnow.supernet.tasks.running import answers, batches_of, device_of, evaluating
from winnow.supernet.tasks.shifting import shifted


@dataclass(frozen=True)
class Classification:
    """Cross-entropy with label smoothing, judged by the share of right first answers.

    Args:
        classes: their names.
        pixels: how bytes are scaled.
        smoothing: share of the target that goes to all classes alike.
        shift: the farthest random shift, as a share of the shorter side.
        flip: whether half of the training images are mirrored.
        augment: whether training images are shifted and mirrored at all.
    """

    classes: tuple[str, ...]
    pixels: Pixels
    smoothing: float = 0.1
    shift: float = 1 / 8
    flip: bool = True
    augment: bool = True

    @property
    def name(self) -> str:
        """The task's name in a space."""
        return CLASSIFICATION

    @property
    def metric(self) -> str:
        """Which measure decides."""
        return "accuracy"

    @property
    def outputs(self) -> int:
        """Classes."""
        return len(self.classes)

    def prepared(self, images: Tensor, targets: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """See `Task.prepared`. With a generator: shifted by up to `shift` with reflected borders, and mirrored."""
        if generator is not None and self.augment:
            images = shifted(images, Chance(generator, len(images), images.device), share=self.shift, flip=self.flip)
        return self.pixels.apply(images), targets

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats of outputs [B, classes] and labels int64 [B]."""
        return F.cross_entropy(outputs, targets, label_smoothing=self.smoothing)

    def measure(self, network: nn.Module, split: VisionSplit, *, batch: int, flip: bool = False) -> dict[str, float]:
        """See `Task.measure`: "accuracy", "top5" (of more than five classes), "loss", "accuracy/<class>".

        The loss has the smoothing of training. A class without images in the split has no accuracy.
        """
        losses, rows = 0.0, []
        with evaluating(network):
            for images, labels in batches_of(split, batch, device_of(network)):
                outputs = answers(network, self.prepared(images, labels, None)[0], flip=flip)
                losses += float(self.loss(outputs, labels)) * len(labels)
                rows.append(outputs.topk(min(5, self.outputs), 1).indices.cpu())
        best, labels = torch.cat(rows), split.targets.cpu()
        found = {**accuracies(best[:, 0], labels, self.classes), "loss": losses / len(split)}
        if self.outputs > 5:
            found["top5"] = float((best == labels[:, None]).any(1).double().mean())
        return found

    def predict(self, network: nn.Module, images: Tensor) -> Tensor:
        """Labels int64 [B] of uint8 images [B, 3, H, W]."""
        with evaluating(network):
            return network(self.pixels.apply(images.to(device_of(network)))).argmax(1).cpu()


def accuracies(predicted: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict[str, float]:
    """Shares of right labels, over all images ("accuracy") and over those of each class that has any."""
    right = (predicted == labels).double()
    counts = torch.bincount(labels, minlength=len(classes))
    hits = torch.bincount(labels, weights=right, minlength=len(classes))
    each = zip(classes, hits.tolist(), counts.tolist(), strict=True)
    return {
        "accuracy": float(right.mean()),
        **{f"accuracy/{name}": hit / count for name, hit, count in each if count},
    }
