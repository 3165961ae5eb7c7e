"""What reading trials gives: the trials, and a list of everything that was not understood."""

from __future__ import annotations

from dataclasses import dataclass

from winnow.trials.registry.trial import Trial


@dataclass(frozen=True)
class Unread:
    """Something in the input that was not understood: where, and why."""

    source: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """Trials with distinct ids, in the order of the input, and what was left out or doubtful.

    Attributes:
        trials: every study that has an id and an eligibility text.
        unread: one entry for each study that was left out (no id, no eligibility text, an id seen before), each file
            or line that could not be read, and each field whose value was not understood.
    """

    trials: list[Trial]
    unread: list[Unread]


class Gathering:
    """Collects trials while files are read; keeps the first of every id."""

    def __init__(self) -> None:
        self._trials: dict[str, Trial] = {}
        self._unread: list[Unread] = []

    def keep(self, trial: Trial, source: str) -> None:
        """Take a trial, or list it when its id was seen before or it says nothing about eligibility."""
        if not trial.trial_id:
            self.leave(source, "a study without an id")
        elif not trial.eligibility.strip():
            self.leave(source, f"{trial.trial_id} has no eligibility text")
        elif trial.trial_id in self._trials:
            first = self._trials[trial.trial_id]
            same = "the same text" if first.eligibility == trial.eligibility else "another text"
            self.leave(source, f"{trial.trial_id} again, with {same}; the first one is kept")
        else:
            self._trials[trial.trial_id] = trial

    def leave(self, source: str, reason: str) -> None:
        """List something that was not understood."""
        self._unread.append(Unread(source, reason))

    def reading(self) -> Reading:
        """Everything so far."""
        return Reading(list(self._trials.values()), list(self._unread))

    def __len__(self) -> int:
        return len(self._trials)
