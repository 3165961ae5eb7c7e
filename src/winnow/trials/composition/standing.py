"""Whether a piece of a coordination says something by itself: "liver failure" does, "stable" or "blood" do not.

There is no tagger here: closed lists and endings decide. A doubtful word counts as bare, since a piece that keeps its
neighbour costs at most an unanswered question, and a piece asked without its head costs a wrong verdict.
"""

from __future__ import annotations

import re

from winnow.trials.composition.bare_words import BARE, SITES, SMALL, SPEAKS
from winnow.trials.composition.masks import in_parentheses
from winnow.trials.composition.reading import read_quantities
from winnow.trials.composition.windows import read_windows

_ADJECTIVE = re.compile(
    r"^[a-z-]{2,}(?:al|ic|ive|ous|eous|ed|able|ible|ly|eal|iac|oid|ary|ular|ative|itive|less|wise|ian|ean)$"
)
_BEFORE_PREDICATES = ("is", "are", "be", "was", "were", "not", "remain", "remains", "if", "or", "and")
_WITH_NOUN = re.compile(r"[a-z]{3,}(?:al|ic|ary|ous|oid|iac|itive|ative)$")
_GENE = re.compile(
    r"^(?:EGFR|ALK|ROS-?1|BRAF|[KNH]?RAS|HER-?[1234]|ERBB[1-4]|MET|c-?MET|RET|NTRK[123]?(?:/\d)*|BRCA-?[12](?:/2)?|"
    r"PALB2|ATM|ATR|CHEK2|CDK\d+|CDK12|CDKN2A|FGFR[1-4]?|PIK3CA|AKT[123]?|PTEN|TP53|p53|IDH-?[12]|FLT-?3|NPM1|JAK2|"
    r"CALR|MPL|BCR-ABL1?|PML-RARA|KIT|c-?KIT|PDGFR[AB]?|VHL|TSC[12]|NF[12]|MLH1|MSH[26]|PMS2|EPCAM|RAD51[A-D]?|"
    r"ESR1|AR|ER|PR|PgR|PD-?L?-?1|CTLA-?4|CD\d+|CLDN18(?:\.2)?|DLL3|STK11|KEAP1|SMARC\w+|ARID1A|MYC|BCL-?[26]|"
    r"[GVTLRESAQKDHN]\d{2,4}[A-Z]|exon|del(?:17p|5q)|MTAP|LDLR|APOB|PCSK9|APOE\d?|TTR|CFTR|SMN[12]|DMD)$"
)  # fmt: skip
_STARTS_LOOSE = re.compile(
    r"^(?:(?:in(?!\s+situ\b)|of|by|from|to|for|at|as|than|with\s+(?:or|at\s+least)|per|via|due|which|that|whose|where|"
    r"when|during|after|before|following|since|until|upon|within|starting|beginning|preferably|lasting|continuing|"
    r"(?:is|are|was|were)(?!\s+(?:\w+ly\s+)?(?:receiving|taking|pregnant|"
    r"unable|able|willing|on|undergoing|using|planning|scheduled|breast\w*)\b)|on\s+(?:a\s+)?stable|"
    r"secondary\s+to|requiring|resulting|occurring|involving|affecting|including|using|based)\b"
    r"|(?:(?:\w+ly|well|not)[\s-]+)*(?:\w+ed|stable|asymptomatic|symptomatic|in\s+remission|quiescent)"
    r"(?=\s*(?:$|[,;(]|(?:and|or|with|by|for|to|in|on|after|before|within|at|using|since|over|during|as|from|\w+ly|"
    r"more|less|without|no|but|prior|\d+)\b|[<>≤≥])))",
    re.IGNORECASE,
)
_SPEAKING_STATE = re.compile(
    r"^(?:for|at)\s+(?:risk|high\s+risk)\b|^in\s+(?:need|another|the\s+opinion)", re.IGNORECASE
)
_PARENTHESES = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")


