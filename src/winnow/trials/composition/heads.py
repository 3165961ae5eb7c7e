"""The noun at the end of a row that the items before it need too: "breast, lung or colon cancer"."""

from __future__ import annotations

import re

from winnow.trials.composition.prefixes import without_prefix
from winnow.trials.composition.standing import speaks_of_patient
from winnow.trials.composition.windows import read_windows

_HEADS = (
    r"(?:cancers?|carcinomas?|adenocarcinomas?|sarcomas?|lymphomas?|tumou?rs?|malignanc(?:y|ies)|neoplasms?|"
    r"diseases?|disorders?|"
    r"conditions?|failure|insufficiency|dysfunction|impairment|functions?|infections?|surger(?:y|ies)|procedures?|"
    r"therap(?:y|ies)|"
    r"treatments?|transplant\w*|metastas[ei]s|injur(?:y|ies)|abnormalit(?:y|ies)|malformations?|dependence|abuse|"
    r"use|illness(?:es)?|"
    r"syndromes?|inhibitors?|antibod(?:y|ies)|drugs?|medications?|agents?|bleeding|hypertension|pain|women|patients|"
    r"embolism|"
    r"thrombosis|ulcers?|fractures?|involvement|symptoms?|events?|problems?|radiation|radiotherapy|chemotherapy|"
    r"status|receptors?|ablation|mutations?|variants?|alterations?|rearrangements?|fusions?|amplifications?|"
    r"translocations?|deletions?|aberrations?|expression|fibrillation|pneumonia|cirrhosis|arrhythmias?|regimens?)"
)
_TAIL_HEAD = re.compile(
    rf"^(?P<own>.+?\s)(?P<head>{_HEADS}(?:\s+(?:of|in|with|to|for|from|at|by|who|that|on|precluding|requiring|"
    rf"affecting|interfering|treated|due|as|per|according|during|after|before|"
    rf"which)\s.*)?)(?P<behind>\s*[(\[][^()]*[)\]]|,?\s+(?:such\s+as|including|alone|together|concurrent\w*|sequential\w*|"
    r"in\s+(?:combination|sequence))\b.*)?$",
    re.IGNORECASE,
)
_MODIFIER = re.compile(
    r"^(?:[\w-]+\s+){0,2}(?:[\w-]*(?:al|ic|ar|ous|ary|ive|ory|ed|ing|ant|ent|oid|ine|tic|ble|eal|iac|atic|etic|ian)|"
    r"breast|lung|ovary|prostate|"
    r"colon|rectum|liver|kidney|brain|bone|heart|skin|bladder|cervix|spine|knee|hip|stomach|drug|alcohol|head|neck|"
    r"thyroid|pancreas|"
    r"esophageal|eye|muscle|blood|bone\s+marrow|substance|tobacco|nicotine|opioid|childhood|adult|lymph\s+node|"
    r"systemic|spinal\s+cord|"
    r"(?:an?\s+)?anti-[\w-]+|immune|autoimmune|soft\s+tissue|germ\s+cell|squamous|basal\s+cell|squamous\s+cell|pregnant|nursing|primary|"
    r"secondary|valve|bowel|"
    r"colorectal|organ|endocrine|psychiatric|viral|fungal|local|major|minor|acute|chronic|type\s+\d|psych\w+)$",
    re.IGNORECASE,
)  # fmt: skip
_CANCER = re.compile(
    r"(?:cancers?|carcinomas?|sarcomas?|lymphomas?|tumou?rs?|melanomas?|leuk[a]?emias?|mesotheliomas?|gliomas?|myelomas?|"
    r"blastomas?|adenocarcinomas?|glioblastomas?|NSCLC|SCLC)(?:\s*[(\[][^()]*[)\]])?$",
    re.IGNORECASE,
)
_PERSONS = re.compile(r"\b(?:women|females|patients|subjects|mothers)$", re.IGNORECASE)
_NOT_MODIFIERS = re.compile(
    r"\b(?:bleeding|smoking|drinking|nursing|breast-?feeding|lactating|suicidal|antibiotic|alcoholic|diabetic|"
    r"disabled|incarcerated|"
    r"institutionalized|imprisoned|stent|implant|pregnant|infant|patient|adolescent|vomiting|anesthetic|analgesic|"
    r"diuretic|"
    r"transplant|consent|assent|event|treatment|impairment|metronidazole)$",
    re.IGNORECASE,
)  # fmt: skip


