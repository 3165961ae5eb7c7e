"""Made pairs: real criterion lines with invented evidence, so that a reader learns to read before it learns labels.

Experts' answers are few, and most of what they teach is which criteria go unmentioned. A made pair's line is the same
whether the fact is stated, denied, told of a relative, only planned, or not mentioned: nothing but the evidence tells
the answer. All sentences are our own templates; the lines and the names in them come from a corpus of criteria.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from winnow.core import WinnowError
from winnow.trials.tuning.made_words import CONDITION, DRUG, OPENINGS, PROCEDURE, TOLD

_KINDS = {"Condition-Name": CONDITION, "Procedure-Name": PROCEDURE, "Drug-Name": DRUG}
_ADDED = re.compile(r"^(T\d+)\t(\S+) (\d+) (\d+)\t", re.MULTILINE)
_HEADINGS = re.compile(r"(in|ex)clusion criteria|criteria:?$", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """One line of eligibility text with the one thing it is about.

    Attributes:
        text: the line without bullet.
        name: the condition, procedure or drug, as written.
        about: "condition", "procedure" or "drug".
        kind: "inclusion" or "exclusion".
    """

    text: str
    name: str
    about: str
    kind: str


@dataclass(frozen=True)
class MadePair:
    """A line with invented evidence; `label` is "yes", "no" or "unknown"."""

    line: Line
    evidence: str
    label: str


def read_lines(path: Path) -> list[Line]:
    """The lines of a Parquet file of annotated eligibility texts (columns `criteria` and `annotations`), in order.

    Raises:
        WinnowError: WN-D01 when there is no such file, WN-D03 when it has no such columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise WinnowError("WN-D01", "no annotated criteria here", where=path.name, fix="Give a Parquet file.")
    try:
        rows = pq.read_table(path, columns=["criteria", "annotations"]).to_pylist()
    except (pa.ArrowInvalid, KeyError) as error:
        raise WinnowError("WN-D03", "no columns `criteria` and `annotations`", where=path.name) from error
    return [line for row in rows for line in lines_of(row["criteria"] or "", row["annotations"] or "")]


def lines_of(criteria: str, annotations: str) -> list[Line]:
    """The lines of one annotated eligibility text that name exactly one condition, procedure or drug, not negated.

    Args:
        criteria: the text.
        annotations: stand-off annotations of the BRAT kind (`T1\\tDrug-Name 10 15\\tasp...`), as the Leaf corpus has.
    """
    spans = [(m[2], int(m[3]), int(m[4])) for m in _ADDED.finditer(annotations)]
    found, at, kind = [], 0, "inclusion"
    for raw in criteria.splitlines(keepends=True):
        inside = [(t, s, e) for t, s, e in spans if at <= s and e <= at + len(raw)]
        kind = _kind(raw, kind)
        named = [(t, s, e) for t, s, e in inside if t in _KINDS]
        text = raw.strip().lstrip("-*•0123456789.) ").strip()
        if len(named) == 1 and not any(t == "Negation" for t, *_ in inside) and _plain(raw, text):
            about, start, end = named[0]
            found.append(Line(text, criteria[start:end], _KINDS[about], kind))
        at += len(raw)
    return found


def make_pairs(lines: Sequence[Line], count: int, seed: int = 0) -> list[MadePair]:
    """`count` made pairs, a third of each label; half of the "unknown" ones do not mention the thing at all.

    Raises:
        ValueError: with fewer than four lines to draw distractors from.
    """
    if len(lines) < 4:
        raise ValueError("made pairs need four lines or more")
    draw = random.Random(seed)
    return [_pair(lines, ("yes", "no", "unknown")[place % 3], draw) for place in range(count)]


def _pair(lines: Sequence[Line], label: str, draw: random.Random) -> MadePair:
    line, woman = draw.choice(lines), draw.random() < 0.5
    others = _others(lines, line, 3 if draw.random() < 0.5 else 2, draw)
    told = [_told(other, draw.choice(("yes", "no", "unknown")), woman, draw) for other in others]
    if label != "unknown" or draw.random() < 0.5:
        told.insert(draw.randrange(len(told) + 1), _told(line, label, woman, draw))
    person = draw.choice(("woman", "female")) if woman else draw.choice(("man", "male"))
    opening = draw.choice(OPENINGS).format(age=draw.randint(18, 88), person=person)
    return MadePair(line, " ".join([opening, *told]), label)


def _others(lines: Sequence[Line], line: Line, count: int, draw: random.Random) -> list[Line]:
    """Lines about other things: none whose name shares a word with this line."""
    words, others = set(line.text.lower().split()), []
    for _ in range(50):
        other = draw.choice(lines)
        if not words & set(other.name.lower().split()) and other.name not in {o.name for o in others}:
            others.append(other)
        if len(others) == count:
            break
    return others


def _told(line: Line, label: str, woman: bool, draw: random.Random) -> str:
    said = draw.choice(TOLD[line.about][label])
    name = line.name if line.name.isupper() else line.name.lower()
    words = {"She": "She", "Her": "Her"} if woman else {"She": "He", "Her": "His"}
    told = said.format(x=name, n=draw.randint(2, 20), **words)
    return told[0].upper() + told[1:]


def _kind(raw: str, before: str) -> str:
    if not _HEADINGS.search(raw):
        return before
    return "exclusion" if "exclusion" in raw.lower() else "inclusion"


def _plain(raw: str, text: str) -> bool:
    return not _HEADINGS.search(raw) and 2 <= len(text.split()) <= 30
