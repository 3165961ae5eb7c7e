"""Three sentences about a run, true whatever came out. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from winnow.reports.words import margin, percent, replicates, short_percent
from winnow.tickets.summary import LevelSummary, series


def winning_ticket(summary: Sequence[LevelSummary]) -> LevelSummary | None:
    """The sparsest ticket that wins (section 1): by the means it stops no later than the dense network and is no less
    accurate. None when there is no such ticket.
    """
    tickets = series(summary, "ticket")
    if not tickets or tickets[0].level != 0:
        return None
    winners = [ticket for ticket in tickets[1:] if _wins(ticket, tickets[0])]
    return min(winners, key=lambda ticket: ticket.density_percent, default=None)


def findings(summary: Sequence[LevelSummary]) -> list[str]:
    """Three sentences: is there a winning ticket; does its init matter; do its connections matter, or, without a random
    control, how far accuracy holds.
    """
    return [_win(summary), _against_reinit(summary), _against_random(summary) or _holding(summary)]


def _wins(ticket: LevelSummary, dense: LevelSummary) -> bool:
    no_later = ticket.early_stop_step.mean <= dense.early_stop_step.mean
    return no_later and ticket.test_accuracy.mean >= dense.test_accuracy.mean


def _dense(summary: Sequence[LevelSummary]) -> LevelSummary | None:
    return next((level for level in series(summary, "ticket") if level.level == 0), None)


def _pruned(summary: Sequence[LevelSummary], branch: str) -> list[LevelSummary]:
    return [level for level in series(summary, branch) if level.level > 0]


def _win(summary: Sequence[LevelSummary]) -> str:
    dense, pruned, winner = _dense(summary), _pruned(summary, "ticket"), winning_ticket(summary)
    if dense is None:
        return "The dense network has not been measured, so no ticket can be compared with it."
    step, accuracy = _step(dense), percent(dense.test_accuracy.mean)
    if not pruned:
        return (
            f"Only the dense network has finished: it reaches {accuracy} test accuracy at its early-stop step {step}, "
            f"{replicates(dense.replicates)}, so whether a winning ticket exists is not known yet."
        )
    ladder = f"the pruned densities measured ({_densities(pruned)} of the weights remaining)"
    if winner is None:
        return (
            f"No winning ticket was found: at none of {ladder} does the ticket stop no later than the dense network "
            f"(step {step}) with at least its test accuracy ({accuracy}), "
            f"{replicates(dense.replicates, *(ticket.replicates for ticket in pruned))}{_too_short(dense)}."
        )
    return (
        f"A winning ticket was found with {_density(winner)} of the weights remaining, the sparsest that wins among "
        f"{ladder}: it stops at step {_step(winner)} against {step} for the dense network, with "
        f"{percent(winner.test_accuracy.mean)} test accuracy against {accuracy} "
        f"(the ticket is {margin(winner.test_accuracy, dense.test_accuracy)}), "
        f"{replicates(dense.replicates, winner.replicates)}{_too_short(dense)}."
    )


def _too_short(dense: LevelSummary) -> str:
    """A caution when training ended before the dense network's validation loss turned."""
    if dense.early_stop_step.mean < dense.final_step:
        return ""
    return "; the dense network's validation loss was still falling at the last step, so the steps say little yet"


def _against_reinit(summary: Sequence[LevelSummary]) -> str:
    return _against(summary, "reinit", "the same mask with fresh initial weights") or (
        "No reinit control has finished, so this run does not show whether the ticket's initial weights matter."
    )


def _against_random(summary: Sequence[LevelSummary]) -> str | None:
    return _against(summary, "random", "a random mask of the same layer densities")


def _against(summary: Sequence[LevelSummary], branch: str, control_name: str) -> str | None:
    """The ticket and a control at the sparsest level that both have; None when they share none."""
    controls = {level.level: level for level in _pruned(summary, branch)}
    shared = [ticket for ticket in _pruned(summary, "ticket") if ticket.level in controls]
    if not shared:
        return None
    ticket = min(shared, key=lambda level: level.density_percent)
    control = controls[ticket.level]
    return (
        f"With {_density(ticket)} of the weights remaining, the sparsest level that has both, the ticket stops at step "
        f"{_step(ticket)} with {percent(ticket.test_accuracy.mean)} test accuracy, and {control_name} at step "
        f"{_step(control)} with {percent(control.test_accuracy.mean)} "
        f"(the ticket is {margin(ticket.test_accuracy, control.test_accuracy)}), "
        f"{replicates(ticket.replicates, control.replicates)}."
    )


def _holding(summary: Sequence[LevelSummary]) -> str:
    """How far down the ticket's mean accuracy stays at or above the lowest dense replicate, level after level."""
    dense, pruned = _dense(summary), _pruned(summary, "ticket")
    if dense is None or not pruned:
        return "How far accuracy holds under pruning is not known yet: it takes the dense network and a pruned level."
    floor = dense.test_accuracy.minimum
    name = "the lowest dense replicate" if dense.replicates > 1 else "the dense network"
    held = list(takewhile(lambda ticket: ticket.test_accuracy.mean >= floor, pruned))
    start = f"The ticket's test accuracy at early stop, {replicates(*(ticket.replicates for ticket in pruned))}, "
    if len(held) == len(pruned):
        return (
            f"{start}is at or above {name} ({percent(floor)}) at every level, down to {_density(pruned[-1])} remaining."
        )
    fallen = pruned[len(held)]
    fall = f"below {name} ({percent(floor)}) at {_density(fallen)} remaining ({percent(fallen.test_accuracy.mean)})"
    if not held:
        return f"{start}is {fall}, the first pruned level."
    return f"{start}holds down to {_density(held[-1])} of the weights remaining and first falls {fall}."


def _step(level: LevelSummary) -> str:
    return f"{level.early_stop_step.mean:,.0f}"


def _density(level: LevelSummary) -> str:
    return f"{short_percent(level.density_percent)}%"


def _densities(pruned: Sequence[LevelSummary]) -> str:
    ends = dict.fromkeys((_density(pruned[0]), _density(pruned[-1])))
    return " to ".join(ends)
