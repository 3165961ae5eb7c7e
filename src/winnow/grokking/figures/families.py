"""Which branches stand in which figure."""

from __future__ import annotations

from collections.abc import Callable

from winnow.grokking.branches.name import Branch
from winnow.grokking.studies.result import StudyResult

DENSE, TICKET = "dense", "ticket"
NORMS = ("norm-l1", "norm-l2")
AT_INIT = ("random", "snip", "grasp", "synflow", "synflow-once")
STRICTER = ("iterative", "reinit", "shuffled", "random-matched", "snip-matched", "grasp-matched", "synflow-matched")
SUPERMASKS = ("edge-popup", "edge-popup-wd")


def is_plain(branch: Branch) -> bool:
    """Whether it has no option: the recipe's rate, decay, learning rate and step, and no accelerator."""
    return branch == Branch(base=branch.base)


def plain(result: StudyResult, bases: tuple[str, ...]) -> list[str]:
    """The branches of these bases without an option, in the order of the bases."""
    there = result.branches
    return [base for base in bases if base in there]


def by_rate(result: StudyResult, weight_decay: float | None = None) -> dict[float, str]:
    """Pruning rate k to the ticket's branch with that weight decay (None: the recipe's), ascending."""
    found: dict[float, str] = {}
    for name in result.branches:
        branch = Branch.parse(name)
        if branch == Branch(base=TICKET, rate=branch.rate, weight_decay=weight_decay):
            found[result.recipe.rate if branch.rate is None else branch.rate] = name
    return dict(sorted(found.items()))


def by_step(result: StudyResult) -> dict[int, str]:
    """Step of the dense network whose weights gave the mask, to the ticket's branch, ascending."""
    recipe = result.recipe
    default = recipe.steps if recipe.ticket_at < 0 else recipe.ticket_at
    found: dict[int, str] = {}
    for name in result.branches:
        branch = Branch.parse(name)
        if branch == Branch(base=TICKET, at=branch.at):
            found[default if branch.at is None else branch.at] = name
    return dict(sorted(found.items()))


def accelerated(result: StudyResult) -> list[str]:
    """The branches with an accelerator."""
    return [name for name in result.branches if Branch.parse(name).accelerator is not None]


def _of(bases: tuple[str, ...]) -> Callable[[Branch], bool]:
    return lambda branch: is_plain(branch) and branch.base in bases


# Families whose branches have an order, drawn from dark to light.
LADDERS = ("Masks by step", "Tickets by pruning rate", "Rounds of iterative pruning")
# The first that fits decides; what fits none is "Other branches".
_FAMILIES: dict[str, Callable[[Branch], bool]] = {
    "Equal norm": _of(NORMS),
    "Pruning at init": _of(AT_INIT),
    "Stricter controls": _of(STRICTER),
    "Edge-popup": _of(SUPERMASKS),
    "Accelerators": lambda branch: branch.accelerator is not None,
    "Other weight decay": lambda branch: branch.weight_decay is not None,
    "Other learning rate": lambda branch: branch.learning_rate is not None,
    "Rounds of iterative pruning": lambda branch: branch.round is not None,
    "Masks by step": lambda branch: branch.base == TICKET and branch.at is not None,
    "Tickets by pruning rate": lambda branch: branch.base == TICKET and branch.rate is not None,
}
_OTHER = "Other branches"


def families(result: StudyResult) -> dict[str, list[str]]:
    """Title to branches, every branch but dense and ticket in exactly one family, empty families left out."""
    found: dict[str, list[str]] = {title: [] for title in (*_FAMILIES, _OTHER)}
    for name in result.branches:
        branch = Branch.parse(name)
        if not (is_plain(branch) and branch.base in (DENSE, TICKET)):
            fitting = (title for title, fits in _FAMILIES.items() if fits(branch))
            found[next(fitting, _OTHER)].append(name)
    return {title: names for title, names in found.items() if names}
