"""A few sentences about a run, true whatever came out. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from winnow.reports.theme import noise_amount
from winnow.reports.words import margin, percent, replicates, short_percent
from winnow.tickets.summary import LevelSummary, series

# What each control is, as the second half of "the ticket stops at ..., and ... at ...".
_CONTROLS = {
    "reinit": "the same mask with fresh initial weights",
    "random": "a random mask of the same layer densities",
    "shuffled": "the ticket's start weights under its mask shuffled within every layer",
    "at-init": "the mask of the largest initial weights",
    "resampled": "the same mask with start weights drawn anew from the ticket's own",
    "signs": "the same mask with every start weight set to its sign times one constant a layer",
}


def winning_ticket(summary: Sequence[LevelSummary]) -> LevelSummary | None:
    """The sparsest ticket that wins (section 1): by the means it stops no later than the dense network and is no less
    accurate. None when there is no such ticket.
    """
    tickets = series(summary, "ticket")
    if not tickets or tickets[0].level != 0:
        return None
    winners = [ticket for ticket in tickets[1:] if wins(ticket, tickets[0])]
    return min(winners, key=lambda ticket: ticket.density_percent, default=None)


def findings(summary: Sequence[LevelSummary], recipe: Mapping[str, Any] | None = None) -> list[str]:
    """Three sentences: is there a winning ticket; does its init matter; do its connections matter, or, without a random
    control, how far accuracy holds. Then one for every other control, and one for noise of all strengths.

    Args:
        summary: of one run.
        recipe: the run's recipe as plain data; a run that was pruned before training is then told as one.
    """
    others = [_against(summary, branch) for branch in _CONTROLS if branch not in ("reinit", "random")]
    first = [_win(summary, recipe or {}), _against_reinit(summary), _against(summary, "random") or _holding(summary)]
    return first + [sentence for sentence in (*others, _against_noise(summary)) if sentence]


def wins(ticket: LevelSummary, dense: LevelSummary) -> bool:
    """Whether, by the means, it stops no later than the dense network and is no less accurate there."""
    no_later = ticket.early_stop_step.mean <= dense.early_stop_step.mean
    return no_later and ticket.test_accuracy.mean >= dense.test_accuracy.mean


def _dense(summary: Sequence[LevelSummary]) -> LevelSummary | None:
    return next((level for level in series(summary, "ticket") if level.level == 0), None)


def _pruned(summary: Sequence[LevelSummary], branch: str) -> list[LevelSummary]:
    return [level for level in series(summary, branch) if level.level > 0]


def _win(summary: Sequence[LevelSummary], recipe: Mapping[str, Any]) -> str:
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
            f"{_opening('No winning ticket was found', recipe)}: at none of {ladder} does the ticket stop no later "
            f"than the dense network (step {step}) with at least its test accuracy ({accuracy}), "
            f"{replicates(dense.replicates, *(ticket.replicates for ticket in pruned))}{_too_short(dense)}."
        )
    return (
        f"{_opening('A winning ticket was found', recipe)} with {_density(winner)} of the weights remaining, the "
        f"sparsest that wins among {ladder}: it stops at step {_step(winner)} against {step} for the dense network, "
        f"with {percent(winner.test_accuracy.mean)} test accuracy against {accuracy} "
        f"(the ticket is {margin(winner.test_accuracy, dense.test_accuracy)}), "
        f"{replicates(dense.replicates, winner.replicates)}{_too_short(dense)}."
    )


def _opening(words: str, recipe: Mapping[str, Any]) -> str:
    """The words, after how the masks came about where they were not taken from trained weights."""
    if recipe.get("rounds") != "at-start":
        return words
    during = recipe.get("during", "none")
    how = (
        f"With masks chosen on the untrained network (score {recipe.get('score')})"
        if during == "none"
        else f"With masks that change while a level trains ({during})"
    )
    return f"{how}, {words[0].lower()}{words[1:]}"


def _too_short(dense: LevelSummary) -> str:
    """A caution when training ended before the dense network's validation loss turned."""
    if dense.early_stop_step.mean < dense.final_step:
        return ""
    return "; the dense network's validation loss was still falling at the last step, so the steps say little yet"


def _against_reinit(summary: Sequence[LevelSummary]) -> str:
    return _against(summary, "reinit") or (
        "No reinit control has finished, so this run does not show whether the ticket's initial weights matter."
    )


def _against(summary: Sequence[LevelSummary], branch: str) -> str | None:
    """The ticket and a control at the sparsest level that both have; None when they share none."""
    pair = _sparsest_shared(summary, branch)
    if pair is None:
        return None
    ticket, control = pair
    return (
        f"With {_density(ticket)} of the weights remaining, the sparsest level that has both, the ticket stops at step "
        f"{_step(ticket)} with {percent(ticket.test_accuracy.mean)} test accuracy, and {_CONTROLS[branch]} at step "
        f"{_step(control)} with {percent(control.test_accuracy.mean)} "
        f"(the ticket is {margin(ticket.test_accuracy, control.test_accuracy)}), "
        f"{replicates(ticket.replicates, control.replicates)}."
    )


def _against_noise(summary: Sequence[LevelSummary]) -> str | None:
    """The ticket and its noisy copies, each at the sparsest level that all of them have."""
    noisy = [branch for branch in dict.fromkeys(s.branch for s in summary) if noise_amount(branch) is not None]
    pairs = [pair for branch in noisy if (pair := _sparsest_shared(summary, branch))]
    if not pairs:
        return None
    ticket = pairs[0][0]
    pairs = [pair for pair in pairs if pair[0].level == ticket.level]
    amounts = _listed([f"{noise_amount(control.branch):g}" for _, control in pairs])
    accuracies = _listed([percent(control.test_accuracy.mean) for _, control in pairs])
    return (
        f"With {_density(ticket)} of the weights remaining and Gaussian noise of {amounts} deviations of the layer's "
        f"initial weights on its start weights, the ticket reaches {accuracies} test accuracy, and without noise "
        f"{percent(ticket.test_accuracy.mean)}, {replicates(ticket.replicates, pairs[0][1].replicates)}."
    )


def _sparsest_shared(summary: Sequence[LevelSummary], branch: str) -> tuple[LevelSummary, LevelSummary] | None:
    controls = {level.level: level for level in _pruned(summary, branch)}
    shared = [ticket for ticket in _pruned(summary, "ticket") if ticket.level in controls]
    if not shared:
        return None
    ticket = min(shared, key=lambda level: level.density_percent)
    return ticket, controls[ticket.level]


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


def _listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
