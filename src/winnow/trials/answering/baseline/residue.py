"""What a numeric question still says beside its number: "18 years or older with a subdural hematoma"."""

from __future__ import annotations

import re
from functools import lru_cache

from winnow.trials.answering.baseline.evidence import Finding
from winnow.trials.answering.baseline.words import stem, terms
from winnow.trials.composition import Comparison
from winnow.trials.composition.quantity_table import QUANTITIES

PARTIAL = "only the number was checked"
_ABOUT_NUMBERS = (
    "age aged old older younger years year yrs yr months month weeks week days day hours hour adult adults child "
    "children male female men women man woman boys girls equal greater least less more most between above below "
    "over under upper lower limit limits normal range uln lln level levels value values count score scale class "
    "grade group performance ecog function adequate inadequate abnormal elevated low high measured calculated "
    "estimated baseline screening institutional time times enrollment inclusion entry study trial visit day g mg dl "
    "ml min mmhg kg mm l u iu x one two three four five six seven eight nine ten cells cell gender sex race either"
)
_COMMON = frozenset(stem(word) for word in _ABOUT_NUMBERS.split())


def qualified(finding: Finding | None, statement: str, comparison: Comparison) -> Finding | None:
    """A number that fits does not prove what else the question says: then it is left open."""
    if finding is None or not finding.holds or not _says_more(statement, comparison.quantity):
        return finding
    flags = (*finding.flags, PARTIAL)
    return Finding(None, finding.sentences, finding.reasoning, finding.by, flags=flags)


@lru_cache(maxsize=4096)
def _says_more(statement: str, quantity: str) -> bool:
    """Whether two content words or more have nothing to do with the number."""
    statement = re.sub(r"\(.*?\)", " ", statement)
    own = _stems_of(quantity)
    left = [s for term in terms(statement) for s in term.stems if s not in own and not any(c.isdigit() for c in s)]
    return len(left) >= 2


def _stems_of(quantity: str) -> frozenset[str]:
    kind = QUANTITIES.get(quantity)
    names = " ".join((quantity, *(kind.names if kind else ()), *(kind.abbreviations if kind else ())))
    return _COMMON | {s for term in terms(names) for s in term.stems}
