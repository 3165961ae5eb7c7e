"""A study as the ClinicalTrials.gov API, version 2, describes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from winnow.trials.registry.ages import read_age, read_sex
from winnow.trials.registry.trial import Trial

T = TypeVar("T")

# The API writes markdown: "\\>=" is how ">=" is registered. A backslash before any other character stays.
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def study_trial(study: object, source: str) -> tuple[Trial, list[str]]:
    """The trial of one v2 study, and what in it was not understood; an unclear bound is no bound.

    The API's markdown escapes are taken back; otherwise the eligibility text is as registered.

    Raises:
        ValueError: when it is no v2 study at all.
    """
    if not isinstance(study, dict) or not isinstance(study.get("protocolSection"), dict):
        raise ValueError("not a study of the ClinicalTrials.gov API v2 (no protocolSection)")
    modules: dict[str, Any] = study["protocolSection"]
    named, eligibility = _module(modules, "identification"), _module(modules, "eligibility")
    doubts: list[str] = []
    trial = Trial(
        trial_id=_words(named.get("nctId")),
        title=_words(named.get("briefTitle")) or _words(named.get("officialTitle")),
        eligibility=_ESCAPE.sub(r"\1", str(eligibility.get("eligibilityCriteria") or "")),
        conditions=_list(_module(modules, "conditions").get("conditions")),
        interventions=_interventions(modules),
        phases=_list(_module(modules, "design").get("phases")),
        keywords=_list(_module(modules, "conditions").get("keywords")),
        status=_words(_module(modules, "status").get("overallStatus")) or None,
        sex=or_doubt(read_sex, eligibility.get("sex"), "all", doubts),
        minimum_age=or_doubt(read_age, eligibility.get("minimumAge"), None, doubts),
        maximum_age=or_doubt(read_age, eligibility.get("maximumAge"), None, doubts),
        healthy_volunteers=_yes(eligibility.get("healthyVolunteers")),
        summary=_words(_module(modules, "description").get("briefSummary")),
        source=source,
    )
    return trial, [f"{trial.trial_id}: {doubt}" for doubt in doubts]


def or_doubt(read: Callable[[object], T], words: object, otherwise: T, doubts: list[str]) -> T:
    """What `read` makes of the words; `otherwise`, with the reason noted, when it cannot."""
    try:
        return read(words)
    except ValueError as error:
        doubts.append(f"{error}; taken as no bound")
        return otherwise


def _module(modules: dict[str, Any], name: str) -> dict[str, Any]:
    found = modules.get(f"{name}Module")
    return found if isinstance(found, dict) else {}


def _interventions(modules: dict[str, Any]) -> tuple[str, ...]:
    listed = _module(modules, "armsInterventions").get("interventions")
    named = [one.get("name") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return _list(named)


def _list(values: object) -> tuple[str, ...]:
    if isinstance(values, str):
        values = [values]
    return tuple(word for word in map(_words, values) if word) if isinstance(values, (list, tuple)) else ()


def _words(value: object) -> str:
    return "" if value is None else str(value).strip()


def _yes(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"yes": True, "true": True, "no": False, "false": False}.get(_words(value).lower())