_EXTENT_WORD = (
    r"(?:recurrent|relapsed|refractory|metastatic|persistent|progressive|unresectable|inoperable|resectable|advanced|"
    r"locally(?:[\s-]+advanced)?|locoregional(?:ly)?|borderline|early|late|paroxysmal|permanent|chronic|acute|severe|"
    r"moderate|mild|active|symptomatic|asymptomatic|untreated|treated|primary|secondary|newly\s+diagnosed|stage\s+\S+|"
    r"resistant|stable|unstable|uncontrolled|confirmed|suspected|known|benign|malignant|invasive|in\s+situ|congenital|"
    r"acquired|non-?\s?metastatic|disseminated|local|latent|congestive|decompensated|compensated|"
    r"[\w/-]+-(?:positive|negative|mutated|mutant|amplified|wild[\s-]type)|"
    r"(?:[\w/]+\s+){1,3}(?:receptor|HER2|ER|PR)[\s-](?:positive|negative)|(?:HER2|ER|PR)[\s-](?:positive|negative))"
)
_EXTENT = re.compile(rf"(?:{_EXTENT_WORD}[\s,]+(?:(?:and/or|or|and)\s+)?)+", re.IGNORECASE)
_ENDS_SO = re.compile(rf"\w\s+{_EXTENT_WORD}$", re.IGNORECASE)
_EXTENTS = re.compile(rf"(?:(?:histologically|cytologically|confirmed|an?|the)\s+)*{_EXTENT_WORD}", re.IGNORECASE)


def has_shared_head(items: list[str]) -> bool:
    """Whether the items but the last are modifiers of the last one's noun: "liver and kidney disease"."""
    return bool(_head_of(items[-1])) and all(_is_modifier(item, items[-1]) for item in items[:-1])


def are_adjectives(items: list[str]) -> bool:
    """Whether all items but the last are single modifiers of the last: "primary, complete cleft lip"."""
    return all(
        len(item.split()) == 1 and _MODIFIER.match(item) and not _NOT_MODIFIERS.search(item) for item in items[:-1]
    )


def are_diseases(items: list[str]) -> bool:
    """Whether every item is a cancer: a list of them with no word between is a choice, nobody has them all."""
    return len(items) > 2 and all(_CANCER.search(item) for item in items)


def _below(item: str, tail: str) -> str:
    """What an item shares of the piece behind it: an extent goes with all but the extents that the tail starts with.

    "recurrent or metastatic breast cancer" is "recurrent breast cancer"; a site only takes the noun: "breast or lung
    cancer". "" when it is not certain.
    """
    head = _head_of(tail)
    extent = _EXTENTS.fullmatch(without_prefix(item)) or _EXTENTS.fullmatch(item) or _ENDS_SO.search(item)
    if not head or not extent:
        return head
    own = _EXTENT.match(tail)
    return tail[own.end() :].strip() if own else ""


def _head_of(item: str) -> str:
    """The noun at an item's end with what hangs on it, without its window; "" when it is no known one."""
    windows = read_windows(item)
    if windows and windows[-1].end >= len(item.rstrip()):
        item = item[: windows[-1].start].rstrip()
    tail = _TAIL_HEAD.match(item)
    return tail["head"] if tail else ""


def _is_modifier(item: str, tail: str) -> bool:
    core = without_prefix(re.sub(r"\s*[(\[][^()]*[)\]]", "", item))
    if _PERSONS.search(tail) and re.fullmatch(
        r"(?:pregnan\w*|lactating|nursing|breast-?\s?feeding)", core, re.IGNORECASE
    ):
        return True
    if speaks_of_patient(core) or re.match(
        r"(?:suitable|able|willing|receiving|eligible|unable)\b", tail, re.IGNORECASE
    ):
        return False
    return (
        _MODIFIER.match(core) is not None and not _NOT_MODIFIERS.search(core) and not re.search(rf"\b{_HEADS}$", core)
    )


def with_heads(items: list[str]) -> list[str]:
    """A modifier before an item with a known noun at its end gets that noun: "acute or chronic bleeding"."""
    items = list(items)
    for place in range(len(items) - 2, -1, -1):
        head = _below(items[place], items[place + 1])
        if head and _is_modifier(items[place], items[place + 1]):
            items[place] = f"{items[place]} {head}"
    return items
