"""Test results with a sign: receptors, genes and viruses that are positive or negative, and gene variants, exactly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from winnow.trials.answering.baseline.alternatives import alternatives
from winnow.trials.answering.baseline.assertion import assess
from winnow.trials.answering.baseline.evidence import LIKELY, Finding, latest_first
from winnow.trials.answering.baseline.lexicon import VAGUE
from winnow.trials.answering.baseline.words import stem, terms
from winnow.trials.retrieval import Sentence

_LIGHT = frozenset(stem(word) for word in VAGUE) | frozenset(("status", "expression", "express", "tumor", "cancer"))

_NAMES = {
    "er": r"(?:estrogen|oestrogen)[- ]receptors?|(?-i:ER)", "pr": r"progesterone[- ]receptors?|(?-i:PR|PgR)",
    "hr": r"hormone[- ]receptors?|(?-i:HR)", "her2": r"her[- ]?2(?:/neu)?|erbb2", "pd-l1": r"pd-?l1", "egfr": r"egfr",
    "alk": r"(?-i:ALK)", "ros1": r"ros-?1", "kras": r"k-?ras", "nras": r"n-?ras", "braf": r"b-?raf",
    "brca1": r"brca-?1", "brca2": r"brca-?2", "met": r"(?-i:MET)|c-met", "ret": r"(?-i:RET)", "ntrk": r"ntrk[123]?",
    "idh1": r"idh-?1", "flt3": r"flt-?3", "jak2": r"jak-?2", "pik3ca": r"pik3ca", "tp53": r"tp53|p53",
    "hpv": r"hpv|human papillomavirus",
    "hiv": r"hiv(?:[- ][12])?", "hbv": r"hbs ?ag|hbv|hepatitis b(?: surface antigen| virus)?",
    "hcv": r"hcv|hepatitis c(?: virus)?(?: antibody)?|anti-hcv", "h. pylori": r"h\.? ?pylori|helicobacter pylori",
    "pregnancy": r"(?:urine |serum |blood )?pregnancy tests?|(?:urine |serum |blood |beta[- ]|β-)*hcg",
    "ana": r"(?-i:ANA)|antinuclear antibod(?:y|ies)", "cd20": r"cd20", "philadelphia": r"philadelphia(?: chromosome)?",
}  # fmt: skip
_MARKERS = {
    name: re.compile(rf"(?<![\w-])(?:{pattern})(?![A-Za-z0-9])", re.IGNORECASE) for name, pattern in _NAMES.items()
}
# What a laboratory writes, and what only names the kind of change: "KRAS mutation was not detected" is no mutation.
_RESULT = re.compile(
    r"(?P<denied>\b(?:not|no|never)\b(?: \w+)? |non-?|un)?(?P<sign>positive|negative|\bpos\b|\bneg\b|reactive|"
    r"detect\w+|identified|present|absent|found|seen|amplified|overexpress\w+|wild[- ]?type|"
    r"(?:^|(?<=[\w\s(]))\+|(?:^|(?<=\w))-(?=[\s,.;)/]|$)|\(-\))", re.IGNORECASE)  # fmt: skip
_CHANGE = re.compile(r"\b(?:mutat\w+|mutant|rearrange\w+|fusion|amplification|translocation)\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?P<sign>positive|negative|triple[- ]negative|\bno|without|lacks?)(?: for)?(?: \w+)?\s*$", re.IGNORECASE
)
_NEGATIVE = re.compile(r"neg|^absent|wild|^-$|^\(-\)$|^no$|^without|^lack", re.IGNORECASE)
_DENIED = re.compile(
    r"(?:\b(?:no|not|never|without|denies|lacks?|absence of)\b|n't\b)(?!\s+only\b)[^,.;:]*$", re.IGNORECASE
)
_CLAUSE = re.compile(r"[.;\n]|, (?=\w+ (?:is|was|are|has)\b)|\bbut\b|\bwhile\b")
_AND = re.compile(r"[\s,/]*(?:and|or)?[\s,/]*")
_WINDOW = 60
_VARIANT = re.compile(
    r"(?<![\w])(?:p\.)?(?P<code>[ACDEFGHIKLMNPQRSTVWY]\d{2,4}[ACDEFGHIKLMNPQRSTVWYX*]|exon \d+)(?![\w])", re.IGNORECASE
)
_TRIPLE = re.compile(r"\btriple[- ]negative\b|\bTNBC\b", re.IGNORECASE)
_PREGNANT = re.compile(
    r"\W*(?:currently |known |is |are |who are )*pregnan(?:t|cy)(?: (?:women|woman|females?|patients?))?\W*",
    re.IGNORECASE,
)


def find_marker(statement: str, sentences: Sequence[Sentence]) -> Finding | None:
    """The newest stated sign of the marker a statement names with a sign; None when there is none.

    A statement that names a variant ("KRAS G12C") is answered only by that variant; another one says nothing of it.
    """
    wanted = next(_signs(statement), None) or _pregnancy(statement)
    variants = {match["code"].upper() for match in _VARIANT.finditer(statement)}
    if wanted is None or len(set(_marked(statement))) > 1 or _TRIPLE.search(statement):
        return None
    name, sign = wanted
    for sentence in latest_first(sentences):
        found = [s for n, s in _signs_in(sentence) if n == name]
        named = {match["code"].upper() for match in _VARIANT.finditer(sentence.text)}
        if not found or not _of_same_variant(variants, named, positive=any(found)):
            continue
        if found[0] and not _rest(statement) <= _all_stems(sentence.text):
            continue  # "EGFR mutation" does not claim "activating EGFR mutation", nor HER2 a stomach cancer
        flags = ("conflict",) if len(set(found)) == 2 else ()
        if flags:
            return Finding(None, (sentence,), f"{name} is stated with both signs", "rule:marker", flags=flags)
        said = "positive" if found[0] else "negative"
        return Finding(found[0] == sign, (sentence,), f"{name} is {said}", "rule:marker", LIKELY)
    return None


def markers_in(text: str) -> set[str]:
    """The markers that a text names; what is triple negative names each of its receptors."""
    found = set(_marked(text)) | ({"er", "pr", "hr", "her2"} if _TRIPLE.search(text) else set[str]())
    return found | ({"pregnancy"} if _PREGNANT.fullmatch(text) else set[str]())


def _of_same_variant(asked: set[str], named: set[str], positive: bool) -> bool:
    """Whether a sign is of the asked variants: none found at all denies each, another one's absence denies nothing."""
    if positive:
        return not asked or bool(asked & named)
    return asked <= named if named and asked else not named


