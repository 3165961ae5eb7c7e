"""Learning-rate schedules as a factor per step."""

from __future__ import annotations

import math
from collections.abc import Callable

from winnow.core import chosen
from winnow.training.plan import TrainingPlan


def _constant(plan: TrainingPlan, step: int) -> float:  # noqa: ARG001
    return 1.0


def _step(plan: TrainingPlan, step: int) -> float:
    return plan.decay ** sum(step >= milestone for milestone in plan.milestones)


def _cosine(plan: TrainingPlan, step: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * step / plan.steps))


def _linear(plan: TrainingPlan, step: int) -> float:
    return 1 - step / plan.steps


RATE_SCHEDULES: dict[str, Callable[[TrainingPlan, int], float]] = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
    "linear": _linear,
}


def rate_factor(plan: TrainingPlan, step: int) -> float:
    """What the learning rate is multiplied with at a step (0 = the first).

    Warm-up rises linearly and reaches the full rate after `plan.warmup` steps; milestones count from step 0.

    Raises:
        WinnowError: WN-T03 when the plan names an unknown schedule.
    """
    schedule = chosen(RATE_SCHEDULES, plan.schedule, "learning-rate schedule", "WN-T03")
    rising = min(1.0, (step + 1) / plan.warmup) if plan.warmup else 1.0
    return rising * schedule(plan, step)
