"""A fact as a question in English."""

from __future__ import annotations

import re

_IS = re.compile(
    r"^(?:(?:currently|actively|presently|also|fully|clinically|medically|otherwise|physically|mentally|legally|"
    r"already|severely|hemodynamically|chronically)\s+)*"
    r"(?:able|unable|willing|unwilling|pregnant|lactating|breast-?\s?feeding|nursing|eligible|ineligible|suitable|"
    r"unsuitable|candidates?\b|"
    r"receiving|taking|using|undergoing|participating|enrolled|scheduled|planned\s+(?:to|for)|planning|known\s+to|"
    r"considered|expected|likely|unlikely|"
    r"allergic|hypersensitive|intolerant|resistant|refractory|naive|postmenopausal|post-menopausal|premenopausal|"
    r"male|female|ambulatory|"
    r"hospitali[sz]ed|institutionali[sz]ed|incarcerated|dependent|in\b(?!\s+situ)|\d+\s*(?:years?|yrs?|months?)\b|on\b|at\b|under\b|of\b|older|younger|aged|"
    r"between|at\s+least\s+\d+\s*-?(?:years?|yrs?|months?)|expecting|"
    r"over|above|below|less\s+than|greater\s+than|more\s+than|within|free\b|fit\b|capable|incapable|competent|literate|"
    r"smoking|breast\s+feeding|attending|living|suffering|presenting|referred|admitted|\w+ed\s+(?:to|with|by|in|for|"
    r"from|at|on|into)|\w+ly\s+(?:ill|disabled|impaired|stable|unstable))(?![\w-])",
    re.IGNORECASE,
)  # fmt: skip
_HAS = re.compile(
    r"^(?:(?:previously|already|recently|ever|not)\s+)*(?:received|undergone|failed|completed|participated|"
    r"experienced|recovered|"
    r"progressed|relapsed|provided|signed|given|suffered|used|taken|had\b|been\b|achieved|agreed|discontinued|"
    r"stopped|shown|developed)",
    re.IGNORECASE,
)  # fmt: skip
_WAS = re.compile(
    r"^(?:(?:previously|newly|recently|histologically|already)\s+)*(?:treated|diagnosed|born|exposed|randomi[sz]ed|"
    r"vaccinated|immuni[sz]ed)\b(?=\s+(?:with|for|by|in|at|to|on|as|within|and|or|before|after|during|of|outside|"
    r"[\w-]+ly)\b)",
    re.IGNORECASE,
)
_DOES = re.compile(
    r"^(?:agree|sign|understand|comply|have\b|use|speak|read|write|live|consent|provide|meet|need|require|want|"
    r"intend|plan|wish|refuse|"
    r"tolerate|smoke|drink|take|receive|attend|undergo|participate|weigh|abstain|refrain|accept|fulfil|fulfill|"
    r"demonstrate|express|"
    r"possess|communicate|complete|swallow|show|follow|exhibit|carry|work|own)\b",
    re.IGNORECASE,
)  # fmt: skip
_THIRD = re.compile(
    r"^(?:agrees|signs|understands|complies|has|uses|speaks|reads|lives|consents|provides|meets|needs|requires|"
    r"intends|plans|refuses|tolerates|smokes|drinks|takes|receives|weighs|accepts|demonstrates|presents|shows)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"\b(?:is|are|was|were|has|have|will|must|should|can|does|do|may)\b", re.IGNORECASE)
_PEOPLE = re.compile(
    r"^(?:\w+[\s-]){0,4}(?:women|men|females|males|patients|subjects|participants|children|adults|volunteers|"
    r"individuals|persons|people|smokers|prisoners|minors)$",
    re.IGNORECASE,
)
_PAST_AUXILIARY = re.compile(
    r"^(?:has|have|had)\s+(?=(?:\w+ly\s+)?(?:been|had|received|undergone|taken|\w+ed)\b)", re.IGNORECASE
)


# Names of people and places at the start of a fact: "Parkinson disease", "Karnofsky performance status".
_PERSONAL = re.compile(
    r"(?:Addison|Alzheimer|Asian|Barrett|Beh[cç]et|Bence|Bruce|Brugada|Burkitt|Canadian|Caucasian|Child|Chinese|Crohn|"
    r"Cushing|Down|Duchenne|Eastern|English|Ewing|Fabry|French|Fontaine|Friedreich|Gaucher|Gilbert|Gleason|Glasgow|Graves|"
    r"Guillain|Hashimoto|Hodgkin|Huntington|Japanese|Kaposi|Karnofsky|Kawasaki|Killip|Klinefelter|Lansky|Lewy|Lynch|"
    r"Marfan|Medicaid|Medicare|Meniere|Merkel|Montreal|Parkinson|Philadelphia|Pompe|Raynaud|Rutherford|Sj[oö]gren|"
    r"Spanish|Tanner|Tourette|Turner|Waldenstr[oö]m|Wegener|Wilms|Wilson|Wolff|York)(?:'?s)?\b"
)


def question_text(fact: str, context: str = "") -> str:
    """A yes/no question that asks for the fact, every word of it kept.

    Args:
        fact: a noun phrase ("metastatic breast cancer"), a predicate ("able to swallow tablets", "has received X") or
            a clause ("the tumour is resectable").
        context: words the fact stands under ("any of these within 6 months"); put in parentheses.
    """
    fact = _lowered(fact)
    behind = f" ({context})?" if context else "?"
    if re.match(r"[<>≤≥=].*\b(?:years?|yrs?)\b", fact):
        return f"Is the patient's age {fact}{behind}"
    if _PEOPLE.search(fact):
        return f"Is the patient one of these: {fact}{behind}"
    if _PAST_AUXILIARY.match(fact):
        return f"Has the patient {_PAST_AUXILIARY.sub('', fact, count=1)}{behind}"
    for pattern, opening in ((_HAS, "Has"), (_WAS, "Was"), (_IS, "Is"), (_DOES, "Does")):
        if pattern.match(fact):
            return f"{opening} the patient {fact}{behind}"
    if re.match(r"^(?:age|ages|weight|height|sex|gender)\b", fact, re.IGNORECASE):
        return f"Is this true of the patient's {fact}{behind}" if ":" in fact else f"Is the patient's {fact}{behind}"
    if _THIRD.match(fact) or re.match(
        r"^(?:there|it|the\s+\w+|\w+)\s+(?:is|are|was|were|has|have|will|must|can)\b", fact
    ):
        return f"Is it true of the patient: {fact}{behind}"
    clause = _CLAUSE.search(re.sub(r"\b(?:that|which|who|whose)\b.*", "", fact))
    return f"Is it true of the patient: {fact}{behind}" if clause else f"Does the patient have {fact}{behind}"


def lowered_name(name: str) -> str:
    """A condition's name as it is written in a sentence: "Breast Cancer" as "breast cancer", names of people kept."""
    return re.sub(r"\b[A-Z][a-z]+\b(?!\d)", lambda word: word[0] if _PERSONAL.match(word[0]) else word[0].lower(), name)


def _lowered(fact: str) -> str:
    """The first letter in lower case where it only starts a sentence: abbreviations and names with capitals stay."""
    first = re.match(r"[A-Z][a-z]++(?![\w-]*[A-Z0-9])(?!\s+[A-Z][a-z])|A(?=\s[a-z])", fact)
    return fact[0].lower() + fact[1:] if first and not _PERSONAL.match(fact) else fact
