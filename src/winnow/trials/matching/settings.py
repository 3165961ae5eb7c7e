"""What a matching run is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from winnow.trials.composition import TierRules
from winnow.trials.patients import NoteRules
from winnow.trials.scoring import Policy


@dataclass(frozen=True)
class MatchSettings:
    """The settings of a run; with the engine's name and the inputs they are its identity.

    Attributes:
        as_of: no later note is used, and ages and windows count from it; each patient's last note when None.
        rules: which notes are read.
        policy: thresholds, priors and weights.
        by: the score that ranks: "counting", "iterative" or "weighted".
        top: only the best trials by retrieval are assessed, this many a patient; all of them when None. Those left out
            are listed, never dropped silently.
        evidence: sentences a question's answer may rest on.
        batch: questions answered between two writes to the store.
        tiers: how criteria are sorted into tiers.
    """

    as_of: date | None = None
    rules: NoteRules = field(default_factory=NoteRules)
    policy: Policy = field(default_factory=Policy)
    by: str = "weighted"
    top: int | None = None
    evidence: int = 8
    batch: int = 64
    tiers: TierRules = field(default_factory=TierRules)