def stands(piece: str) -> bool:
    """Whether a piece can be asked by itself: it names a thing, a value or a state of a patient."""
    if in_parentheses(piece):
        piece = piece[1:-1]
    if any(quantity.operator or quantity.high is not None for quantity in read_quantities(piece)):
        return True
    words = _content(piece)
    return bool(words) and not all(map(_is_bare, words)) and not is_site(piece)


def opens_loosely(piece: str) -> bool:
    """Whether a piece starts as the end of a phrase: "treated with X", "in remission", "for 4 weeks"."""
    return bool(_STARTS_LOOSE.match(piece.strip())) and not _SPEAKING_STATE.match(piece.strip())


def ends_open(piece: str) -> bool:
    """Whether a piece ends with an adjective whose noun comes later: "compounds of similar chemical"."""
    pair = re.search(r"([\w'-]+)\s+([\w'-]+)$", without_windows(piece))
    if pair is None or pair[1].lower() in _BEFORE_PREDICATES:
        return False
    last = pair[2].lower()
    return last not in SPEAKS and (
        _WITH_NOUN.search(last) is not None or last in ("advanced", "recurrent", "similar", "approved")
    )


def ends_bare(piece: str) -> bool:
    """Whether the last word of a piece says something of what is before it: "lymph node negative"."""
    words = _content(piece)
    return bool(words) and words[-1].isalpha() and _is_bare(words[-1])


def speaks_of_patient(word: str) -> bool:
    """Whether an adjective is said of a patient ("postmenopausal") and needs no noun."""
    return word.lower() in SPEAKS


def is_gene(piece: str) -> bool:
    """Whether every word of a piece is a gene, a marker or a variant of one: it needs "mutation" or the like."""
    words = _content(piece)
    return bool(words) and all(_GENE.match(word) for word in words)


def is_symbol(piece: str) -> bool:
    """Whether a piece is one gene's symbol or looks like one ("FANCD2"): letters and then a number."""
    return is_gene(piece) or re.fullmatch(r"[A-Z]{2,6}\d+[A-Z]?\d*", piece.strip()) is not None


def is_generic(piece: str) -> bool:
    """Whether a piece is only of words for samples, extents and the like."""
    return bool(words := _content(piece)) and all(word.lower() in BARE for word in words)


def is_site(piece: str) -> bool:
    """Whether a piece is a part of the body and no more."""
    words = [word.lower() for word in _content(re.split(r"(?<=\w)\s+(?:by|on|with|for|at|as)\b", piece)[0])]
    return bool(words) and words[-1] in SITES and all(word in SITES or _is_bare(word) for word in words)


def _content(piece: str) -> list[str]:
    """The words that could say something: no parentheses, windows or small words."""
    piece = without_windows(_PARENTHESES.sub(" ", piece))
    words = re.findall(r"[^\W_][\w'/.+-]*", piece)
    return [word.rstrip(".") for word in words if word.lower().rstrip(".") not in SMALL]


def without_windows(piece: str) -> str:
    """A piece without its times: "chemotherapy within 4 weeks of enrollment" is "chemotherapy"."""
    for window in reversed(read_windows(piece)):
        piece = piece[: window.start] + " " + piece[window.end :]
    return piece.strip()


def _is_bare(word: str) -> bool:
    low = word.lower()
    if low in SPEAKS:
        return False
    if (
        _GENE.match(word)
        or low.startswith("anti-")
        or low in BARE
        or re.fullmatch(r"\d[\d.,/-]*[a-d]?%?|[tnm]\d\w*|\d+(?:st|nd|rd|th)", low)
    ):
        return True
    marked = re.match(r"(?P<marker>.+)-(?:positive|negative|mutated|mutant|amplified|rearranged|wild|low|high)$", low)
    return bool(_GENE.match(marked["marker"].upper())) if marked else _ADJECTIVE.match(low) is not None
