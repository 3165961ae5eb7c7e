"""One phrase with nothing left to split, as a question or as several comparisons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from winnow.trials.composition import wordings
from winnow.trials.composition.draft import Draft, joined
from winnow.trials.composition.english import question_text
from winnow.trials.composition.form import Form
from winnow.trials.composition.measures import Measure, read_measures
from winnow.trials.composition.question import Comparison, Question, Window
from winnow.trials.composition.reading import read_quantities
from winnow.trials.composition.standing import stands
from winnow.trials.composition.windows import DAYS, Found, lasting, read_windows, window_of

_HISTORY = re.compile(r"\bhistory\b", re.IGNORECASE)
_MODAL = re.compile(r"\s+(?:must|should|shall)\s+(?:also\s+)?(?:be|have)\s+(?=\S)", re.IGNORECASE)
_BARE = re.compile(
    r"^(?:(?:known|evidence|presence|diagnosis|documented|a|an|the|any|of|history\s+of|have|has|having|with)\s+)+",
    re.IGNORECASE,
)
_JOINED_BY_WITH = re.compile(
    r"^(?P<fact>.*\w{3}\S*)\s*,?\s+(?:with|and|having|plus|whose)\s+(?:an?\s+|the\s+)?$", re.IGNORECASE
)
_NOT_A_NAME = re.compile(
    r"^(?:(?:an?|the|with|of|at|least|has|have|having|is|are|was|must|be|and|or|for|documented|known|baseline|"
    r"resting|screening|pre-\w+|if|who|any)\s+)+",
    re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True)
class _Compared:
    """A comparison and the characters it stands at."""

    comparison: Comparison
    start: int
    end: int


def leaf(phrase: str, draft: Draft, context: str = "") -> Form:
    """The phrase as asked: one question, or "and" over its comparisons where it holds several.

    Args:
        phrase: with every word that must not be lost.
        draft: gathers the question.
        context: words the phrase stands under, for the question's text; their window is the phrase's if it has none.
    """
    phrase = phrase.strip(" ,;:")
    found = compared(phrase)
    if found:
        phrase = _MODAL.sub(" ", phrase)
        found = compared(phrase)
    found = [one for one in found if not _in_parentheses(phrase, one.start)]
    if len(found) > 1:
        return joined("and", [_asked(piece, draft, context) for piece in _pieces(phrase, found)])
    if found and (match := _JOINED_BY_WITH.match(phrase[: found[0].start])) and _holds(match["fact"]):
        rest = phrase[found[0].start :]
        return joined("and", [_asked(match["fact"], draft, context), _asked(rest, draft, context)])
    return _asked(phrase, draft, context)


def _asked(phrase: str, draft: Draft, context: str) -> Form:
    windows = read_windows(phrase)
    found = compared(phrase)
    window = window_of(phrase) if windows or not found else None
    window = (_lasting(phrase) if not windows else None) or window
    if window is None and not found and (read_windows(context) or _HISTORY.search(context)):
        window = window_of(context)
    statement = _statement(phrase, windows)
    comparison = found[0].comparison if found else None
    if comparison and wordings.ADEQUATE.fullmatch(context):
        draft.remark(f"heading of the values below: {context}")
        context = ""
    return draft.ask(Question(question_text(phrase, context), statement, comparison, window))


def _lasting(phrase: str) -> Window | None:
    """The window of a bound on time that belongs to no quantity: "diabetes for >= 6 months"."""
    known = [q for q in read_quantities(phrase) if q.operator]
    for measure in read_measures(phrase):
        if _is_time(measure, phrase) and not any(q.start <= measure.number_start < q.end for q in known):
            return lasting(measure.operator, measure.low, measure.unit or "", phrase[measure.end :])
    return None


def _is_time(measure: Measure, phrase: str) -> bool:
    """Whether a bound is a length of time and no age: an age says so, or has nothing but people before it."""
    unit = (measure.unit or "").lower().strip("- ").rstrip("s")
    if unit not in DAYS or measure.operator is None or measure.high is not None:
        return False
    around = phrase[: measure.start] + phrase[measure.end :]
    aged = re.search(r"\b(?:age|ages|aged|old|older|younger|gestation\w*|life expectancy)\b", phrase, re.IGNORECASE)
    return not aged and not _is_filling(around)


def _statement(phrase: str, windows: Sequence[Found]) -> str:
    """The phrase without its windows and without the words that only say that it is there."""
    for window in reversed(windows):
        phrase = phrase[: window.start] + " " + phrase[window.end :]
    shorter = _BARE.sub("", re.sub(r"\s+", " ", phrase).strip(" ,;"))
    return shorter or phrase.strip()


def compared(phrase: str) -> list[_Compared]:
    """Every comparison of a phrase, left to right: of known quantities, and of others by their own words."""
    windows = read_windows(phrase)
    known = [_known(quantity) for quantity in read_quantities(phrase) if quantity.operator]
    known += _bare_scores(phrase, known)
    found = [one for one in known if not _inside(one.start, one.end, windows) or one.comparison.quantity == "age"]
    for measure in read_measures(phrase):
        taken = _inside(measure.start, measure.end, [*windows, *found]) or _is_time(measure, phrase)
        if measure.operator and not taken and (unnamed := _unnamed(phrase, measure)):
            found.append(unnamed)
    return sorted(found, key=lambda one: one.start)


def _known(quantity) -> _Compared:
    operator = quantity.operator or "="
    comparison = Comparison(
        quantity.quantity, operator, quantity.value, quantity.high, quantity.unit, quantity.reference
    )
    return _Compared(comparison, quantity.start, quantity.end)


def _bare_scores(phrase: str, known: list[_Compared]) -> list[_Compared]:
    """A score or value without an operator is demanded as it stands ("ECOG performance status 1", "creatinine 1.2")."""
    plain = [q for q in read_quantities(phrase) if not q.operator and not (q.quantity == "age" and q.high is None)]
    return [_known(q) for q in plain if not any(one.start <= q.start < one.end for one in known)]


def _unnamed(phrase: str, measure: Measure) -> _Compared | None:
    """A comparison of something the table does not know, under the words before the number or else behind it."""
    before = re.split(r"[,;:]\s", phrase[: measure.start])[-1].strip(" ,;:(")
    name = _NOT_A_NAME.sub("", before).strip(" ,;:([").lower()
    graded = re.search(r"\b(grade|class|stage|score)\b", phrase[measure.start : measure.number_start], re.IGNORECASE)
    if not re.search(r"[a-z]", name):
        behind = re.match(r"\s*([a-z][\w\s%/-]*)", phrase[measure.end :], re.IGNORECASE)
        name = graded[1].lower() if graded else behind[1].strip().lower() if behind else ""
    unit = (measure.unit or "").lower()
    if (
        (not re.search(r"[a-z]", name) and unit.startswith(("y", "month")))
        or name in ("age", "aged")
        or (not name and re.search(r"older|younger", phrase[measure.start : measure.end]))
    ):
        name = "age"
    if not name or len(name.split()) > 12:
        return None
    comparison = Comparison(name, measure.operator or "=", measure.low, measure.high, measure.unit, measure.reference)
    return _Compared(comparison, measure.start, measure.end)


def _inside(start: int, end: int, spans: Sequence[Found | _Compared]) -> bool:
    return any(span.start < end and start < span.end for span in spans)


def _in_parentheses(text: str, place: int) -> bool:
    before = text[:place]
    return before.count("(") + before.count("[") > before.count(")") + before.count("]")


def _holds(fact: str) -> bool:
    """Whether the words before "with" and a bound are a fact by themselves."""
    return not _is_filling(fact) and stands(fact)


def _is_filling(text: str) -> bool:
    return (
        re.fullmatch(
            r"(?:patients?|subjects?|adults?|men|women|children|the|a|an|and|or|with|males?|females?|of|all|\W)*",
            text,
            re.IGNORECASE,
        )
        is not None
    )


def _pieces(phrase: str, found: list[_Compared]) -> list[str]:
    """The phrase cut before its second and later comparisons; a bound without a name gets the first one's."""
    pieces: list[str] = []
    for place, one in enumerate(found):
        begin = 0 if place == 0 else found[place - 1].end
        end = len(phrase) if place == len(found) - 1 else one.end
        piece = phrase[begin:end].strip(" ,;")
        piece = re.sub(r"^(?:and/or|and|or|but|with)\s+", "", piece)
        if place and one.comparison.quantity not in {c.comparison.quantity for c in compared(piece)}:
            piece = f"{_name_in(phrase, found[0])} {piece}"
        pieces.append(piece)
    return pieces


def _name_in(phrase: str, one: _Compared) -> str:
    measure = next(iter(read_measures(phrase[: one.end])), None)
    return phrase[: measure.start].strip() if measure else phrase[: one.start].strip()
