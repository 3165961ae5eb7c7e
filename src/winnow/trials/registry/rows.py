"""A trial as a row of a table: one column a field, lists as lists or as words between bars or semicolons."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from winnow.trials.registry.ages import read_age, read_sex
from winnow.trials.registry.study import or_doubt
from winnow.trials.registry.trial import Trial

# Names under which tables carry a field, most specific first; compared without case, spaces and underscores.
_NAMES = {
    "trial_id": ("nct_id", "nct_number", "trial_id", "id"),
    "title": ("brief_title", "study_title", "title"),
    "eligibility": ("eligibility_criteria", "eligibility", "criteria"),
    "inclusion": ("inclusion_criteria", "inclusion"),
    "exclusion": ("exclusion_criteria", "exclusion"),
    "conditions": ("conditions", "condition", "diseases"),
    "interventions": ("interventions", "intervention", "drugs"),
    "phases": ("phases", "phase"),
    "keywords": ("keywords",),
    "status": ("overall_status", "study_status", "status"),
    "sex": ("sex", "gender"),
    "minimum_age": ("minimum_age", "min_age"),
    "maximum_age": ("maximum_age", "max_age"),
    "summary": ("brief_summary", "summary"),
}
# The pool's texts were cut at "exclusion criteria", so that its colon leads the second half.
_OWN_INCLUSION = re.compile(r"\s*inclusion criteria\s*:?[ \t]*(?:\n|$)", re.IGNORECASE)
_OWN_EXCLUSION = re.compile(r"\s*(?:exclusion criteria\s*)?:?[ \t]*(?:\n|$)", re.IGNORECASE)


def is_trial_table(columns: list[str]) -> bool:
    """Whether these columns can be a table of trials: an id and some eligibility text."""
    row = dict.fromkeys(columns, "x")
    return bool(_field(row, "trial_id")) and any(
        _field(row, name) for name in ("eligibility", "inclusion", "exclusion")
    )


def row_trial(row: Mapping[str, Any], source: str) -> tuple[Trial, list[str]]:
    """The trial of one row, and what in it was not understood. Columns that are not there leave their default."""
    doubts: list[str] = []
    trial_id = _words(_field(row, "trial_id"))
    trial = Trial(
        trial_id=trial_id,
        title=_words(_field(row, "title")),
        eligibility=_eligibility(row),
        conditions=_listed(_field(row, "conditions")),
        interventions=_listed(_field(row, "interventions")),
        phases=_listed(_field(row, "phases")),
        keywords=_listed(_field(row, "keywords")),
        status=_words(_field(row, "status")) or None,
        sex=or_doubt(read_sex, _field(row, "sex"), "all", doubts),
        minimum_age=or_doubt(read_age, _field(row, "minimum_age"), None, doubts),
        maximum_age=or_doubt(read_age, _field(row, "maximum_age"), None, doubts),
        summary=_words(_field(row, "summary")),
        source=source,
    )
    return trial, [f"{trial_id}: {doubt}" for doubt in doubts]


def _eligibility(row: Mapping[str, Any]) -> str:
    """The whole text; composed of both halves, each under its heading, when the table keeps them apart."""
    whole = _field(row, "eligibility")
    if _words(whole):
        return str(whole)
    inclusion, exclusion = str(_field(row, "inclusion") or ""), str(_field(row, "exclusion") or "")
    parts = []
    if inclusion.strip():
        parts.append("Inclusion Criteria:\n\n" + _OWN_INCLUSION.sub("", inclusion, count=1).strip("\r\n"))
    if exclusion.strip():
        parts.append("Exclusion Criteria:\n\n" + _OWN_EXCLUSION.sub("", exclusion, count=1).strip("\r\n"))
    return "\n\n".join(parts)


def _field(row: Mapping[str, Any], name: str) -> Any:
    plain = {_plain(column): value for column, value in row.items() if isinstance(column, str)}
    return next((plain[_plain(alias)] for alias in _NAMES[name] if _plain(alias) in plain), None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", "", name).lower()


def _listed(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = _from_literal(value) or re.split(r"\s*[|;]\s*", value)
    return tuple(word for word in map(_words, value) if word) if isinstance(value, (list, tuple)) else ()


def _from_literal(text: str) -> list[Any] | None:
    """A list written out as Python or JSON does, as table exports often keep one."""
    if not text.lstrip().startswith("["):
        return None
    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _words(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()
