"""`TrainingPlan` and `Member`: what to train, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Mask


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """How every network of a stack is trained; lengths in optimizer steps.

    Args:
        steps: the last step; training runs from a member's first step to here.
        batch: images per step.
        optimizer: "sgd", "momentum", "adam" or "adamw".
        learning_rate: for members that name none of their own.
        momentum: of "momentum" (SGD with momentum).
        betas: decay of Adam's two averages.
        weight_decay: L2 on all trained tensors (decoupled for "adamw").
        schedule: "constant", "step", "cosine" or "linear".
        milestones: steps at which "step" multiplies the rate by `decay`.
        decay: factor at a milestone.
        warmup: steps over which the rate rises linearly from 0.
        evaluate_every: steps between evaluations on validation and test.
        augment: "none" or "flip-crop" (flip, and crop after padding by 4 pixels).
        loss: "cross-entropy".
    """

    steps: int
    batch: int
    optimizer: str = "adam"
    learning_rate: float = 1.2e-3
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    schedule: str = "constant"
    milestones: tuple[int, ...] = ()
    decay: float = 0.1
    warmup: int = 0
    evaluate_every: int = 100
    augment: str = "none"
    loss: str = "cross-entropy"

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "evaluate_every"):
            if getattr(self, name) < 1:
                raise WinnowError("WN-R02", f"{name} must be at least 1", where=name)
        if self.augment not in ("none", "flip-crop"):
            raise WinnowError("WN-R02", f"no augmentation {self.augment!r}", fix="One of: none, flip-crop.")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One network of a stack.

    Args:
        branch: what it is for ("ticket", "reinit", ...); with the replicate and level it names its rows of metrics.
        replicate: which repetition.
        start: all tensors of the network at its first step (`winnow.sparsity.tensors_of`).
        mask: what remains; pruned weights are exactly 0 after every step.
        order_seed: names its data order and augmentation: members with one seed see the same batches.
        noise_seed: names its other draws (dropout).
        learning_rate: its own, instead of the plan's.
        first_step: where on the schedule it starts (the rewind step).
    """

    branch: str
    replicate: int
    start: Mapping[str, Tensor]
    mask: Mask
    order_seed: int = 0
    noise_seed: int = 0
    learning_rate: float | None = None
    first_step: int = 0

    @property
    def label(self) -> str:
        """Readable name, "ticket 2"."""
        return f"{self.branch} {self.replicate}"
