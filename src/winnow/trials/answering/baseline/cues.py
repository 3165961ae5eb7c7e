"""Words that say who a mention is about, whether it holds, and when; the tables of `assertion`, of our own writing.

The scheme is ConText's (Harkema et al. 2009, J Biomed Inform 42:839): a cue reaches forwards or backwards until a
terminator; a pseudo-cue looks like a cue and has no reach, yet keeps the shorter cue inside it from firing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NEGATED, POSSIBLE, HYPOTHETICAL, HISTORICAL, ENDED, FAMILY, OTHER, NONE = (
    "negated", "possible", "hypothetical", "historical", "ended", "family", "other person", "none",
)  # fmt: skip
FORWARD, BACKWARD, BOTH = "forward", "backward", "both"


@dataclass(frozen=True)
class Cue:
    """One kind of cue.

    Attributes:
        meaning: what it makes of a mention in its reach; `NONE` for a pseudo-cue.
        direction: where it reaches.
        words: the furthest it reaches, in words; a terminator may end it sooner.
        pattern: what it looks like, in lower case.
    """

    meaning: str
    direction: str
    words: int
    pattern: re.Pattern[str]


def _cue(meaning: str, direction: str, words: int, *patterns: str) -> Cue:
    return Cue(meaning, direction, words, re.compile(r"(?<![\w-])(?:" + "|".join(patterns) + r")(?![\w])"))


_BE = r"(?:is|was|are|were|be|been|being|'s|has been|have been|had been|remains?|came back|returned|tested)"
_KIN = (
    r"(?:mother|father|sister|brother|aunt|uncle|grand(?:mother|father|parents?)|cousin|niece|nephew|siblings?|"
    r"parents?|daughter|son|relatives?|mom|dad|maternal|paternal)"
)
_COMPANION = r"(?:wife|husband|spouse|partner|girlfriend|boyfriend|roommate|neighbou?r|friend|co-?worker|donor)"
_SAYS = (
    r"(?:reports?|reported|states?|stated|says?|said|denies|deny|denied|notes?|noted|noticed?|describes?|described|"
    r"brings?|brought|tells?|told|witnessed|found|called|gives?|confirms?|thinks?|is concerned|are concerned)"
)

# Looked for first, longest first: what they cover is taken.
PSEUDO = (
    _cue(NONE, BOTH, 0, rf"{_KIN}s?(?= (?:also )?{_SAYS}\b)", rf"{_COMPANION}s?(?= (?:also )?{_SAYS}\b)"),
    _cue(NONE, BOTH, 0, rf"(?:by|with|to|from) (?:his|her|their|the) {_KIN}s?", rf"{_KIN} of \w+(?: children)?"),
    _cue(NONE, BOTH, 0, rf"(?:by|with|to|from) (?:his|her|their|the) {_COMPANION}s?"),
    _cue(NONE, BOTH, 0, r"(?:no|without) (?:\w+ )?(?:increase|change|improvement|decrease|progression|worsening)s?"
         r"(?: (?:in|of|from|since))?"),
    _cue(NONE, BOTH, 0, "not only", "not necessarily", "no doubt", "without (?:a )?doubt", "not increased"),
    _cue(NONE, BOTH, 0, "(?:does|did|do|has|have) not (?:adequately |fully )?"
         "(?:respond|responded|tolerate|tolerated|improve|improved|resolve|resolved)(?: (?:to|with|on))?"),
    _cue(NONE, BOTH, 0, "not (?:well|adequately|optimally|fully|completely) "
         "(?:controlled|managed|treated|resolved)", "without (?:any )?(?:difficulty|delay|complications?)"),
    _cue(NONE, BOTH, 0, "gram[- ]negative", "no (?:known )?(?:drug )?allergies to",
         "negative (?:pressure|mood|thoughts)", "if any", "as if",
         "no (?:other|additional|further) (?:complaints?|concerns?)", "risk[- ]stratif\\w+"),
)  # fmt: skip

CUES = (
    _cue(POSSIBLE, FORWARD, 10, "(?:can ?not|could not|can't|unable to|did not) (?:rule out|exclude)"),
    _cue(POSSIBLE, BACKWARD, 10,
         rf"(?:can|could|{_BE}|has|have)? ?not (?:be |been |yet |yet been )?(?:ruled out|excluded)",
         rf"{_BE} (?:possible|suspected|questionable|in question)", "(?:is|was|are) not certain"),
    _cue(POSSIBLE, FORWARD, 8, "possibl[ey]", "probabl[ey]", "suspected", "suspect", "suspects",
         "suspicio(?:n|us)(?: (?:for|of))?", "(?:may|might|could) (?:have|be|represent|reflect)",
         "concern(?:s|ing)? (?:for|of)", "concerned (?:for|about)", "(?:question|questionable) (?:of )?",
         "likely(?! (?:pathogenic|benign))",
         "presumed", "presumptive", "suggest(?:s|ive|ing)(?: of)?", "differential(?: diagnosis)? (?:includes?|is)",
         "rule[- ]out", "r/o", "versus", "vs\\.?", "worrisome for", "equivocal for", "borderline"),
    _cue(HYPOTHETICAL, FORWARD, 10, "if", "should (?:she|he|they|the patient|symptoms|there)", "in case of",
         "in the event of", "risk (?:of|for)", "risks of", "at (?:high |low |increased )?risk (?:of|for)",
         "return (?:to the ed |here )?(?:for|with)", "unless", "until", "watch(?:ing)? for",
         "monitor(?:ed|ing)? for", "screen(?:ed|ing)? for", "evaluat(?:e|ed|ion) for", "work-?up for",
         "test(?:ed|ing)? for", "prophyla\\w+ (?:for|against)?", "prevent(?:ion of|ing)?", "to prevent",
         "will (?:receive|start|begin|undergo|have|need|be (?:started|given|treated|scheduled|offered))",
         "plan(?:s|ned|ning)?(?: (?:to|for|on))?", "scheduled (?:for|to)", "consider(?:s|ed|ing)?", "candidate for",
         "eligible for", "discuss(?:ed|ing)?(?: (?:with|about))?", "recommend(?:s|ed|ing|ation)?(?: (?:for|of))?",
         "referred (?:for|to)", "counsel(?:l?ed|l?ing) (?:about|on|regarding)",
         "educat(?:ed|ion) (?:about|on|regarding)", "would (?:like|need|benefit)",
         "to be (?:started|given|initiated|scheduled)", "offered", "as needed for", "waiting for", "awaiting",
         "vaccin\\w+ against"),
    _cue(HYPOTHETICAL, BACKWARD, 6, rf"{_BE} (?:planned|scheduled|recommended|considered|discussed|offered|pending)",
         "(?:to be|will be) (?:given|started|done|performed|scheduled|considered|initiated)", "precautions",
         "prophylaxis", "screening", "risk",
         "(?:was |were )?discussed and (?:was |were )?(?:declined|refused|deferred)"),
    _cue(NEGATED, FORWARD, 30,
         r"no(?: (?:currently|still|other|recent|clinical|definite|evidence|signs?|history|symptoms?|"
         "complaints?|indications?|findings?|suspicion|concern|known|prior|personal|previous|past|mention|record))*"
         "(?: (?:of|for))?",
         "not", r"\w+n't", "denies", "denied", "deny", "denying", "without(?: (?:any|evidence of|signs? of))?",
         "negative for", "absence of", "absent", "never(?: had| been)?", "neither", "nor", "free (?:of|from)",
         "lacks?", "lacking", "lack of", "fail(?:s|ed) to (?:show|reveal|demonstrate)", "rules? out",
         "ruled out(?: for)?", "unremarkable for", "none of", "negative", "excluded", "no longer", "cannot", "can't",
         "declin(?:es|ed)", "refus(?:es|ed)", "(?:contra|un)-?indicated", "avoid(?:s|ed|ing)?", "nil"),
    _cue(NEGATED, FORWARD, 1, "non(?=[- ]?(?:smok|diabet|pregnan|drink|metasta))"),
    Cue(NEGATED, BACKWARD, 1, re.compile(r"(?<=-)(?:na[i\u00ef]ve|free)\b|(?<=[- ])na[i\u00ef]ve\b")),
    _cue(NEGATED, BACKWARD, 8,
         rf"{_BE} (?:all |both |now |found (?:to be )?)?(?:negative|absent|unlikely|denied|excluded|"
         "ruled out|unremarkable|not (?:seen|present|detected|found|identified|noted|evident|observed|appreciated|"
         "demonstrated|elevated))", "(?:has|have|had) been (?:ruled out|excluded)", "ruled out", "unlikely",
         "not (?:seen|present|detected|found|identified|noted|evident|observed|reported|elicited|appreciated)"),
    _cue(NEGATED, BACKWARD, 2,
         r"[:=]? ?(?:negative|neg|none|no|absent|denies|denied|never|nil|undetectable)(?= *(?:[.;,)]|$))", r"\(-\)",
         "negative", "free"),
    _cue(ENDED, BACKWARD, 8,
         rf"(?:{_BE} )?(?:now |since |completely |fully |has |have )?(?:resolved|cured|discontinued|stopped|ceased)",
         "in (?:complete )?remission", "resolved", rf"{_BE} (?:held|withdrawn)", "went away", "subsided",
         "has healed"),
    _cue(ENDED, FORWARD, 8, "resolved", "resolution of", "former(?:ly)?", "ex", "quit(?:ting)?", "stopped",
         "discontinued", "ceased", "gave up", "no longer (?:takes?|uses?|has|on)?", "used to", "recovered from",
         "cured of", "weaned (?:off|from)", "came off", "taken off", "off"),
    _cue(HISTORICAL, FORWARD, 30, "(?:past |prior |previous |remote |known |long |personal |significant )?"
         "(?:medical |surgical |social )?history(?: is)?"
         "(?: (?:of|includes?|significant|notable|positive|remarkable))?(?: for)?",
         "h/o", "hx(?: of)?", "pmhx?", "previous(?:ly)?", "prior", "s/p", "status[- ]post", "remote", "in the past",
         "childhood", "past", "underwent", "had", "history"),
    _cue(HISTORICAL, BACKWARD, 10, r"(?:in|since) (?:19|20)\d\d", r"\w+ (?:years?|months?|weeks?|decades?) ago",
         "as a (?:child|teenager|young \\w+)", "in (?:his|her) (?:youth|childhood)", "in the past", "previously",
         "at age \\d+", "at the age of \\d+", "(?:several|many|few|some) (?:years|months) (?:ago|earlier|before)",
         "last year"),
    _cue(HISTORICAL, BACKWARD, 1, "history"),
    _cue(FAMILY, FORWARD, 30,
         r"family (?:medical )?history(?: (?:is|of|positive|significant|notable|includes?))*(?: for)?", "fhx?",
         "fam(?:ily)? hx",
         rf"{_KIN}(?:'s|s)?(?: (?:has|had|with|died|who|was|is|both|suffer\w*))*(?: (?:of|from|for))?",
         "runs in the family", "first[- ]degree relatives?"),
    _cue(FAMILY, BACKWARD, 12, rf"(?:in|of|affecting) (?:his|her|the|their|a|an|both|one|several|two|multiple)? ?"
         rf"(?:maternal |paternal |older |younger |first[- ]degree |identical )*{_KIN}s?", rf"\({_KIN}s?\)",
         rf"[-:\u2013] ?{_KIN}s?", "in (?:the|his|her) family", "runs in (?:the|his|her) family",
         r"\(family history\)"),
    _cue(OTHER, FORWARD, 30,
         rf"(?:his|her|their|the|a) {_COMPANION}(?:'s)?(?: (?:has|had|with|died|who|was|is|tested))*"
         r"(?: (?:of|from|for))?",
         "sick contacts? with", "exposure to (?:a |an )?(?:person|people|man|woman|child|someone|individual)s? with"),
    _cue(OTHER, BACKWARD, 12, rf"in (?:his|her|their|the) {_COMPANION}", rf"\({_COMPANION}\)"),
)  # fmt: skip

# Where a clause ends, and with it every cue's reach.
TERMINATOR = re.compile(
    r"\b(?:but|however|although|though|except(?: for)?|apart from|aside from|other than|besides|yet|whereas|while|"
    r"because|since (?=he|she|the)|which|who|secondary to|due to|presents? (?:with|for|to)|complain(?:s|ed|ing)? of|"
    r"nevertheless|despite|then|now (?:has|with|reports?)|found to have|remarkable for|notable for|significant for|"
    r"positive for|admits(?: to)?|endorses)\b|;|\n|"
    r"[,:]? (?:and |so )?(?:(?:she|he|they|it|there|the patient|patient|pt) (?=\w))|"
    r"(?:,|,? and) (?=(?:has|had|have|reports?|reported|is|was|takes?|took|uses?|underwent|received|shows?|showed|"
    r"revealed|developed|does|did|denies|denied|no|not|without|with|positive)\b)|"
    r"(?<=\w)\. (?=[a-z])"
)
