"""Eligibility text split into criteria."""

from __future__ import annotations

import re

from winnow.trials.criteria.criterion import Criterion
from winnow.trials.criteria.layout import Layout, lay_out
from winnow.trials.criteria.leads import is_pure_lead, stated_connective
from winnow.trials.criteria.nesting import grow, walk
from winnow.trials.criteria.nodes import Node
from winnow.trials.criteria.sections import states_exclusion
from winnow.trials.criteria.titles import EXCLUSION, INCLUSION
from winnow.trials.registry import Trial

_HEALTHY = re.compile(r"\bhealthy\b", re.IGNORECASE)


def split_criteria(trial: Trial) -> tuple[Criterion, ...]:
    """The trial's criteria: the registry's fields (age, sex, condition), then inclusion, then exclusion, in text order.

    Spans of one trial are disjoint. Text that stands below no heading is inclusion; in a text without any heading a
    line that states an exclusion ("Exclude patients with ...") is one. What is no criterion is told by `account`.
    """
    roots, _ = grown(trial.eligibility)
    found = list(_registered(trial))
    for kind in (INCLUSION, EXCLUSION):
        for number, node in enumerate((root for root in roots if root.kind == kind), start=1):
            found.append(_criterion(trial, node, f"{trial.trial_id}/{kind[0]}{number:02d}"))
    return tuple(found)


def grown(text: str) -> tuple[list[Node], Layout]:
    """The top-level nodes in text order, and the layout they came from."""
    layout = lay_out(text)
    roots = [root for block in layout.blocks for root in grow(text, block)]
    if not layout.is_sectioned:
        for root in roots:
            if states_exclusion(root.own(text)):
                for node in walk([root]):
                    node.kind = EXCLUSION
    return roots, layout


def _criterion(trial: Trial, node: Node, criterion_id: str) -> Criterion:
    own = node.own(trial.eligibility)
    words = [child.own(trial.eligibility) for child in node.children]
    return Criterion(
        criterion_id=criterion_id,
        trial_id=trial.trial_id,
        kind=node.kind,
        text=own,
        start=node.start,
        end=node.end,
        headings=node.headings,
        cohort=node.cohort,
        children=tuple(
            _criterion(trial, child, f"{criterion_id}.{number}") for number, child in enumerate(node.children, start=1)
        ),
        connective=stated_connective(own, words) if words else "unstated",
        lead_in=bool(words) and is_pure_lead(own),
    )


def _registered(trial: Trial) -> list[Criterion]:
    """The registry's own fields as criteria; an absent bound asks nothing."""
    low, high = trial.minimum_age, trial.maximum_age
    found = []
    if low is not None or high is not None:
        found.append(Criterion(f"{trial.trial_id}/age", trial.trial_id, INCLUSION, _age_words(low, high)))
    if trial.sex != "all":
        found.append(Criterion(f"{trial.trial_id}/sex", trial.trial_id, INCLUSION, f"Sex: {trial.sex}"))
    studied = [name for name in trial.conditions if not _HEALTHY.search(name)]
    if studied:
        # A trial seldom repeats its disease among the criteria; without it, trials of any disease would rank alike.
        found.append(
            Criterion(f"{trial.trial_id}/condition", trial.trial_id, INCLUSION, f"Condition: {'; '.join(studied)}")
        )
    return found


def _age_words(low: float | None, high: float | None) -> str:
    if high is None:
        return f"Age: {low:g} years or older"
    return f"Age: up to {high:g} years" if low is None else f"Age: {low:g} years to {high:g} years"
