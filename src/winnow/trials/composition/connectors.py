"""Connectors that mean another one where they stand: the "and" of a list of exclusions, of two sexes' bounds."""

from __future__ import annotations

import re

from winnow.trials.composition.rows import Link, Row

_PEOPLE_AGAIN = re.compile(
    r"^(?:(?:any|all|those)\s+)?(?:patients?|subjects?|participants?|those|individuals?|women|men|persons?)\b",
    re.IGNORECASE,
)


def apart_for_exclusion(row: Row) -> Row:
    """The row with "or" for every "and" that joins people: "patients with A and patients with B" are two exclusions."""
    links = [
        Link("or", link.loose, link.written) if link.word == "and" and _other_people(link, item) else link
        for link, item in zip(row.links, row.items[1:], strict=True)
    ]
    return _list_of_exclusions(Row(row.items, tuple(links)))


def _list_of_exclusions(row: Row) -> Row:
    """ "A, B, C and D" among exclusions is a list of four: nobody has them all."""
    links = list(row.links)
    for place in range(1, len(links)):
        ends_list = not links[place - 1].word or (links[place].loose and _has_comma(links))
        if links[place].word == "and" and ends_list:
            links[place] = Link("or", links[place].loose, links[place].written)
    return Row(row.items, tuple(links))


def _has_comma(links: list[Link]) -> bool:
    return any(not link.word for link in links)


def _other_people(link: Link, item: str) -> bool:
    return "well" in link.written or _PEOPLE_AGAIN.match(item) is not None


def apart_by_sex(row: Row) -> Row:
    """ "> 450 ms for males and > 470 ms for females" are alternatives: nobody is both."""
    links = [
        Link("or", link.loose, link.written)
        if link.word == "and" and _sexes(before) ^ _sexes(item) == {"f", "m"}
        else link
        for link, before, item in zip(row.links, row.items, row.items[1:], strict=False)
    ]
    return Row(row.items, tuple(links))


def _sexes(item: str) -> set[str]:
    """Whom a bound is for: "m" for men, "f" for women."""
    found = re.findall(r"\b(?:for|in)\s+(?:(fe)?males?|(wo)?men)\b", item, re.IGNORECASE)
    return {"f" if "".join(marks) else "m" for marks in found}


def apart_for_inclusion(row: Row) -> Row:
    """ "A and B, C or D" are two demands: a bare comma between an "and" and one tight "or" at the end is an "and"."""
    words = [link.word for link in row.links]
    if words[-2:] != ["", "or"] or "and" not in words[:-2] or row.links[-1].loose:
        return row
    return Row(row.items, (*row.links[:-2], Link("and", True, row.links[-2].written), row.links[-1]))


def _either(link: Link) -> Link:
    return Link("or", link.loose, link.written)
