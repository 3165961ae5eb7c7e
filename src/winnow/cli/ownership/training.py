"""On what and how long a ticket is trained: as its run was, or as the flags say."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.core import Step, WinnowError

if TYPE_CHECKING:
    from winnow.data import DataSet
    from winnow.ownership.sources import Source
    from winnow.training import TrainingPlan

NO_DATA = "none"


@Parameter(name="*", group="Training")
@dataclass(frozen=True, kw_only=True)
class TrainingFlags:
    """What is not given is as the ticket's run has it."""

    data: Annotated[
        str, Parameter(help='"digits", a folder, a Hub id, or "none"; the data of the ticket\'s run when not given.')
    ] = ""
    steps: Annotated[str, Parameter(help='Length of training: "5000it" or "20ep".')] = ""
    batch: Annotated[int | None, Parameter(help="Examples per step.")] = None
    optimizer: Annotated[str, Parameter(help="sgd, momentum, adam or adamw.")] = ""
    learning_rate: Annotated[float | None, Parameter(help="Learning rate.")] = None
    validation: Annotated[float, Parameter(help="With --data: share of its training examples that is held out.")] = 0.1
    scaling: Annotated[str, Parameter(help='With --data: "unit" or "standard", as the network was trained.')] = "unit"
    seed: Annotated[int, Parameter(help="Names the order of the data.")] = 0


@dataclass(frozen=True)
class Training:
    """Resolved: the data, the plan, and the step of the plan at which a ticket starts."""

    data: DataSet
    plan: TrainingPlan
    first_step: int
    seed: int

    def told(self) -> dict[str, Any]:
        """In short."""
        plan = self.plan
        return {
            "data": self.data.name,
            "steps": f"{self.first_step} to {plan.steps}",
            "batch": plan.batch,
            "optimizer": plan.optimizer,
            "learning_rate": plan.learning_rate,
        }


def training_for(source: Source, flags: TrainingFlags, steps: str = "") -> Training | None:
    """Data and plan; None where neither the flags nor a run around the ticket tell.

    Args:
        source: the ticket.
        flags: what the user gave.
        steps: of a ticket without a run, when the flags give none.

    Raises:
        WinnowError: WN-C01 without a length of training, and as `winnow.data.load` and `winnow.tickets.prepare`.
    """
    from winnow.data import BatchOrder, load

    if flags.data == NO_DATA:
        return None
    if not flags.data:
        prepared = source.prepared()
        if prepared is None:
            return None
        per_epoch = BatchOrder(len(prepared.data.train), flags.batch or prepared.plan.batch, 0).per_epoch
        plan = _changed(prepared.plan, flags, flags.steps, per_epoch)
        return Training(prepared.data, plan, prepared.rewind_step, flags.seed)
    if not (flags.steps or steps):
        raise WinnowError("WN-C01", "how long to train is not told", where="--steps", fix="Such as --steps 5000it.")
    data = load(flags.data, validation=flags.validation, seed=flags.seed, scaling=flags.scaling)
    per_epoch = BatchOrder(len(data.train), flags.batch or 60, 0).per_epoch
    return Training(data, _changed(_plain_plan(), flags, flags.steps or steps, per_epoch), 0, flags.seed)


def flags_from(held: Mapping[str, Any], given: TrainingFlags) -> TrainingFlags:
    """The flags of a signing with those on top that were given now."""
    default = TrainingFlags()
    changed = {n: v for n, v in dataclasses.asdict(given).items() if v != getattr(default, n)}
    known = {n: v for n, v in held.items() if hasattr(default, n)}
    return TrainingFlags(**{**known, **changed})


def _plain_plan() -> TrainingPlan:
    from winnow.training import TrainingPlan

    return TrainingPlan(steps=1, batch=60)


def _changed(plan: TrainingPlan, flags: TrainingFlags, steps: str, per_epoch: int) -> TrainingPlan:
    values: dict[str, Any] = {
        "steps": Step.parse(steps).iterations(per_epoch) if steps else None,
        "batch": flags.batch,
        "optimizer": flags.optimizer or None,
        "learning_rate": flags.learning_rate,
    }
    return dataclasses.replace(plan, **{name: value for name, value in values.items() if value is not None})
