"""Pieces of a row that cannot stand alone and whose head is not certain: they stay with their neighbour.

"tumor resectable or borderline resectable" is one question.
"""

from __future__ import annotations

import re

from winnow.trials.composition.rows import Link, Row
from winnow.trials.composition.standing import ends_open, opens_loosely, stands

_MEANS = re.compile(r"\b(?:by|via|using|per|through|on)\s+(?:an?\s+)?[\w/-]+(?:\s+[\w/-]+)?$", re.IGNORECASE)


def held_together(items: list[str], row: Row) -> tuple[list[str], Row]:
    """(items, row) with every piece that still cannot stand alone in one with its neighbour.

    Args:
        items: what the row's items say, with all that they share written out.
        row: as it stands in the text, nothing masked; both have one entry an item.
    """
    items, links, texts = list(items), list(row.links), list(row.items)
    place = 0
    while len(items) > 1 and place < len(items):
        if _needs_head(items, place, links) or _adjectives_go_on(items[place], texts[place + 1 :], links[place:]):
            first = _partner(place, len(items), links)
            written = taken_out(links, first)
            items[first : first + 2] = [items[first] + written + texts[first + 1]]
            texts[first : first + 2] = [texts[first] + written + texts[first + 1]]
            place = first
        else:
            place += 1
    return items, Row(tuple(texts), tuple(links))


def _needs_head(items: list[str], place: int, links: list[Link]) -> bool:
    """Whether a piece says nothing by itself: bare, the end of the phrase before it, or without its last noun."""
    item, last = items[place], place == len(items) - 1
    if not stands(item) or (not last and links[place].word and not links[place].loose and ends_open(item)):
        return True
    if place == 0:
        return False
    by_other = re.match(r"(?:any\s+)?(?:other|another)\b", item, re.IGNORECASE) and _MEANS.search(items[place - 1])
    again = re.match(r"with(?:out)?\b", item, re.IGNORECASE) and re.search(
        r"\bwith(?:out)?\b", items[place - 1], re.IGNORECASE
    )
    return opens_loosely(item) or bool(by_other or again)


def _adjectives_go_on(item: str, rest: list[str], links: list[Link]) -> bool:
    """ "systemic bacterial, fungal or viral infection": the noun of all is behind the commas."""
    return bool(links and not links[0].word) and ends_open(item) and not stands(rest[0])


def _partner(place: int, length: int, links: list[Link]) -> int:
    """The first of the two items to join: the one before, or this one when what follows is the nearer neighbour."""
    if place == 0:
        return 0
    last = place == length - 1
    nearer_behind = not last and not links[place].loose and links[place].word and not links[place - 1].word
    return place if nearer_behind else place - 1


def taken_out(links: list[Link], place: int) -> str:
    """What a link says, taken out of the row; a bare comma before it keeps its word: "A, B or C" stays an "or"."""
    link = links.pop(place)
    if place and not links[place - 1].word:
        links[place - 1] = Link(link.word, links[place - 1].loose, links[place - 1].written)
    return link.written
