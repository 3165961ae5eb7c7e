"""`TaskKind`: what makes the tasks of one first word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from winnow.grokking.tasks.options import Option
from winnow.grokking.tasks.sizes import Sizes
from winnow.grokking.tasks.task import Task


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Attributes:
        name: in full, such as "add-67-all".
        values: of the kind's options.
        data: folder of the data, for kinds that read any.
    """

    name: str
    values: tuple[Any, ...]
    data: str | None = None


class TaskKind(Protocol):
    """Tasks that differ in the options of their names."""

    @property
    def options(self) -> tuple[Option, ...]:
        """What follows the first word of the name."""
        ...

    def sizes(self, asked: Asked) -> Sizes:
        """Known without making the task."""
        ...

    def build(self, asked: Asked) -> Task:
        """The task.

        Raises:
            WinnowError: WN-C01 for values that do not go together; WN-D01 and others of `winnow.data` for its data.
        """
        ...
