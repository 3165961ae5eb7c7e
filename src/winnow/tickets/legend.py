"""What the words of a run's page mean, and over how many replicates its numbers are. No torch."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from winnow.reports import Details, Points
from winnow.reports.theme import noise_amount
from winnow.tickets.summary import LevelSummary, series

_BRANCHES = {
    "ticket": "Ticket: the surviving weights, reset and trained again; level 0 is the dense network.",
    "reinit": "Reinit: the ticket's mask on fresh initial weights.",
    "random": "Random: a random mask with the ticket's density in every layer, on fresh initial weights.",
    "shuffled": "Shuffled: the ticket's start weights under its mask shuffled within every layer.",
    "at-init": "At-init: the mask of each layer's largest weights at initialisation, as many as the ticket has.",
    "resampled": "Resampled: the ticket's mask; each start weight drawn anew from the ticket's own in its layer.",
    "signs": "Signs: the ticket's mask; each start weight is its sign times its layer's deviation.",
}
_NOISE = (
    "Noise-X: the ticket with Gaussian noise of X deviations of its layer's initial weights added to its start weights."
)


def count(summary: Sequence[LevelSummary]) -> str:
    """ "3 replicates", "1 to 3 replicates", or, with draws of controls, "3 replicates, 9 of every control"."""
    tickets = {level.replicates for level in series(summary, "ticket")}
    others = {level.replicates for level in summary if level.branch != "ticket"}
    if len(tickets) == len(others) == 1 and max(others) > max(tickets):
        return f"{_counted(tickets)}, {max(others)} of every control"
    return _counted(tickets | others)


def _counted(counts: Collection[int]) -> str:
    low, high = min(counts), max(counts)
    if low == high:
        return "1 replicate" if high == 1 else f"{high} replicates"
    return f"{low} to {high} replicates"


def legend(summary: Sequence[LevelSummary]) -> Details:
    """The branches that a run has, and the words of its page, folded."""
    present = dict.fromkeys(level.branch for level in summary)
    told = [_BRANCHES[branch] for branch in present if branch in _BRANCHES]
    told += [_NOISE] if any(noise_amount(branch) is not None for branch in present) else []
    stop = (
        "Early stop: the step of minimum validation loss, found after training to the end (Frankle and Carbin, 2019). "
        "Test accuracy is taken there; the test set selects nothing."
    )
    wins = "A ticket wins when, by the means, it stops no later than the dense network and is no less accurate there."
    return Details("What the words mean", (Points((*told, stop, wins)),))
