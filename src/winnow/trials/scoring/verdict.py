"""From the answers of a criterion's questions to met, not met or N/A."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from winnow.trials.answering.answer import (
    ANSWERED,
    ERROR,
    NOT_APPLICABLE,
    NOT_DOCUMENTED,
    NOT_EVALUATED,
    Answer,
)
from winnow.trials.composition import Composed
from winnow.trials.scoring.policy import Policy
from winnow.trials.scoring.probability import occurrences, probability

MET, NOT_MET, UNKNOWN = "met", "not met", "n/a"
REVIEWED = "reviewed"
_CERTAIN = {MET: 1.0, NOT_MET: 0.0, UNKNOWN: 0.5}


@dataclass(frozen=True)
class Verdict:
    """What is known about one criterion.

    Attributes:
        criterion_id, kind, tier: which.
        outcome: "met", "not met" or "n/a". For an exclusion criterion "met" means that it does not exclude.
        probability: P(met).
        reason: "answered"; for "n/a" why: "not documented", "not applicable", "error" or "not evaluated"; "reviewed"
            when a reviewer overrode it.
        assumed: True when it is only met because what no note mentions was taken as absent.
    """

    criterion_id: str
    kind: str
    tier: int
    outcome: str
    probability: float
    reason: str
    assumed: bool = False

    @property
    def counts(self) -> bool:
        """Whether it belongs to the total: all do but those that do not apply to this patient."""
        return self.reason != NOT_APPLICABLE


def decide(composed: Composed, answers: Mapping[str, Answer], policy: Policy) -> Verdict:
    """The verdict on a criterion.

    The thresholds are the paper's. Ours is that only evidence decides: of two unknown facts that must both hold, P is
    0.25 and below the threshold, yet nothing speaks against the patient. So P must also lie beyond what it is when
    nothing at all is known, on the side of the verdict.

    Args:
        composed: the criterion, its questions and form.
        answers: by question id; a missing one is "not evaluated".
        policy: thresholds and priors.
    """
    statuses = [_status(composed, answers, number) for number, _ in occurrences(composed.form)]
    # What asks nothing ("both genders are eligible") demands nothing: it belongs to no total.
    if all(status == NOT_APPLICABLE for status in statuses):
        return _verdict(composed, UNKNOWN, policy.prior, NOT_APPLICABLE)
    chance = _met(composed, answers, policy, policy.closed_world)
    outcome = _outcome(composed, chance, policy)
    if outcome == UNKNOWN:
        return _verdict(composed, UNKNOWN, chance, _why(statuses))
    open_world = _met(composed, answers, policy, False)
    assumed = policy.closed_world and outcome == MET and _outcome(composed, open_world, policy) != MET
    return _verdict(composed, outcome, chance, NOT_DOCUMENTED if assumed else ANSWERED, assumed)


def overridden(verdict: Verdict, outcome: str | None) -> Verdict:
    """The verdict that a reviewer put in its place; itself when there is none."""
    if outcome is None:
        return verdict
    return replace(verdict, outcome=outcome, probability=_CERTAIN[outcome], reason=REVIEWED, assumed=False)


def _outcome(composed: Composed, chance: float, policy: Policy) -> str:
    ignorant = _met(composed, {}, policy, False)
    if chance > max(policy.met_above, ignorant):
        return MET
    if chance < min(policy.not_met_below, ignorant):
        return NOT_MET
    return UNKNOWN


def _met(composed: Composed, answers: Mapping[str, Answer], policy: Policy, closed_world: bool) -> float:
    exclusion = composed.criterion.kind == "exclusion"

    def leaf(number: int, sign: bool) -> float:
        answer = answers.get(composed.questions[number].question_id)
        # The value of the fact that lets the patient in: what the form's sign and the criterion's kind ask for.
        favourable = float(sign != exclusion)
        if answer is None:
            return policy.prior
        if answer.status == ANSWERED:
            hard = float(answer.value == "yes")
            return answer.probability if policy.soft else hard
        if answer.status == NOT_APPLICABLE:
            return favourable
        # Assuming absence must never count against a patient: only where absence lets them in.
        if answer.status == NOT_DOCUMENTED and closed_world and exclusion and favourable == 0.0:
            return policy.absent_prior
        return policy.prior

    holds = probability(composed.form, leaf)
    return 1 - holds if exclusion else holds


def _status(composed: Composed, answers: Mapping[str, Answer], number: int) -> str:
    answer = answers.get(composed.questions[number].question_id)
    return NOT_EVALUATED if answer is None else answer.status


def _why(statuses: list[str]) -> str:
    """The most serious reason first: an error hides behind no "not documented"."""
    return next((s for s in (ERROR, NOT_EVALUATED, NOT_DOCUMENTED) if s in statuses), ANSWERED)


def _verdict(composed: Composed, outcome: str, chance: float, reason: str, assumed: bool = False) -> Verdict:
    criterion = composed.criterion
    return Verdict(criterion.criterion_id, criterion.kind, composed.tier, outcome, chance, reason, assumed)
