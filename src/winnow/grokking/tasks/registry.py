"""Tasks by name."""

from __future__ import annotations

from winnow.core import WinnowError
from winnow.grokking.tasks.images import Mnist
from winnow.grokking.tasks.kind import Asked, TaskKind
from winnow.grokking.tasks.modular import MODULAR
from winnow.grokking.tasks.options import read_options, required
from winnow.grokking.tasks.parity import Parity
from winnow.grokking.tasks.permutations import Permutations
from winnow.grokking.tasks.regression import Regression
from winnow.grokking.tasks.sizes import Sizes
from winnow.grokking.tasks.task import Task

# First word of a name to what makes the task; what may follow it are the kind's options.
TASKS: dict[str, TaskKind] = {
    **MODULAR,
    "s5": Permutations(5),
    "regression": Regression(),
    "parity": Parity(),
    "mnist": Mnist(),
}


def task_named(name: str, data: str | None = None) -> Task:
    """The task of that name, such as "add-67", "divide-97", "parity-40-3" or "mnist".

    Args:
        name: a key of `TASKS`, then its options, joined by "-".
        data: folder or Hub id of the task's data, where it reads any.

    Raises:
        WinnowError: WN-C01 for a name that is unknown or malformed; WN-D01 and others of `winnow.data` for its data.
    """
    kind, asked = _asked(name, data)
    return kind.build(asked)


def sizes_named(name: str) -> Sizes:
    """The sizes of the task of that name; no data is read.

    Raises:
        WinnowError: WN-C01 for a name that is unknown or malformed.
    """
    kind, asked = _asked(name)
    return kind.sizes(asked)


def _asked(name: str, data: str | None = None) -> tuple[TaskKind, Asked]:
    kind = TASKS.get(name.split("-")[0])
    if kind is None:
        known = ", ".join(required(first, kind.options) for first, kind in TASKS.items())
        raise WinnowError("WN-C01", f"no task {name!r}", where="task", fix=f"One of: {known}.")
    return kind, Asked(name, read_options(name, kind.options), data)
