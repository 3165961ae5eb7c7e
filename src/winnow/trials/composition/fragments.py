"""Pieces of a row that cannot stand alone: they get their head, or stay with their neighbour in one question.

stage IV in "lung cancer, stage IV or recurrent"       -> "lung cancer, stage IV", "lung cancer, recurrent"
blood in "KRAS G12C mutation in tumor tissue or blood"  -> "KRAS G12C mutation in blood"
a piece of which the head is not certain               -> the whole of it and its neighbour
"""

from __future__ import annotations

import re

from winnow.trials.composition.masks import Masked
from winnow.trials.composition.rows import Link, Row
from winnow.trials.composition.standing import is_gene, is_generic, opens_loosely, stands

_OBJECT = re.compile(
    r"^(?P<head>.+\b(?:in|of|from|on|after|with|by|to|for|during|against|involving|following|affecting)\s+)"
    r"(?P<object>(?:(?:the|an?)\s+)?[^,;]+)$",
    re.IGNORECASE,
)  # fmt: skip
# What these words lead to belongs to the thing before them: "metastases treated with surgery or radiotherapy".
_TIED = re.compile(
    r"^(?P<head>\S.*?\b(?:treated|treatable|managed|controlled|caused|confirmed|documented|associated|refractory|"
    r"resistant|secondary|related|attributable|amenable|eligible|due|progress\w+|relaps\w+|recurr\w+|fail\w+|response|"
    r"intoleran\w+|prevented|replaced|requiring|involving|affecting|preventing|complicated)"
    r"(?:\s+(?:with|by|to|on|after|for|from|following|during))?\s+)(?P<object>[^,;]+)$",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\b(?:allerg(?:y|ies|ic)|hypersensitivit(?:y|ies)|sensitivit(?:y|ies)|intoleran(?:ce|t)|exposures?|"
    r"contraindications?|resistan(?:ce|t)|refractory|failure|progression|response|diagnos[ei]s|history|evidence|"
    r"presence|suspicion|use|abuse|misuse|dependence|treatment|reactions?|signs|symptoms|risk|absence|relapse|"
    r"recurrence)$",
    re.IGNORECASE,
)
_COMPLEMENT = re.compile(
    r"^(?:[\w-]+\s+){1,4}?(?P<behind>(?:to|of|on|after|against)\s+\S.*)$", re.IGNORECASE
)


def spread(row: Row, masked: Masked) -> Row:
    """The row with heads given to the pieces that need one, where it is certain which."""
    row = _objects(row, masked)
    row = _complements(row, masked)
    return _behind_commas(row, masked)


def held_together(items: list[str], row: Row) -> tuple[list[str], Row]:
    """(items, row) with every piece that still cannot stand alone in one with its neighbour.

    Args:
        items: what the row's items say, with all that they share written out.
        row: as it stands in the text; both have one entry an item.
    """
    items, links, texts = list(items), list(row.links), list(row.items)
    place = 0
    while len(items) > 1 and place < len(items):
        if _needs_head(items[place], place):
            first = _partner(place, len(items), links)
            written = links.pop(first).written
            items[first : first + 2] = [items[first] + written + items[first + 1]]
            texts[first : first + 2] = [texts[first] + written + texts[first + 1]]
            place = first
        else:
            place += 1
    return items, Row(tuple(texts), tuple(links))


def _needs_head(item: str, place: int) -> bool:
    return not stands(item) or (place > 0 and opens_loosely(item))


def _partner(place: int, length: int, links: list[Link]) -> int:
    """The first of the two items to join: the one before, or this one when what follows is the nearer neighbour."""
    if place == 0:
        return 0
    last = place == length - 1
    nearer_behind = not last and not links[place].loose and links[place].word and not links[place - 1].word
    return place if nearer_behind else place - 1


def _objects(row: Row, masked: Masked) -> Row:
    """ "mutation in tissue or blood", "variant of BRCA1 or BRCA2", "metastases treated with A or B"."""
    items = list(row.items)
    for place, link in enumerate(row.links):
        before, item = masked.open(items[place]), masked.open(items[place + 1])
        tight = link.word == "or" and not link.loose or (link.word == "" and place + 2 < len(items))
        head = _head_for(before, item) if tight else ""
        if head:
            items[place + 1] = head + items[place + 1]
    return Row(tuple(items), row.links)


def _head_for(before: str, item: str) -> str:
    """The words before the object of `before` that `item` needs too; "" when that is not certain."""
    found = _OBJECT.match(before)
    alike = found and any(kind(found["object"]) and kind(item) for kind in (is_gene, is_generic))
    if found and alike and stands(found["head"] + "x") and not is_generic(found["head"]):
        return found["head"]
    tied = _TIED.match(before)
    short = len(item.split()) <= 4 and not opens_loosely(item)
    if tied and short and stands(item) and not re.match(r"(?:no|not|has|have|is|are|any|other)\b", item, re.I):
        return tied["head"] if not re.match(r"(?:prior|previous)?\s*\S+\s+(?:to|of)\s+$", tied["head"]) else ""
    return ""


def _complements(row: Row, masked: Masked) -> Row:
    """ "allergy or hypersensitivity to X": the first needs "to X" as well."""
    items = list(row.items)
    for place in range(len(items) - 2, -1, -1):
        following = _COMPLEMENT.match(masked.open(items[place + 1]))
        link = row.links[place]
        if following and _RELATION.search(masked.open(items[place])) and (link.word or place + 2 < len(items)):
            items[place] = f"{items[place]} {following['behind']}"
    return Row(tuple(items), row.links)


def _behind_commas(row: Row, masked: Masked) -> Row:
    """ "A, m or n" where m and n only say of which stage, extent or kind A is: "A, m" or "A, n"."""
    items, links = list(row.items), list(row.links)
    place = 0
    while place < len(links):
        end = _run(items, links, place, masked)
        if end is None:
            place += 1
            continue
        words = {link.word for link in links[place + 1 : end]} - {""}
        start = _or_row_before(links, place)
        if start == place and len(words) == 1:
            split = [f"{items[place]}, {item}" for item in items[place + 1 : end + 1]]
            items[place : end + 1] = split
            links[place : end] = [links[end - 1]] * (len(split) - 1)
            place += len(split)
        else:
            written = "".join(link.written + item for link, item in zip(links[place:end], items[place + 1 : end + 1]))
            items[start : place + 1] = [item + written for item in items[start : place + 1]]
            del items[place + 1 : end + 1], links[place:end]
            place += 1
    return Row(tuple(items), tuple(links))


def _run(items: list[str], links: list[Link], place: int, masked: Masked) -> int | None:
    """The last of the bare items behind item `place` and a comma; None when there are none or they go on."""
    comma = links[place].word == "" and stands(masked.open(items[place]))
    end = place
    while comma and end < len(links) and not stands(masked.open(items[end + 1])):
        end += 1
    closed = end == len(links) or links[end].loose or links[end].word == ""
    return end if end > place and closed else None


def _or_row_before(links: list[Link], place: int) -> int:
    """Where the row of tight "or"s that ends at item `place` starts."""
    while place and links[place - 1].word == "or":
        place -= 1
    return place
