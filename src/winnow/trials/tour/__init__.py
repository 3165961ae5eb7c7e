"""Three fictional patients and twelve fictional trials for `winnow tour`; README.md here tells their stories."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

AS_OF = date(2025, 6, 30)


def tour_patients() -> Path:
    """The folder of the patients: a FHIR Bundle, a folder of notes and a file of JSON lines."""
    return _here() / "patients"


def tour_trials() -> Path:
    """The folder of the trials, one ClinicalTrials.gov v2 study a file."""
    return _here() / "trials"


def tour_expected() -> dict[str, Any]:
    """What the authors meant: "fit" by patient, "answers" to criteria with the words that show them, "traps"."""
    return json.loads((_here() / "expected.json").read_text(encoding="utf-8"))


def _here() -> Path:
    return Path(str(files("winnow.trials.tour")))
