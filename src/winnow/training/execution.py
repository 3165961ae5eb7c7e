"""How a stack is executed: on dense tensors, or on stored weights where that is measured to be faster here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from winnow.core import WinnowError
from winnow.training.engines import Engine, engine_for
from winnow.training.losses import loss_named
from winnow.training.plan import Member, TrainingPlan
from winnow.training.stack import Stack

if TYPE_CHECKING:
    from winnow.kernels.break_even import BreakEven
    from winnow.kernels.stages import Stages
    from winnow.training.packed import PackedStack

EXECUTIONS = ("auto", "dense", "sparse")
# Below so many dense operations the compiler and the measurement would cost more than stored weights can save.
_WORTHWHILE = 5e11


@dataclass(frozen=True)
class Execution:
    """A stack with its engine, and in words how and why."""

    stack: Stack | PackedStack
    engine: Engine
    is_sparse: bool
    note: str


def execution_for(
    module: nn.Module,
    members: Sequence[Member],
    plan: TrainingPlan,
    image_shape: Sequence[int],
    device: torch.device,
    wanted: str = "auto",
) -> Execution:
    """The execution of a stack.

    Args:
        module: the architecture.
        members: the networks.
        plan: how to train.
        image_shape: of one input: (channels, height, width), or (tokens,).
        device: where.
        wanted: "dense", "sparse" (dense where the kernels cannot), or "auto": what is faster on this machine.

    Raises:
        WinnowError: WN-T03 when `wanted` is none of these.
    """
    if wanted not in EXECUTIONS:
        raise WinnowError("WN-T03", f"no execution {wanted!r}", fix=f"One of: {', '.join(EXECUTIONS)}.")
    stages, note = (
        (None, "dense: as asked") if wanted == "dense" else _sparse(module, members, plan, image_shape, device)
    )
    if stages is not None and wanted == "auto":
        note = _faster(module, members, plan, stages)
        stages = None if note.startswith("dense") else stages
    if stages is None:
        stack = Stack(module, members, device)
        return Execution(stack, engine_for(stack, loss_named(plan.loss)), False, note)
    from winnow.training.packed import PackedStack
    from winnow.training.sparse import SparseEngine, weighted_tensors

    packed = PackedStack(module, members, weighted_tensors(stages))
    return Execution(packed, SparseEngine(packed, stages, plan.batch), True, note or "stored weights: as asked")


def _sparse(
    module: nn.Module, members: Sequence[Member], plan: TrainingPlan, image_shape: Sequence[int], device: torch.device
) -> tuple[Stages | None, str]:
    """The stages on stored weights, or None and why not."""
    if all(bool(mask.all()) for member in members for mask in member.mask.values()):
        return None, "dense: nothing is pruned"
    if device.type != "cpu":
        return None, f"dense: the kernels for stored weights are for the CPU, not {device.type}"
    if plan.loss != "cross-entropy":
        return None, f"dense: the kernels have no {plan.loss}"
    from winnow.networks import Unsupported
    from winnow.training.sparse import training_stages

    try:
        return training_stages(module, image_shape, plan.batch), ""
    except Unsupported as why:
        return None, f"dense: the kernels do not have {why}"


def _faster(module: nn.Module, members: Sequence[Member], plan: TrainingPlan, stages: Stages) -> str:
    """Which execution is expected to be faster, in words that begin with "dense" or "stored weights"."""
    work = _work(module, members, stages)
    total = sum(dense for dense, _, _ in work)
    if 6.0 * total * plan.batch * plan.steps * len(members) < _WORTHWHILE:
        return "dense: too little work to be worth another way"
    from winnow.kernels import break_even

    here = break_even()
    share = sum(stored for _, stored, _ in work) / total
    if sum(stored / max(_limit(here, kind), 1e-9) for _, stored, kind in work) < total:
        return f"stored weights: {100 * share:.2f} % of the products remain"
    return f"dense: {100 * share:.2f} % of the products remain, more than what pays here"


def _limit(here: BreakEven, kind: str) -> float:
    return here.linear_training if kind == "linear" else here.convolution_training


def _work(module: nn.Module, members: Sequence[Member], stages: Stages) -> list[tuple[float, float, str]]:
    """Per layer: multiplications of one image when dense, when only stored weights count (mean), and its kind."""
    parameters = dict(module.named_parameters())
    found = []
    for stage in stages.stages:
        if stage.kind == "taps":
            name = stage.node.tensors["weight"]
            _, height, width = stages.shapes[stage.output]
            dense = float(parameters[name].numel() * height * width)
            densities = [float(m.mask[name].float().mean()) if name in m.mask else 1.0 for m in members]
            found.append((dense, dense * sum(densities) / len(densities), stage.node.kind))
    return found
