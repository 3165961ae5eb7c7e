"""The worklist as one HTML file: no network, no font, one script of our own that its policy names by its hash."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

TIER_NAMES = {1: "disease and histology", 2: "stage", 3: "biomarkers and prior therapy", 4: "everything else"}
SUMMARIES = ("no conflict found", "questions open", "conflict found")
_TAGS = {
    "no conflict found": "met",
    "questions open": "open",
    "conflict found": "conflict",
    "met": "met",
    "not met": "conflict",
    "n/a": "open",
}


def render_worklist(document: Mapping[str, Any]) -> str:
    """The page of a worklist document (`winnow.trials.report.worklist`).

    Every text of it is escaped; the one script is allowed by its hash, so a script that came in with a note never runs.
    """
    script = _file("worklist.js")
    style = resources.files("winnow.reports").joinpath("templates/page.css").read_text() + _file("worklist.css")
    trials = document["trials"]
    return _environment().get_template("worklist.html").render(
        d=document,
        style=Markup(style),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=_json(document),
        names=TIER_NAMES,
        tiers=[{"number": number, "name": name} for number, name in TIER_NAMES.items()],
        summaries=SUMMARIES,
        statuses=sorted({trial["status"] for trial in trials if trial["status"]}),
        phases=sorted({phase for trial in trials for phase in trial["phases"]}),
        tag=_TAGS,
        days={note["id"]: note["day"] for note in document["notes"]},
    )  # fmt: skip


def _json(document: Mapping[str, Any]) -> Markup:
    """What the script needs, safe inside a script element."""
    needed = {"patient": {"id": document["patient"]["id"]}, "notes": document["notes"], "run": document.get("run", "")}
    # "<" would let a note's "</script>" or "<!--" end the element.
    return Markup(json.dumps(needed, ensure_ascii=False).replace("<", "\\u003c"))


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("winnow.trials.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _file(name: str) -> str:
    return resources.files("winnow.trials.report").joinpath("templates", name).read_text()
