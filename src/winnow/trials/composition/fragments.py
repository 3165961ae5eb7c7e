"""Pieces of a row that cannot stand alone get their head where it is certain; `holding` keeps the others together.

stage IV in "lung cancer, stage IV or recurrent"       -> "lung cancer, stage IV", "lung cancer, recurrent"
blood in "KRAS G12C mutation in tumor tissue or blood"  -> "KRAS G12C mutation in blood"
"""

from __future__ import annotations

import re

from winnow.trials.composition.holding import taken_out
from winnow.trials.composition.masks import Masked
from winnow.trials.composition.rows import Link, Row
from winnow.trials.composition.standing import (
    ends_bare,
    is_generic,
    is_site,
    is_symbol,
    opens_loosely,
    stands,
    without_windows,
)

_OBJECT = re.compile(
    r"^(?P<head>.+\b(?:in|of|from|on|after|with|by|to|for|during|against|despite|involving|following|affecting)\s+)"
    r"(?P<object>(?:(?:the|an?)\s+)?[^,;]+)$",
    re.IGNORECASE,
)  # fmt: skip
# What these words lead to belongs to the thing before them: "metastases treated with surgery or radiotherapy".
_TIED = re.compile(
    r"^(?P<head>\S.*?\b(?:treated|treatable|managed|controlled|caused|confirmed|documented|associated|refractory|"
    r"resistant|secondary|related|attributable|amenable|eligible|due|progress\w+|relaps\w+|recurr\w+|fail\w+|response|"
    r"intoleran\w+|prevented|replaced|complicated)"
    r"\s+(?:with|by|to|on|after|for|from|following|during)\s+|^\S.*?\b(?:despite|requiring|involving|affecting|"
    r"preventing)\s+)(?P<object>[^,;]+)$",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\b(?:allerg(?:y|ies|ic)|hypersensitivit(?:y|ies)|sensitivit(?:y|ies)|intoleran(?:ce|t)|exposures?|"
    r"contraindications?|resistan(?:ce|t)|refractory|failure|progression|response|diagnos[ei]s|history|evidence|"
    r"presence|suspicion|use|abuse|misuse|dependence|treatment|reactions?|signs|symptoms|risk|absence|relapse|"
    r"recurrence|surgery|therapy|radiotherapy|chemotherapy|resection|ablation|medications?|drugs?|hospitali[sz]ation|"
    r"candidates?)$",
    re.IGNORECASE,
)
_COMPLEMENT = re.compile(
    r"^(?:[\w-]+\s+){1,4}?(?P<behind>(?:to|of|on|after|against|for(?!\s+(?:the\s+(?:last|past)|at\s+least|more|\d)))\s+\S.*)$",
    re.IGNORECASE,
)


def spread(row: Row, masked: Masked) -> Row:
    """The row with heads given to the pieces that need one, where it is certain which."""
    row = _objects(row, masked)
    row = _complements(row, masked)
    row = _behind_commas(row, masked)
    return _pairs(row, masked) if {"and", "or"} <= {link.word for link in row.links} else row


def _objects(row: Row, masked: Masked) -> Row:
    """ "mutation in tissue or blood", "variant of BRCA1 or BRCA2", "metastases treated with A or B"."""
    items, links, place = list(row.items), list(row.links), 0
    clause = re.match(r"(?P<thing>\S+)\s+(?:that|which|who)\b", items[-1])
    if clause and len(items) > 1 and _head_for(masked.open(items[0]), clause["thing"]):
        return Row((masked.text,), ())  # the clause may be of all of them
    under_others, joint = not stands(masked.open(items[0])), ""
    while place < len(links):
        before, item, link = joint or masked.open(items[place]), masked.open(items[place + 1]), links[place]
        tight = (link.word == "or" and (place or not link.loose)) or (link.word == "" and place + 2 < len(items))
        head = _head_for(before, item) if tight else ""
        if head and under_others:  # "advanced or recurrent cancer of A or B": which go with which is not written out
            items[place : place + 2] = [items[place] + links.pop(place).written + items[place + 1]]
            joint = before
            continue
        items[place + 1] = head + items[place + 1]
        place, joint = place + 1, ""
    return Row(tuple(items), tuple(links))


def _head_for(before: str, item: str) -> str:
    """The words before the object of `before` that `item` needs too; "" when that is not certain."""
    found = _OBJECT.match(before)
    alike = found and any(kind(found["object"]) and kind(item) for kind in (is_symbol, is_generic, is_site))
    alike = alike or (found and is_symbol(found["object"]) and re.fullmatch(r"[A-Z][A-Z0-9-]{2,7}", item))
    if found and alike and stands(found["head"] + "x") and not is_generic(found["head"]):
        return found["head"]
    tied = _TIED.match(before)
    short = len(item.split()) <= 4 and not opens_loosely(item)
    if tied and short and stands(item) and not re.match(r"(?:no|not|has|have|is|are|any|other)\b", item, re.IGNORECASE):
        return tied["head"] if not re.match(r"(?:prior|previous)?\s*\S+\s+(?:to|of)\s+$", tied["head"]) else ""
    return ""


def _complements(row: Row, masked: Masked) -> Row:
    """ "allergy or hypersensitivity to X": the first needs "to X" as well."""
    items = list(row.items)
    for place in range(len(items) - 2, -1, -1):
        following = _COMPLEMENT.match(without_windows(masked.open(items[place + 1])))
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
        if start == place and len(words) == 1 and not ends_bare(masked.open(items[place])):
            split = [f"{items[place]}, {item}" for item in items[place + 1 : end + 1]]
            items[place : end + 1] = split
            links[place:end] = [links[end - 1]] * (len(split) - 1)
            place += len(split)
        else:
            pairs = zip(links[place:end], items[place + 1 : end + 1], strict=True)
            written = "".join(link.written + item for link, item in pairs)
            items[start : place + 1] = [item + written for item in items[start : place + 1]]
            del items[place + 1 : end + 1], links[place:end]
            place += 1
    return Row(tuple(items), tuple(links))


def _pairs(row: Row, masked: Masked) -> Row:
    """ "A and m or n B" is A and (m B or n B): a piece without a head is read with the one behind it first."""
    items, links = list(row.items), list(row.links)
    for place in range(len(links) - 1, -1, -1):
        pair = links[place].word and not links[place].loose and not stands(masked.open(items[place]))
        if pair and stands(masked.open(items[place + 1])) and not opens_loosely(masked.open(items[place])):
            items[place : place + 2] = [items[place] + taken_out(links, place) + items[place + 1]]
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
