"""C-CDA documents: each section's narrative is a note."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.etree.ElementTree import Element

from winnow.trials.patients.days import DayRange, read_day, read_range
from winnow.trials.patients.draft import Draft, patient_record
from winnow.trials.patients.files import read_bytes, refused
from winnow.trials.patients.kinds import known_kind
from winnow.trials.patients.patient import Note

_SPACE = "{urn:hl7-org:v3}"
_BREAKING = frozenset(("tr", "item", "paragraph", "br", "list", "table", "caption", "thead", "tbody"))
_DEEPEST = 200
_SEXES = {"F": "female", "M": "male", "UN": "other"}


def ccda_draft(path: Path, patient_id: str | None = None) -> Draft:
    """The patient of a C-CDA R2.1 document: one note for each section that has narrative text.

    Sections are dated by the document's effective time. Their coded entries are not read: by the standard the
    narrative says all that they say.

    Raises:
        WinnowError: WN-L01 when it is no such document, or declares entities (they could make it endless).
    """
    data = read_bytes(path)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        raise refused("XML with a DOCTYPE or in UTF-16: not read, as it may expand without end", path)
    try:
        root = ElementTree.fromstring(data)
        if _depth(root) > _DEEPEST:
            raise ValueError("nested too deeply")
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise refused("no well-formed XML", path) from error
    if root.tag != f"{_SPACE}ClinicalDocument":
        raise refused("XML that is no C-CDA document", path)
    draft = Draft(patient_id or _identifier(root) or path.stem)
    _person(root, draft, path.name)
    day = _day(root.find(f"{_SPACE}effectiveTime"))
    if day is None:
        draft.list(path.name, "no effective time: its sections are kept without a date")
    for number, section in enumerate(root.iter(f"{_SPACE}section"), start=1):
        _section(section, number, draft, path.name, day and day.last)
    if root.find(f".//{_SPACE}nonXMLBody") is not None:
        draft.list(path.name, "a body that is no XML: not read")
    return draft


def _depth(root: Element) -> int:
    depth, level = 0, [root]
    while level:
        depth, level = depth + 1, [child for element in level for child in element]
    return depth


def _section(section: Element, number: int, draft: Draft, file: str, day: object) -> None:
    title = " ".join("".join(_texts(section.find(f"{_SPACE}title"))).split())
    lines = [" ".join(line.split()) for line in "".join(_texts(section.find(f"{_SPACE}text"))).split("\n")]
    words = "\n".join(line for line in lines if line)
    if not words:
        draft.list(f"{file} section {number}", "no narrative text")
        return
    text = f"{title}\n{words}" if title else words
    draft.add(Note(f"{file}#{number}", text, read_day(day), known_kind(title) or "clinical", file))


def _texts(element: Element | None) -> list[str]:
    """The words of a narrative, a new line at each block, cells apart by two spaces."""
    if element is None:
        return []
    kind = element.tag.removeprefix(_SPACE)
    edge = "\n" if kind in _BREAKING else "  " if kind in ("td", "th") else ""
    own = [edge, element.text or ""]
    for child in element:
        own += [*_texts(child), child.tail or ""]
    return [*own, edge]


def _person(root: Element, draft: Draft, file: str) -> None:
    patient = root.find(f"{_SPACE}recordTarget/{_SPACE}patientRole/{_SPACE}patient")
    if patient is None:
        draft.list(file, "no record target: age and sex unknown")
        return
    gender = patient.find(f"{_SPACE}administrativeGenderCode")
    sex = _SEXES.get(gender.get("code", "")) if gender is not None else None
    birth = _day(patient.find(f"{_SPACE}birthTime"))
    born = birth.first if birth and birth.first == birth.last else None
    draft.know(born, sex, file)
    draft.add(patient_record(draft.patient_id, sex, born.isoformat() if born else None, file))


def _day(element: Element | None) -> DayRange | None:
    """The days of an HL7 timestamp: "20240301103000-0500", "202403", or the low end of an interval."""
    if element is None:
        return None
    low = element.find(f"{_SPACE}low")
    digits = (element.get("value") or (low.get("value") if low is not None else "") or "")[:8]
    return read_range("-".join(part for part in (digits[:4], digits[4:6], digits[6:8]) if part))


def _identifier(root: Element) -> str:
    """The patient's identifier in the record target."""
    own = root.find(f"{_SPACE}recordTarget/{_SPACE}patientRole/{_SPACE}id")
    return (own.get("extension") or own.get("root") or "") if own is not None else ""
