"""What changed between two worklists of one patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from winnow.trials.scoring import Standing, Verdict


@dataclass(frozen=True)
class VerdictChange:
    """One criterion that is seen otherwise now; None where it was not assessed."""

    trial_id: str
    criterion_id: str
    before: Verdict | None
    after: Verdict | None


@dataclass(frozen=True)
class RankChange:
    """One trial's place and score; a place is 1 for the best, None where it was not assessed."""

    trial_id: str
    place_before: int | None
    place_after: int | None
    score_before: float | None
    score_after: float | None


@dataclass(frozen=True)
class Difference:
    """Two worklists compared.

    Attributes:
        verdicts: criteria whose outcome or reason changed, in the order of the later worklist.
        ranks: trials whose place or score changed, in the order of the later worklist.
    """

    verdicts: tuple[VerdictChange, ...]
    ranks: tuple[RankChange, ...]


def difference(before: Sequence[Standing], after: Sequence[Standing], by: str = "weighted") -> Difference:
    """Compare two rankings, each best first."""
    trials = [s.trial_id for s in after] + [s.trial_id for s in before if s.trial_id not in {a.trial_id for a in after}]
    old, new = {s.trial_id: s for s in before}, {s.trial_id: s for s in after}
    verdicts = [change for trial in trials for change in _verdicts(trial, old.get(trial), new.get(trial))]
    places = _places(before), _places(after)
    ranks = [
        RankChange(t, places[0].get(t), places[1].get(t), _score(old.get(t), by), _score(new.get(t), by))
        for t in trials
    ]
    moved = [r for r in ranks if (r.place_before, r.score_before) != (r.place_after, r.score_after)]
    return Difference(tuple(verdicts), tuple(moved))


def _verdicts(trial_id: str, before: Standing | None, after: Standing | None) -> list[VerdictChange]:
    old = {v.criterion_id: v for v in before.verdicts} if before else {}
    new = {v.criterion_id: v for v in after.verdicts} if after else {}
    changed = [c for c in [*new, *(c for c in old if c not in new)] if _seen(old.get(c)) != _seen(new.get(c))]
    return [VerdictChange(trial_id, c, old.get(c), new.get(c)) for c in changed]


def _seen(verdict: Verdict | None) -> tuple[str, str, bool] | None:
    return (verdict.outcome, verdict.reason, verdict.assumed) if verdict else None


def _places(standings: Sequence[Standing]) -> dict[str, int]:
    return {s.trial_id: place for place, s in enumerate(standings, start=1)}


def _score(standing: Standing | None, by: str) -> float | None:
    return standing.scores[by] if standing else None
