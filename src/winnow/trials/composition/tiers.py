"""Tiers by clinical importance: disease and histology, stage, biomarkers and prior therapy, the rest.

The order is PRISM's (arXiv 2404.15549, scoring by tiers); the words that decide are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any as AnyValue

from winnow.core import WinnowError

_DISEASE = (
    r"\b(?:histolog|cytolog|patholog)\w*(?:\s+\w+){0,4}\s+(?:confirm|prove|document|verif|diagnos|evidence)\w*",
    r"\bconfirmed\s+(?:diagnosis|\w+\s+(?:cancer|carcinoma))",
    r"\bdiagnos(?:is|ed)\s+(?:of|with)\b",
    r"\b(?:adenocarcinoma|squamous|non-squamous|small[- ]cell|clear[- ]cell|histolog\w+|histotype|subtype)\b",
)
_STAGE = (
    r"\bstages?\s+(?:0|[IVX]+|[1-4])",
    r"\b(?:metasta\w+|locally\s+advanced|unresectable|resectable|inoperable|recurrent|relapsed|early[- ]stage|"
    r"advanced)\b"
    r"(?:\W+\w+){0,4}\W+(?:disease|cancer|carcinoma|tumou?r|setting|melanoma|lymphoma|nsclc|sarcoma)\b",
    r"\b(?:TNM|AJCC|UICC|FIGO|Ann\s+Arbor|Gleason|[ypc]*T[0-4][a-d]?\s*N[0-3x]|M[01]\b|measurable\s+(?:disease|"
    r"lesion))",
)
_THERAPY = (
    r"\b(?:mutat\w+|rearrangement|fusion|amplif\w+|overexpress\w+|expression|wild[- ]type|EGFR(?!\s*[<>≥≤=])|ALK|"
    r"ROS1|BRAF|KRAS|NRAS|HER-?2|BRCA[12]?|"
    r"PD-?L1|MSI|dMMR|estrogen\s+receptor|progesterone\s+receptor|ER[-+/ ]|triple[- ]negative|hormone\s+receptor|"
    r"biomarker|FISH|IHC)\b",
    r"\b(?:prior|previous(?:ly)?|received|treated|pretreated|refractory|progress\w+|failed|failure\s+of|"
    r"intoleran\w+|naive|lines?\s+of|washout)\b"
    r"(?:\W+[\w-]+){0,8}\W*\b(?:therap\w+|treat\w+|chemo\w*|radio\w*|radiation|immuno\w*|surgery|transplant\w*|"
    r"regimens?|inhibitors?|antibod\w+|"
    r"agents?|systemic|platinum|taxane|endocrine|\w+mab|\w+nib|\w+platin)\b",
    r"\b(?:chemotherapy|radiotherapy|radiation\s+therapy|immunotherapy|systemic\s+therapy|targeted\s+therapy)\b",
    r"\btreatment[- ]na[iï]ve\b",
)


@dataclass(frozen=True)
class TierRules:
    """Patterns (regular expressions, without regard to case) that put a criterion in a tier; the first tier wins.

    Attributes:
        disease, stage, therapy: of tier 1, 2 and 3; what matches none is tier 4.
        kinds: the kinds of criteria ("inclusion", "exclusion") that tiers 1 and 2 are for: an excluded second cancer
            is not the trial's disease.
    """

    disease: tuple[str, ...] = _DISEASE
    stage: tuple[str, ...] = _STAGE
    therapy: tuple[str, ...] = _THERAPY
    kinds: tuple[str, ...] = field(default=("inclusion",))

    @classmethod
    def from_json(cls, content: Mapping[str, AnyValue]) -> TierRules:
        """From a JSON object with any of the attributes as lists of strings.

        Raises:
            WinnowError: WN-C01 for an unknown key, a value that is no list of strings or a broken pattern.
        """
        known = {one.name for one in fields(cls)}
        for key, values in content.items():
            if key not in known or not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
                raise WinnowError(
                    "WN-C01", "a tier rule that is not a list of patterns", where=key, fix=f"Use {sorted(known)}."
                )
            _check_patterns(key, values)
        return cls(**{key: tuple(values) for key, values in content.items()})


def tier_of(
    text: str, conditions: tuple[str, ...] = (), rules: TierRules | None = None, kind: str = "inclusion"
) -> int:
    """1 to 4.

    Args:
        text: the criterion's words, its children's included.
        conditions: the trial's: a criterion that names one of them is about the disease, unless it is about treatment.
        rules: the patterns.
        kind: "inclusion" or "exclusion".
    """
    rules = rules or TierRules()
    about_disease = kind in rules.kinds
    if about_disease and _any_match(rules.disease, text):
        return 1
    therapy = _any_match(rules.therapy, text)
    if about_disease and _any_match(rules.stage, text) and not therapy:
        return 2
    if about_disease and not therapy and any(_names(text, condition) for condition in conditions):
        return 1
    return 3 if therapy else 4


def _any_match(patterns: tuple[str, ...], text: str) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def _names(text: str, condition: str) -> bool:
    """Whether the text names a condition: all its words of four letters or more."""
    words = [
        word for word in re.findall(r"[a-z]{4,}", condition.lower()) if word not in ("stage", "adult", "neoplasms")
    ]
    return bool(words) and all(re.search(rf"\b{word.rstrip('s')}", text.lower()) for word in words)


def _check_patterns(key: str, patterns: list[str] | tuple[str, ...]) -> None:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise WinnowError("WN-C01", f"a tier pattern that cannot be read: {error}", where=key) from error
