"""What an exception says of the thing it excepts: "brain metastases, unless treated and stable for 4 weeks"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from winnow.trials.composition.fragments import spread
from winnow.trials.composition.holding import held_together
from winnow.trials.composition.masks import Masked
from winnow.trials.composition.rows import Row, read_row
from winnow.trials.composition.sharing import shared
from winnow.trials.composition.standing import opens_loosely, stands, without_windows

_PRONOUN = re.compile(
    r"^(?:they|it|these|this|those|he|she|he/she|the\s+patient|patients?|the\s+(?:disease|condition|tumou?r)s?)\s+"
    r"(?:have|has|had|is|are|was|were)\s+(?:been\s+)?(?=\S)",
    re.IGNORECASE,
)

_AGAIN = re.compile(r"\b(?P<word>and|or)\s+(?:have|has|had|is|are|was|were)\s+(?:been\s+)?(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Carried:
    """Pieces under "and" or "or"; `whole[i]` when piece i carries the subject and is to be asked as it stands."""

    word: str
    pieces: tuple[str, ...]
    whole: tuple[bool, ...]


def carried(subject: str, text: str) -> Carried | None:
    """The pieces of a clause with the subject before each that says nothing without it; None when the first needs none.

    Args:
        subject: what the clause is about ("brain metastases").
        text: the clause ("treated and stable for 4 weeks").
    """
    masked = Masked(_AGAIN.sub(r"\g<word> ", _PRONOUN.sub("", text)))
    row = spread(read_row(masked.text), masked)
    items = [masked.open(item) for item in row.items]
    if not all(map(_is_loose, items)):
        items, row = held_together(shared(items, [link.word for link in row.links]), Row(tuple(items), row.links))
    loose = list(map(_is_loose, items))
    if not loose[0]:
        return None
    subject, words = without_windows(subject), {link.word for link in row.links}
    if len(words) > 1:
        return Carried("and", (f"{subject} {masked.open(masked.text)}",), (True,))
    # What follows a comma and stands by itself is not said of the subject.
    pieces = tuple(f"{subject} {item}" if bare else item for item, bare in zip(items, loose, strict=True))
    return Carried(next(iter(words), "") or "and", pieces, tuple(loose))


def _is_loose(item: str) -> bool:
    return not stands(item) or opens_loosely(item)
