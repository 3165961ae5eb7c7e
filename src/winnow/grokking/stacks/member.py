"""One run of a stack, and how a stack is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from winnow.grokking.stacks.hooks import HookMaker
from winnow.grokking.stacks.losses import Loss
from winnow.grokking.stacks.rules import RuleMaker
from winnow.grokking.tasks.task import Split
from winnow.sparsity import Mask


@dataclass(frozen=True, kw_only=True)
class Member:
    """One run: its start, mask, split and rates.

    Attributes:
        branch: what it is, such as "dense" or "ticket-k0.6".
        replicate: which repetition.
        start: float32 tensors by name, one network's.
        split: its own training and test rows.
        mask: weights that stay exactly 0; None for a dense run.
        learning_rate: of the update rule.
        weight_decay: of the update rule (decoupled for AdamW).
        seed: of its mini-batches.
        supermask: train scores instead of, or beside, the weights (edge-popup); None for all others.
    """

    branch: str
    replicate: int
    start: Mapping[str, Tensor]
    split: Split
    mask: Mask | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 1.0
    seed: int = 0
    supermask: Supermask | None = None


@dataclass(frozen=True, kw_only=True)
class Supermask:
    """Edge-popup (Ramanujan et al. 2020): every matrix keeps its highest scores, and gradients go straight through.

    Attributes:
        density: share of every matrix that is kept.
        scores: start of the scores, one tensor per masked matrix.
        train_weights: whether the weights are trained too; otherwise they stay bit for bit.
    """

    density: float
    scores: Mapping[str, Tensor]
    train_weights: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the runs of one stack are trained.

    Attributes:
        steps: updates of the longest run.
        loss: a name of `LOSSES`, or a loss.
        rule: a name of `RULES`, or what makes a rule.
        betas: of the averages.
        momentum: of plain descent.
        batch: examples a step; None for all training rows.
        evaluate_every: steps between evaluations; the resolution of every time that is reported.
        evaluate_early: the same during the first thousand steps.
        record_every: steps between points of the curves, a multiple of `evaluate_every`; in the first thousand steps a
            tenth of it.
        threshold: accuracy that counts as having memorised (training) or generalised (test).
        loss_threshold: the same for tasks of values: a loss below it; used where accuracy is not defined.
        snapshots: steps whose weights are kept.
        rest: steps that a run trains on after its test accuracy passed the threshold; None: to the last step.
        hook: makes the accelerator's gradient hook.
    """

    steps: int
    loss: str | Loss = "cross-entropy"
    rule: str | RuleMaker = "adamw"
    betas: tuple[float, float] = (0.9, 0.98)
    momentum: float = 0.0
    batch: int | None = None
    evaluate_every: int = 10
    evaluate_early: int = 5
    record_every: int = 100
    threshold: float = 0.95
    loss_threshold: float = 1e-3
    snapshots: tuple[int, ...] = ()
    rest: int | None = None
    hook: HookMaker | None = None


@dataclass(frozen=True, kw_only=True)
class Grokked:
    """What became of one run.

    Attributes:
        branch, replicate: of the member.
        memorised: first evaluated step whose training accuracy is above the threshold (t_mem); None when never.
        generalised: the same of the test accuracy (t_gen).
        steps: how long it trained.
        seconds: its share of the stack's time.
        final: tensors by name at the end (the effective ones, masked; for a supermask with the mask applied).
        snapshots: step to tensors.
        curve: metric name ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "l1", "l2") to (step, value)
            pairs; norms are of the masked weights that remain, over all matrices together.
    """

    branch: str
    replicate: int
    memorised: int | None
    generalised: int | None
    steps: int
    seconds: float
    final: Mapping[str, Tensor]
    snapshots: Mapping[int, Mapping[str, Tensor]] = field(default_factory=dict)
    curve: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """tau_grok = t_gen / t_mem (section 4.1); None unless both are there and t_mem is above 0."""
        if self.memorised and self.generalised is not None:
            return self.generalised / self.memorised
        return None
