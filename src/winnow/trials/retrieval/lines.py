"""The lines of a clinical note and what each is: a header, a list item, a table row, "Name: value" or running text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from winnow.trials.retrieval.ends import trimmed
from winnow.trials.retrieval.sections import is_family_history, is_known, is_relative, looks_like_title

Span = tuple[int, int]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_BULLET = re.compile(r"(?:(?:[-*+>•·▪◦‣●○\u2013\u2014]|\(?\d{1,2}[.)]|\(?[a-z]\))[^\S\r\n]+)+(?=\S)")
_ATX = re.compile(r"#{1,6}(?:\s+|(?=\*))(?=\S)")
_TABLE_FRAME = re.compile(r"[\s|:+=-]+")
_BOLD = re.compile(r"(?:\*\*|__)(?P<name>[^*_]+)(?:\*\*|__)\s*:?")
_TITLE = re.compile(r"[*_]{0,2}(?P<name>[^:*|]{2,70}?)[*_]{0,2}\s*:[*_]{0,2}")
_INLINE = re.compile(r"[*_]{0,2}(?P<name>[^:*|]{2,60}?)(?:[*_]{0,2}\s*:[*_]{0,2}|[*_]{2}\s+[\u2013\u2014-])\s+(?=\S)")
_NAMES_VALUE = re.compile(r"[*_]{0,2}[^\W\d_a-zß-ÿ][^:|]{0,40}:[*_]{0,2}\s+\S")
_NEGATION = re.compile(r"(?:no|not|none|denies|without|negative)\b", re.IGNORECASE)
_MOST_TITLE_WORDS = 8
_CAPITALS_IN_CAPITALS = 0.6


@dataclass(frozen=True)
class Line:
    """One line that is not blank.

    Attributes:
        number: of the line in its text, blank ones counted.
        start, end: what may hold sentences, trimmed; equal when there is nothing of the kind.
        section: the header the line stands under.
        markup: bullets, rules and frames before or instead of it.
        header: the span of a title on this line.
        whole: it is one sentence whatever stops it holds (a table row).
        is_plain: running text, which may go on from the line above.
        can_go_on: the next line may belong to it.
    """

    number: int
    start: int
    end: int
    section: str
    markup: tuple[Span, ...] = ()
    header: tuple[Span, ...] = ()
    whole: bool = False
    is_plain: bool = False
    can_go_on: bool = False


def read_lines(text: str) -> list[Line]:
    """The lines of a text that are not blank, each with the section it stands in."""
    return list(_Reader(text).lines())


class _Reader:
    """Goes down a text and keeps the section it is in.

    A header on a line of its own holds until the next header; one on the line of its first sentence ("Family History:
    mother had ...") until a blank line or the next "Name: value" line, since what follows seldom belongs to it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.block, self.inline = "", ""
        letters = [letter for letter in text if letter.isalpha()]
        capitals = sum(letter.isupper() for letter in letters)
        self.all_capitals = capitals > _CAPITALS_IN_CAPITALS * len(letters)

    @property
    def section(self) -> str:
        return self.inline or self.block

    def lines(self) -> Iterator[Line]:
        spans = [match.span() for match in _LINE.finditer(self.text)]
        for number, (start, end) in enumerate(spans):
            inner = trimmed(self.text, start, end)
            if inner is None:
                self.inline = ""
                continue
            below = self.text[slice(*spans[number + 1])] if number + 1 < len(spans) else ""
            yield self._line(number, *inner, below, self.text[inner[1] : end].startswith("  "))

    def _line(self, number: int, start: int, end: int, below: str, broken: bool) -> Line:
        line = self.text[start:end]
        if not any(character.isalnum() for character in line):
            return Line(number, end, end, self.section, markup=((start, end),))
        if line.startswith("|") or line.count(" | ") > 1:
            return self._row(number, start, end, below)
        mark = _ATX.match(line) or _BULLET.match(line)
        if mark is None:
            return self._words(number, start, end, (), broken)
        own = self._words if line[0] != "#" else self._titled
        return own(number, start + mark.end(), end, ((start, start + len(mark.group().rstrip())),), broken)

    def _row(self, number: int, start: int, end: int, below: str) -> Line:
        titles = _TABLE_FRAME.fullmatch(below.strip() or "x") and not any(c.isdigit() for c in self.text[start:end])
        if titles:
            return Line(number, end, end, self.section, header=((start, end),))
        return Line(number, start, end, self.section, whole=True)

    def _titled(self, number: int, start: int, end: int, markup: tuple[Span, ...], broken: bool) -> Line:
        """A line with # before it. A title that says something (a number, many words) is a sentence as well."""
        words = self.text[start:end].rstrip("#").rstrip()
        if (match := _INLINE.match(words)) and is_known(match["name"]):
            return self._words(number, start, end, markup, broken)
        self.block, self.inline = _bare(words), ""
        if len(words.split()) > _MOST_TITLE_WORDS or any(c.isdigit() for c in words):
            return Line(number, start, end, self.block, markup)
        return Line(number, end, end, self.block, markup, header=((start, end),))

    def _words(self, number: int, start: int, end: int, markup: tuple[Span, ...], broken: bool) -> Line:
        words = self.text[start:end]
        if name := self._title(words, bool(markup)):
            self.block, self.inline = name, ""
            return Line(number, end, end, name, markup, header=((start, end),))
        inline = _INLINE.match(words)
        known = inline is not None and is_known(inline["name"])
        if inline is not None and known:
            self.inline = _bare(inline["name"])
        named = known or bool(_NAMES_VALUE.match(words))
        if named and not known:
            self.inline = ""
        plain = not markup and not named
        return Line(number, start, end, self.section, markup, is_plain=plain, can_go_on=not broken)

    def _title(self, words: str, is_item: bool) -> str:
        """The title's name where the whole line is one, else ""."""
        if any(character.isdigit() for character in words):
            return ""
        if match := _TITLE.fullmatch(words):
            name = _bare(match["name"])
            fits = looks_like_title(name)
        else:
            bold = _BOLD.fullmatch(words)
            name = _bare(bold["name"] if bold else words)
            fits = not is_item and (is_known(name) or self._stands_out(name, bold is not None))
        if is_relative(name) and is_family_history(self.section):
            return ""
        return name if fits else ""

    def _stands_out(self, name: str, bold: bool) -> bool:
        count = len(name.split())
        if count > _MOST_TITLE_WORDS or ":" in name or name[-1:] in ".!?;," or _NEGATION.match(name):
            return False
        return bold or (count > 1 and name.isupper() and not self.all_capitals)


def _bare(name: str) -> str:
    return name.strip().strip("*_:# \t").strip()
