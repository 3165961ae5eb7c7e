"""An account of an eligibility text: what every character of it became."""

from __future__ import annotations

import re

from winnow.trials.criteria.layout import BULLET, CRITERION
from winnow.trials.criteria.nesting import walk
from winnow.trials.criteria.split import grown
from winnow.trials.registry import Trial


def account(trial: Trial) -> list[tuple[int, int, str]]:
    """Start, end and role of disjoint spans, in order, that together hold every character but white space.

    Roles: "heading", "criterion" (a criterion's own words), "bullet" (list marks and separators), "not a demand"
    ("Not specified", "See Disease Characteristics").
    """
    roots, layout = grown(trial.eligibility)
    told = [*layout.spans, *((node.start, node.end, CRITERION) for node in walk(roots))]
    return _with_bullets(trial.eligibility, sorted(_outside(told)))


def leftover(trial: Trial) -> list[str]:
    """The words that are neither heading nor criterion, in order."""
    return [trial.eligibility[start:end] for start, end, role in account(trial) if role == "not a demand"]


def _outside(told: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The spans without those that lie inside a criterion, as an "or" between two alternatives does."""
    held = [(start, end) for start, end, role in told if role == CRITERION]
    return [
        one for one in told if one[2] == CRITERION or not any(start <= one[0] and one[1] <= end for start, end in held)
    ]


def _with_bullets(text: str, told: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    spans, at = [], 0
    for start, end, role in [*told, (len(text), len(text), "")]:
        spans += [(at + gap.start(), at + gap.end(), BULLET) for gap in re.finditer(r"\S+", text[at:start])]
        if role:
            spans.append((start, end, role))
        at = end
    return spans
