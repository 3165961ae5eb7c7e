"""What a network needs to know of a task."""

from __future__ import annotations

from dataclasses import dataclass

from winnow.grokking.tasks.task import Task


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes of a task's examples and answers.

    Attributes:
        arity: tokens, or numbers, of one example.
        outputs: classes, or values.
        tokens: size of the vocabulary; None where examples are numbers.
    """

    arity: int
    outputs: int
    tokens: int | None = None

    @classmethod
    def of(cls, task: Task) -> Sizes:
        """The sizes of a task that is there."""
        return cls(arity=task.inputs.shape[1], outputs=task.outputs, tokens=task.tokens)
