"""Text as terms: what each word stands for, which broader words it answers to, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from winnow.trials.answering.baseline.classes import CLASSES, DRUGS, WRITTEN, class_of
from winnow.trials.answering.baseline.kinds import CODE, KIND, NON, exact_code, exact_kind
from winnow.trials.answering.baseline.lexicon import ABBREVIATIONS, BROADER, MODIFIERS, PHRASES, STOP

_IRREGULAR = {
    **dict.fromkeys(("metastases", "metastasis", "metastatic", "metastasized", "metastasised"), "metasta"),
    **dict.fromkeys(("pregnant", "pregnancy", "pregnancies"), "pregnan"),
    **dict.fromkeys(("diabetes", "diabetic", "diabetics"), "diabet"),
    **dict.fromkeys(("cirrhosis", "cirrhotic"), "cirrho"),
    **dict.fromkeys(("surgery", "surgeries", "surgical", "surgically"), "surg"),
    **dict.fromkeys(("smoking", "smokes", "smoke", "smoked"), "smok"),
    **dict.fromkeys(("lactating", "lactation", "lactate-feeding"), "lactat"),
    **dict.fromkeys(("psychosis", "psychotic"), "psycho"),
    **dict.fromkeys(("malignant", "malignancy", "malignancies"), "malignan"),
    **dict.fromkeys(("epilepsy", "epileptic"), "epilep"),
    **dict.fromkeys(("sclerosis", "sclerotic"), "sclero"),
    **dict.fromkeys(("alcoholism", "alcoholic", "alcohol"), "alcohol"),
    "mellitus": "diabet",
}
# Taken off the end, the first that leaves enough: (ending, letters that must remain).
_ENDINGS = (("ations", 5), ("ation", 5), ("ically", 5), ("ical", 5), ("ions", 5), ("ion", 5), ("ive", 5), ("ies", 4),
            ("ing", 5), ("ed", 5), ("ia", 4), ("ic", 4), ("ly", 5), ("al", 5), ("es", 4), ("s", 3),
            ("y", 4), ("e", 4))  # fmt: skip
_EXACT = frozenset(each.word for each in CLASSES)
_ONE = "|".join(sorted(map(re.escape, ABBREVIATIONS), key=len, reverse=True))
_MANY = "|".join(sorted((re.escape(phrase).replace(r"\ ", r"\s+") for phrase in PHRASES), key=len, reverse=True))
_TOKEN = re.compile(
    rf"(?<![\w])(?:(?P<short>{_ONE})|(?P<drugs>(?i:{WRITTEN}))|(?P<kind>{KIND})|(?P<code>{CODE})|(?P<non>{NON})|"
    rf"(?P<phrase>(?i:{_MANY}))|(?P<cancer>(?i:ca)(?= of\b|\.|$))|"
    r"(?P<word>[A-Za-zµéè]+\d[\w]*|\d+[A-Za-z]\w*|[A-Za-zµéè]+(?:'s)?|\d+(?:\.\d+)?))(?![\w])"
)


@dataclass(frozen=True)
class Term:
    """One word or abbreviation.

    Attributes:
        stems: the stems of the words it stands for: one, or several for an abbreviation.
        broader: stems of broader words it also answers to.
        start, end: characters of the text.
        modifier: it only narrows a fact.
    """

    stems: tuple[str, ...]
    broader: frozenset[str]
    start: int
    end: int
    modifier: bool = False


def terms(text: str) -> list[Term]:
    """The content terms of a text, in order; words that carry no fact are left out."""
    return list(_terms(text))


def stem(word: str) -> str:
    """A word without its ending. Codes that hold a digit ("g12c") are only lower-cased: variants are exact."""
    word = word.lower().removesuffix("'s")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if any(letter.isdigit() for letter in word):
        return word
    for ending, least in _ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= least:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=65536)
def _terms(text: str) -> tuple[Term, ...]:
    return tuple(term for match in _TOKEN.finditer(text) if (term := _exact(match) or _spelled(match)))


def _exact(match: re.Match[str]) -> Term | None:
    """A kind, a code or a class of drugs: one word that nothing else is a form of."""
    at, to = match.span()
    if match["kind"]:
        word, broader = exact_kind(match)
        return Term((word,), frozenset(map(_broad_stem, broader)), at, to, modifier=match["virus"] is None)
    if match["drugs"]:
        word, broader = class_of(match["drugs"])
        return Term((word,), frozenset(map(_broad_stem, broader)), at, to)
    if match["code"] or match["non"]:
        return Term((exact_code(match["code"] or match["non"]),), frozenset(), at, to)
    return None


def _spelled(match: re.Match[str]) -> Term | None:
    words = _stands_for(match)
    if not words:
        return None
    broad = frozenset(
        _broad_stem(w) for word in words for w in f"{BROADER.get(word, '')} {DRUGS.get(word, '')}".split()
    )
    narrows = all(word in MODIFIERS for word in words)
    return Term(tuple(map(stem, words)), broad, match.start(), match.end(), narrows)


def _broad_stem(word: str) -> str:
    """The stem of a broader word; the exact words of kinds and classes stay as they are."""
    return word if word in _EXACT or any(letter.isdigit() for letter in word) else stem(word)


def _stands_for(match: re.Match[str]) -> list[str]:
    if match["short"]:
        text = ABBREVIATIONS[match["short"]]
    elif match["phrase"]:
        text = PHRASES[re.sub(r"\s+", " ", match["phrase"].lower())]
    else:
        text = "cancer" if match["cancer"] else match["word"].lower().removesuffix("'s")
    expanded = " ".join(PHRASES.get(word, word) for word in text.split())
    return [word for word in expanded.split() if word not in STOP and (len(word) > 1 or match["word"] is None)]
