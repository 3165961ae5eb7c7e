"""A masked text as a row of items with the connectors between them, and the row as an "and"-"or" tree."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONNECTOR = re.compile(
    r"\s*[,;]?\s*\b(?:and\s*/\s*or|or\s*/\s*and)\b\s*,?\s*|\s*(?P<comma>[,;])?\s*\b(?P<word>and|or|nor|but\s+also|"
    r"as\s+well\s+as|plus|AND|OR)\b\s*,?\s*"
    r"|\s*(?P<bare>[,;])\s+|\s+(?P<slash>/|&)\s+",
    re.IGNORECASE,
)  # fmt: skip
_SAID = r"[\w\ue000-\uf8ff]"
# An item that starts like this goes on with the one before it: "in remission", "which was treated".
_CONTINUES = re.compile(
    r"^(?:of|to|than|that|which|whose|where|when|whichever|while|because|since|as|from|upon|per|"
    r"via|regardless|irrespective|if|provided|until|through|throughout|within|into|due|along|together|using|based|"
    r"whether|"
    r"etc\.?|so|then|thus|therefore|i\.e\.|e\.g\.|inclusive|unspecified|respectively|prior\s+to|including|"
    r"especially|particularly|"
    r"not\s+(?:limited|including|due|related)|only|alone|otherwise|more|less|equal|greater|(?:is|are|was|were)(?!\s+(?:\w+ly\s+)?(?:receiving|taking|"
    r"pregnant|unable|able|willing|on|undergoing|using|planning|scheduled|breast\w*)\b)|"
    r"has\s+been|have\s+been|"
    r"others?$)\b",
    re.IGNORECASE,
)  # fmt: skip
_CONTINUES_AFTER_COMMA = re.compile(
    r"^(?:for|in|at|by|on|during|after|before|under|both\s+of|all\s+of|most\s+of|usually)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Link:
    """What stands between two items.

    `word` is "and", "or" or "" for a bare comma; `loose` when a comma or semicolon goes with the word; `written` is the
    text itself.
    """

    word: str
    loose: bool
    written: str


@dataclass(frozen=True)
class Row:
    """Items and the links between them: one link fewer than items."""

    items: tuple[str, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Group:
    """Items under one connector; a part is an index into the row's items, or a group."""

    word: str
    parts: tuple[int | Group, ...]


def read_row(text: str) -> Row:
    """The items of a masked text. What only goes on with the item before it stays with it."""
    items: list[str] = []
    links: list[Link] = []
    position = 0
    for match in _CONNECTOR.finditer(text):
        _add(items, links, text[position : match.start()], _link(match))
        position = match.end()
    _add(items, links, text[position:], None)
    return Row(tuple(items), tuple(links[: len(items) - 1]))


def _add(items: list[str], links: list[Link], item: str, link: Link | None) -> None:
    """Append an item, or glue it to the last one; `link` is what follows it."""
    item = item.strip()
    after_comma = bool(links) and not links[-1].word and _CONTINUES_AFTER_COMMA.match(item) is not None
    glued = bool(items) and (after_comma or _CONTINUES.match(item) is not None or not re.search(_SAID, item))
    if items and glued:
        items[-1] += links.pop().written + item if links else item
    elif item:
        items.append(item)
    if link and items:
        links.append(link) if len(links) < len(items) else links.__setitem__(-1, _stronger(links[-1], link))


def _stronger(first: Link, second: Link) -> Link:
    """Two links with nothing between them are one: ", and" may be written "; and"."""
    return Link(second.word or first.word, first.loose or second.loose, first.written + second.written)


def _link(match: re.Match[str]) -> Link:
    word = (match["word"] or "").lower()
    if match["bare"]:
        return Link("", match["bare"] == ";", match[0])
    if match["slash"]:
        return Link("and" if match["slash"] == "&" else "or", False, match[0])
    if not word:
        return Link("or", bool(re.match(r"\s*[,;]", match[0])), match[0])
    if word in ("or", "nor"):
        return Link("or", bool(match["comma"]), match[0])
    return Link("and", bool(match["comma"]), match[0])


def glued(row: Row, place: int) -> Row:
    """The row with every item from `place` on in one."""
    rest = "".join(link.written + item for link, item in zip(row.links[place:], row.items[place + 1 :], strict=True))
    return Row((*row.items[:place], row.items[place] + rest), row.links[:place])


def grouped(row: Row, apart: str) -> Group:
    """The row as a tree: "and" binds tighter than "or", unless only the "and"s come with a comma.

    Bare commas are the next connector to their right: "A, B or C" is an "or" of three. With none to the right they are
    `apart`.
    """
    words, loose = _resolved(row.links, apart)
    return _group(list(range(len(row.items))), words, loose)


def _resolved(links: tuple[Link, ...], apart: str) -> tuple[list[str], list[bool]]:
    words, loose, following, with_comma = [], [], apart, False
    for link in reversed(links):
        if link.word:
            following, with_comma = link.word, link.loose
        words.append(following)
        loose.append(link.loose if link.word else with_comma)
    # An Oxford comma is no loose link: its row has bare commas before it.
    words, loose = words[::-1], loose[::-1]
    for place, link in enumerate(links):
        if link.word and place and not links[place - 1].word:
            start = place
            while start and not links[start - 1].word:
                start -= 1
            loose[start : place + 1] = [False] * (place + 1 - start)
    return words, loose


def _group(places: list[int], words: list[str], loose: list[bool]) -> Group:
    """The group of some neighbouring items; `words[i]` links item i and item i + 1."""
    if len(places) == 1:
        return Group("and", (places[0],))
    inner = places[:-1]
    present = {words[i] for i in inner}
    ands_loose = [loose[i] for i in inner if words[i] == "and"]
    ors_loose = [loose[i] for i in inner if words[i] == "or"]
    if len(present) == 1:
        cut = present.pop()
        return Group(cut, tuple(places))
    cut = "and" if any(ands_loose) and not any(ors_loose) else "or"
    split = [i for i in inner if words[i] == cut and (cut == "or" or loose[i])]
    parts, begin = [], 0
    for i in [*split, places[-1]]:
        chunk = places[begin : places.index(i) + 1]
        begin = places.index(i) + 1
        parts.append(chunk[0] if len(chunk) == 1 else _group(chunk, words, loose))
    return Group(cut, tuple(parts))