def _rest(statement: str) -> set[str]:
    """The stems that a statement has beside marker, sign, variant and kind of change."""
    split = [_RESULT.sub(" ", _CHANGE.sub(" ", _VARIANT.sub(" ", each))) for each in alternatives(statement)]
    for pattern in _MARKERS.values():
        split = [pattern.sub(" ", each) for each in split]
    stems = [_all_stems(each) - _LIGHT for each in split]
    return set.intersection(*stems)


def _all_stems(text: str) -> set[str]:
    return {stem for term in terms(text) for stem in (*term.stems, *term.broader)}


def _signs_in(sentence: Sentence) -> Iterator[tuple[str, bool]]:
    """Every marker of the patient with its sign; plans, doubts and relatives do not count."""
    text = sentence.text
    if _TRIPLE.search(text):
        yield from (("er", False), ("pr", False), ("her2", False), ("hr", False))
    for name, start, end in _places(text):
        said = assess(text, start, end, sentence.section)
        sign = _sign(text, start, end)
        if sign is not None and said.person == "patient" and not said.hypothetical and not said.possible:
            yield name, sign


def _signs(statement: str) -> Iterator[tuple[str, bool]]:
    for name, start, end in _places(statement):
        sign = _sign(statement, start, end)
        if sign is not None:
            yield name, sign


def _pregnancy(statement: str) -> tuple[str, bool] | None:
    """ "Pregnant" asks for a positive test."""
    return ("pregnancy", True) if _PREGNANT.fullmatch(statement) else None


def _marked(text: str) -> list[str]:
    return [name for name, _, _ in _places(text)]


def _places(text: str) -> Iterator[tuple[str, int, int]]:
    for name, pattern in _MARKERS.items():
        for match in pattern.finditer(text):
            yield name, match.start(), match.end()


def _sign(text: str, start: int, end: int) -> bool | None:
    """True for positive, False for negative: the first result behind the marker, else what stands right before it."""
    behind = _own_words(text, end)
    before = _BEFORE.search(text[max(start - 30, 0) : start])
    denied = bool(_DENIED.search(text[:start]))
    if result := _RESULT.search(behind):
        positive = bool(_NEGATIVE.search(result["sign"])) == bool(result["denied"])
        return positive and not denied
    if before:
        return not _NEGATIVE.search(before["sign"])
    return not denied if _CHANGE.search(behind) else None


def _own_words(text: str, end: int) -> str:
    """What stands behind a marker up to the end of its clause or the next marker; "ER and PR positive" is of both."""
    behind = text[end : end + _WINDOW]
    for at, to in sorted((at, to) for _, at, to in _places(behind)):
        if not _AND.fullmatch(behind[:at]):
            behind = behind[:at]
            break
        behind = " " * to + behind[to:]
    stop = _CLAUSE.search(behind)
    return behind[: stop.start()] if stop else behind
