"""`GrokRecipe`: everything that decides the outcome of a grokking study. No torch here: `--help` reads it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from winnow.core import WinnowError


def _about(text: str, default: Any, *, identity: bool = True) -> Any:
    """A field with its help text."""
    return field(default=default, metadata={"help": text, "identity": identity})


@dataclass(frozen=True, kw_only=True)
class GrokRecipe:
    """One task, one network, and how every branch is trained (Minegishi et al. 2023, section 3 and appendix C).

    Every field is a flag of the `winnow grok` commands. The fields that differ from the defaults below name the run,
    together with the task's examples.
    """

    task: str = _about("Task: add-67, subtract-P, multiply-P, divide-P, s5, parity, regression, mnist...", "add-67")
    network: str = _about("Network: mlp, transformer, transformer-paper, transformer-nanda, dense-200...", "mlp")
    fraction: float = _about("Share of all examples to train on.", 0.4)
    steps: int = _about("Updates of the dense network.", 30_000)
    ticket_steps: int = _about("Updates of every other branch, at most.", 30_000)
    rest: int = _about("Updates that a branch other than dense trains on after generalising; -1: to its end.", 3000)
    learning_rate: float = _about("Learning rate.", 1e-3)
    weight_decay: float = _about("Weight decay.", 1.0)
    beta1: float = _about("Decay of the optimizer's average of gradients.", 0.9)
    beta2: float = _about("Decay of its average of squared gradients.", 0.98)
    optimizer: str = _about("adamw, adam or sgd.", "adamw")
    loss: str = _about("cross-entropy (in float64) or squared.", "cross-entropy")
    batch: int = _about("Examples a step; 0: all of them.", 0)
    init_scale: float = _about("Multiplies every start matrix.", 1.0)
    rate: float = _about("Share of the weights that a ticket loses.", 0.6)
    ticket_at: int = _about("Step of the dense network whose weights give the mask; -1: its last.", -1)
    replicates: int = _about("Repetitions, each with a start and a split of its own.", 8, identity=False)
    seed: int = _about("Root of every random stream.", 0)
    threshold: float = _about("Accuracy that counts as memorised (training) or generalised (test).", 0.95)
    loss_threshold: float = _about("The same for tasks of values: a loss below it.", 1e-3)
    evaluate_every: int = _about("Steps between evaluations: the resolution of every reported time.", 10)
    evaluate_early: int = _about("The same during the first thousand steps.", 5)
    record_every: int = _about("Steps between points of the curves; a tenth of it in the first thousand steps.", 100)
    snapshot_every: int = _about("Steps between kept weights of the dense network and its ticket.", 2000)
    data: str = _about("Folder of the task's data, where it has any (mnist).", "", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            WinnowError: WN-R02.
        """
        for name in ("steps", "ticket_steps", "replicates", "evaluate_every", "evaluate_early", "record_every"):
            if getattr(self, name) < 1:
                raise _bad(name, "it must be at least 1")
        for name in ("learning_rate", "init_scale", "snapshot_every"):
            if not getattr(self, name) > 0:
                raise _bad(name, "it must be above 0")
        for name in ("fraction", "rate"):
            if not 0 < getattr(self, name) < 1:
                raise _bad(name, "it must lie between 0 and 1")
        if self.record_every % self.evaluate_every or self.record_every % self.evaluate_early:
            raise _bad("record_every", "it must be a multiple of both steps between evaluations")
        if self.ticket_at > self.steps:
            raise _bad("ticket_at", "the dense network does not train so long")

    @property
    def betas(self) -> tuple[float, float]:
        """Of the optimizer's averages."""
        return self.beta1, self.beta2


def flags_of(recipe: GrokRecipe, base: GrokRecipe) -> list[str]:
    """The flags that make `recipe` out of `base`, for the report's "how to reproduce"."""
    words: list[str] = []
    for item in fields(recipe):
        value = getattr(recipe, item.name)
        if value != getattr(base, item.name):
            words += [f"--{item.name.replace('_', '-')}", str(value)]
    return words


def _bad(name: str, why: str) -> WinnowError:
    return WinnowError("WN-R02", why, where=f"--{name.replace('_', '-')}")
