"""The state of a stack in a checkpoint, finished runs included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.stacks.member import Grokked, Member
from winnow.grokking.stacks.readings import CURVES
from winnow.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class SavedStack:
    """Tensors by name after `step` updates."""

    step: int
    tensors: Mapping[str, Tensor]

    def as_checkpoint(self) -> Checkpoint:
        """For a `CheckpointFile`."""
        return Checkpoint(self.step, {name: tensor.detach().cpu() for name, tensor in self.tensors.items()})


def finished_tensors(place: int, run: Grokked) -> dict[str, Tensor]:
    """A finished run as tensors named "done.PLACE..."; its snapshots are kept with all others."""
    numbers = [-1 if run.memorised is None else run.memorised, -1 if run.generalised is None else run.generalised]
    steps = [step for step, _ in run.curve[CURVES[0]]]
    curves = [[value for _, value in run.curve[name]] for name in CURVES]
    return {
        f"done.{place}.numbers": torch.tensor([*numbers, run.steps, run.seconds], dtype=torch.float64),
        f"done.{place}.steps": torch.tensor(steps, dtype=torch.int64),
        f"done.{place}.curves": torch.tensor(curves, dtype=torch.float64),
        **{f"done.{place}.final.{name}": tensor for name, tensor in run.final.items()},
    }


def finished_from(
    tensors: Mapping[str, Tensor],
    members: Sequence[Member],
    snapshots: Mapping[int, Mapping[int, Mapping[str, Tensor]]],
) -> dict[int, Grokked]:
    """What `finished_tensors` made, by place; names are without "done."."""
    places = sorted({int(name.split(".", 1)[0]) for name in tensors})
    return {place: _finished(place, tensors, members[place], snapshots[place]) for place in places}


def _finished(
    place: int,
    tensors: Mapping[str, Tensor],
    member: Member,
    snapshots: Mapping[int, Mapping[str, Tensor]],
) -> Grokked:
    memorised, generalised, steps, seconds = tensors[f"{place}.numbers"].tolist()
    at = tensors[f"{place}.steps"].tolist()
    prefix = f"{place}.final."
    curves = tensors[f"{place}.curves"].tolist()
    return Grokked(
        branch=member.branch,
        replicate=member.replicate,
        memorised=int(memorised) if memorised >= 0 else None,
        generalised=int(generalised) if generalised >= 0 else None,
        steps=int(steps),
        seconds=seconds,
        final={name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)},
        snapshots=snapshots,
        curve={name: tuple(zip(at, values, strict=True)) for name, values in zip(CURVES, curves, strict=True)},
    )
