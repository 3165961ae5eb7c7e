"""Labels that only name a topic, above all those of the National Cancer Institute's older texts."""

from __future__ import annotations

import re

from winnow.trials.criteria.titles import LONGEST, Heading, plain

_LABELS = (
    r"disease characteristics|patient characteristics|prior\s*/?\s*concurrent therapy|prior or concurrent therapy|age|"
    "sex|menopausal status|performance status|life expectancy|hematopoietic|hepatic|renal|cardiovascular|pulmonary|"
    "neurologic|immunologic|gastrointestinal|metabolic|hematologic|other|biologic therapy|chemotherapy|"
    "endocrine therapy|hormonal therapy|radiotherapy|surgery|hormone receptor status|general|demographics|"
    "characteristics|target population|consent|medical history|laboratory|laboratory values|laboratory tests"
)
_LABEL = re.compile(rf"(?:{_LABELS})\s*:?", re.IGNORECASE)
_INSIDE = re.compile(rf"(?<![\w-])(?:{_LABELS})\s*:(?=\s|$)", re.IGNORECASE)
_RUN_ON = re.compile(r"\b(?:CHARACTERISTICS|CONCURRENT THERAPY):")
_MAIN = ("disease characteristics", "patient characteristics", "prior")
_PEOPLE = re.compile(r"(?:for )?(?:patients|participants|subjects|women|men)\b", re.IGNORECASE)


def label_heading(text: str) -> Heading | None:
    """A label: "Hepatic:", "PATIENT CHARACTERISTICS:", "**Laboratory**"; or None.

    Capitals that name people ("PATIENTS WITH BREAST CANCER:") are a cohort's heading.
    """
    bare = plain(text) if len(text) <= LONGEST else ""
    if not bare or len(bare.split()) > 8:
        return None
    shouted = bare.isupper() and bare.endswith(":") and len(re.findall(r"[A-Z]{4,}", bare)) >= 2
    if shouted and _PEOPLE.match(bare):
        return Heading("cohort", None, bare.rstrip(": "), len(text))
    if shouted or _LABEL.fullmatch(bare) or _is_set_off(text.strip()):
        return Heading("label", None, None, len(text))
    return None


def is_main_label(text: str) -> bool:
    """Whether a label stands above others, as the National Cancer Institute's three do."""
    return plain(text).lower().startswith(_MAIN)


def labels_inside(text: str) -> list[tuple[int, int]]:
    """Spans of the labels of a run-on line in the style of the National Cancer Institute; empty for other lines."""
    if not _RUN_ON.search(text):
        return []
    return [match.span() for match in _INSIDE.finditer(text) if text[match.start()].isupper()]


def _is_set_off(text: str) -> bool:
    """Whether markdown makes the whole line bold or a heading."""
    bold = text.startswith(("**", "__")) and text.rstrip(":").endswith(("**", "__"))
    return bold or text.startswith("#")
