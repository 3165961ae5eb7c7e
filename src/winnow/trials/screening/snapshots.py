"""Standings as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterable

from winnow.core import plain
from winnow.trials.scoring import Policy, Standing, Verdict, standing
from winnow.trials.store import Snapshot


def snapshots_of(standings: Iterable[Standing]) -> list[Snapshot]:
    """One snapshot a pair: its verdicts; scores are computed again under the policy of whoever asks."""
    return [Snapshot(s.patient_id, s.trial_id, {"verdicts": [plain(v) for v in s.verdicts]}) for s in standings]


def standings_of(snapshots: Iterable[Snapshot], policy: Policy) -> list[Standing]:
    """The standings that snapshots tell of."""
    return [
        standing(one.patient_id, one.trial_id, [Verdict(**v) for v in one.result["verdicts"]], policy)
        for one in snapshots
    ]
