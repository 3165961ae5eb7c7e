"""Documents inside FHIR: attachments decoded to text, or listed with the reason why not."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from html.parser import HTMLParser
from typing import Any

from winnow.core import WinnowError
from winnow.trials.patients.fhir.concepts import code_of, items, joined, one_line
from winnow.trials.patients.fhir.record import Record
from winnow.trials.patients.files import decoded
from winnow.trials.patients.kinds import kind_of
from winnow.trials.patients.patient import Note

_TEXT = ("", "text/plain", "text/markdown", "text/x-markdown")
_HTML = ("text/html", "application/xhtml+xml")
# hl7.org/fhir/R4/valueset-diagnostic-service-sections.html, as categories without a display have them.
_SECTIONS = {"lab": "laboratory", "rad": "imaging", "rus": "imaging", "ct": "imaging", "nmr": "imaging"}
_SECTIONS |= {"sp": "pathology", "pat": "pathology", "cp": "pathology", "ge": "sequencing", "hm": "laboratory"}
_BREAKING = frozenset(
    ("address", "article", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p")
) | frozenset(("pre", "section", "table", "tr", "ul"))


def document_notes(record: Record) -> list[Note]:
    """The texts of a DocumentReference; what has none is complained about."""
    body = record.body
    if record.word("status") in ("superseded", "entered-in-error") or record.word("docStatus") == "entered-in-error":
        record.complaints.append("superseded or entered in error: left out")
        return []
    context = body.get("context") if isinstance(body.get("context"), dict) else {}
    when = record.when("date") or record.when("period", context)
    named = [joined(body.get("type")), joined(body.get("category"))]
    attachments = [one.get("attachment") for one in items(body.get("content"))]
    if not attachments:
        record.complaints.append("no content")
    return _notes(record, attachments, when and when.known, kind_of(next((words for words in named if words), "")))


def report_notes(record: Record) -> list[Note]:
    """The texts of a DiagnosticReport's presented forms."""
    body = record.body
    if record.word("status") in ("entered-in-error", "cancelled"):
        return []
    when = record.when("effective") or record.when("issued")
    section = _SECTIONS.get(code_of(body.get("category")), "")
    named = kind_of(f"{section} {joined(body.get('category'))} {joined(body.get('code'))}")
    day = when and (when.ended or when.known)
    return _notes(record, items(body.get("presentedForm")), day, named)


def _notes(record: Record, attachments: list[Any], day: date | None, kind: str) -> list[Note]:
    found: list[Note] = []
    for attachment in attachments:
        try:
            text = _attached(record, attachment if isinstance(attachment, dict) else {})
        except ValueError as error:
            record.complaints.append(str(error))
            continue
        name = record.entry.name + (f"#{len(found) + 1}" if found else "")
        found.append(Note(name, text, day, kind, record.entry.source))
    return found


def _attached(record: Record, attachment: dict[str, Any]) -> str:
    """The text of one attachment, from its own data or from a Binary that came along.

    Raises:
        ValueError: there is no text; its words are the complaint.
    """
    media, data = one_line(attachment.get("contentType")), attachment.get("data")
    if not data:
        binary = record.pool.find({"reference": attachment.get("url")}, record.entry)
        if not binary or not binary.body.get("data"):
            raise ValueError("an attachment by address only: not fetched" if attachment.get("url") else "no attachment")
        media, data = media or one_line(binary.body.get("contentType")), binary.body["data"]
    base = media.split(";")[0].strip().lower()
    if base not in _TEXT + _HTML:
        raise ValueError(f"an attachment of type {base}: not read")
    text = _decoded(data, media, record.entry.source)
    return html_text(text) if base in _HTML else text


def _decoded(data: Any, media: str, source: str) -> str:
    try:
        raw = base64.b64decode("".join(str(data).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("an attachment that is no base64") from error
    charset = media.lower().partition("charset=")[2].strip(" \"';")
    try:
        named = charset not in ("", "utf-8", "utf8", "us-ascii", "utf-16")
        text = raw.decode(charset) if named else decoded(raw, source)
    except (WinnowError, UnicodeDecodeError, LookupError) as error:
        raise ValueError("an attachment that is empty or not the text it says") from error
    return text


class _Words(HTMLParser):
    """The words of a page, a new line at each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.hidden += tag in ("script", "style")
        self.parts.append("\n" if tag in _BREAKING else " " if tag in ("td", "th") else "")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style") and self.hidden > 0
        self.parts.append("\n" if tag in _BREAKING else "")

    def handle_data(self, data: str) -> None:
        self.parts.append("" if self.hidden else data)


def html_text(page: str) -> str:
    """A page's words without tags, scripts and styles, a line for each block. Offsets count in this text.

    Raises:
        ValueError: the page has no words.
    """
    reader = _Words()
    reader.feed(page)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    text = "\n".join(line for line in lines if line)
    if not text:
        raise ValueError("an attachment without words")
    return text
