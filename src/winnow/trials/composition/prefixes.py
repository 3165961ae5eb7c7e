"""Words before the first item of a row that the others are under too: "history of A or B", "able to C and D"."""

from __future__ import annotations

import re

from winnow.trials.composition.bounds import bounds_of

_LINKED = (
    r"(?:history|evidence|diagnosis|diagnoses|presence|symptoms?|signs|use|treatment|therapy|treated|"
    r"hypersensitivity|allerg(?:y|ies|ic)|"
    r"allergic\s+reactions?|exposed|reactions?|intolerance|contraindications?|contraindicated|exposure|administration|"
    r"receipt|infection|sensitivity|"
    r"received|receiving|undergone|undergoing|taking|required?|requiring|need|need\s+for|diagnosed|known|suspected|"
    r"metasta\w+|"
    r"participation|enrolled|enrollment|refractory|resistant|progress\w*|relapsed?|failure|response|suspicion|risk|"
    r"indications?|effects?|toxicit(?:y|ies)|complications?|resolution|recovery|recovered|resolved)"
)
_QUALIFIERS = (
    r"(?:(?:current|recent|past|prior|previous|active)\s+or\s+(?:current|recent|past|prior|previous|active|concurrent)|"
    r"previously|prior|previous|current|currently|concurrent|concomitant|known|uncontrolled|poorly\s+controlled|active|"
    r"recent|severe|symptomatic|"
    r"unstable|untreated|clinically\s+significant|significant|ongoing|suspected|documented|any|other|personal|"
    r"family|past|medical)"
)
_PREFIX = re.compile(
    rf"^(?:(?:a|an|the|has|have|had)\s+)?(?:(?:{_QUALIFIERS}\s+)+(?:{_LINKED}(?:\s*\([^()]*\))?\s+(?:of|to|with|for|from|by|in|on|after|following)\s+)?|"
    rf"(?:{_QUALIFIERS}\s+)*(?:(?:\w+\s+){{0,2}}?{_LINKED}(?:\s*\([^()]*\)|\s+\w+)?\s+(?:of|to|with|for|from|by|in|on|after|following)\s+)+|(?:has\s+|"
    rf"have\s+)?(?:received|receiving|undergone|taking)\s+)",
    re.IGNORECASE,
)  # fmt: skip
_OWN_PREFIX = re.compile(
    rf"^(?:(?:a|an|the|no|not|has|have|had|is|are|without|with|must|does|do|been|should|will|would|were|was|can|could|may|pregnan\w*|lactat\w*|nursing|"
    rf"breast-?\s?feeding|age|male|female)\b"
    rf"|{_QUALIFIERS}\b|{_LINKED}\s+(?:of|to|with|for|from)\b)",
    re.IGNORECASE,
)  # fmt: skip
_ABLE = re.compile(
    r"^(?:.*?\b(?:able|unable|willing|unwilling|ability|inability|willingness|unwillingness|agree|agrees|agreement|"
    r"refus\w+|plan\w*|"
    r"intend\w*|required|expected)\s+to\s+)",
    re.IGNORECASE,
)  # fmt: skip
_BARE_VERB = re.compile(
    r"^(?:comply|complete|provide|sign|understand|follow|participate|attend|undergo|return|swallow|take|use|give|"
    r"tolerate|communicate|"
    r"read|write|speak|adhere|cooperate|receive|consent|perform|discontinue|abstain|refrain|avoid|travel|answer|"
    r"become|conceive|father)\b",
    re.IGNORECASE,
)  # fmt: skip


def _own_prefix(item: str) -> re.Match[str] | None:
    """The opening words of a later item that those behind it go under: "recovery from surgery or radiotherapy"."""
    prefix = _PREFIX.match(item)
    linked = prefix and prefix.end() < len(item) and re.search(rf"\b{_LINKED}\b", prefix[0], re.IGNORECASE)
    return prefix if linked else None


def has_shared_prefix(items: list[str]) -> bool:
    """Whether the first item starts with words that the others go under: "contraindication to A and B"."""
    prefix = _PREFIX.match(items[0])
    linked = (
        prefix is not None and prefix.end() < len(items[0]) and re.search(rf"\b{_LINKED}\b", prefix[0], re.IGNORECASE)
    )
    return bool(linked) and not any(_OWN_PREFIX.match(item) or bounds_of(item) for item in items[1:])


def without_prefix(item: str) -> str:
    """An item without the words that others may be under too; all of it when it is nothing else."""
    prefix = _PREFIX.match(item)
    return item[prefix.end() :] if prefix and prefix.end() < len(item) else item


def with_prefixes(items: list[str]) -> list[str]:
    """The items after the first with its opening words, up to one that opens with words of its own."""
    able = _ABLE.match(items[0])
    prefix = _PREFIX.match(items[0])
    links = prefix is not None and re.search(rf"\b{_LINKED}\b|received|taking", prefix[0], re.IGNORECASE) is not None
    done = [items[0]]
    for item in items[1:]:
        own = _OWN_PREFIX.match(item) and not (links and re.match(rf"(?:{_QUALIFIERS}|an?)\b", item, re.IGNORECASE))
        begun = prefix is not None and item.lower().startswith(prefix[0].lower())
        if able and _BARE_VERB.match(item):
            done.append(able[0] + item)
        elif prefix and prefix.end() < len(items[0]) and not own and not bounds_of(item) and not begun:
            done.append(prefix[0] + item)
        else:
            done.append(item)
            prefix = _own_prefix(item) if own else prefix
    return done
