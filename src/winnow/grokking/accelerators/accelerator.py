"""An accelerator of grokking: a change to gradients, updates or the loss, with the settings its authors give."""

from __future__ import annotations

from dataclasses import dataclass

from winnow.grokking.stacks.hooks import HookMaker
from winnow.grokking.stacks.losses import Loss
from winnow.grokking.stacks.rules import RuleMaker


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """What replaces what in a plain run.

    Update rules and losses that only an accelerator brings are in no table of `stacks`: they are handed over as objects
    (a `Plan` takes either), so that nothing depends on what was imported before.

    Attributes:
        name: as `accelerator_named` knows it, such as "grokfast-ema".
        about: one line for a table.
        source: paper and section.
        hook: changes gradients before the update.
        rule: update rule, by name or itself; the recipe's when None.
        loss: the same; the recipe's when None.
        learning_rate: the recipe's when None.
        weight_decay: the recipe's when None.
        betas: the recipe's when None.
    """

    name: str
    about: str
    source: str
    hook: HookMaker | None = None
    rule: str | RuleMaker | None = None
    loss: str | Loss | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    betas: tuple[float, float] | None = None
