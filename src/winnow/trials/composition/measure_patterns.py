"""The wordings of operators, units and limits in clinical numbers, each as one pattern."""

from __future__ import annotations

import re

from winnow.trials.composition.numbers import NUMBER

_OR_EQUAL = r"(?:\s*,?\s*or\s+(?:is\s+)?equals?(?:\s+to)?|\s*or\s*=)"
_MORE, _LESS = r"(?:greater|more|higher|larger|older|longer)", r"(?:less|lower|smaller|fewer|younger|shorter)"
# The longest wording first: "no less than" holds "less than".
OPERATORS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (operator, re.compile(rf"(?:(?<![a-z])(?:{wording}))\s*(?:(?:the\s+)?(?:age|ages|score|class|level)\s+of|of|to|"
                          rf"than|an?|the|class|grade)?\s*$", re.IGNORECASE))
    for operator, wording in (
        (">=", rf"{_MORE}\s+than{_OR_EQUAL}|equals?\s+(?:to\s+)?or\s+{_MORE}(?:\s+than)?|>{_OR_EQUAL}|"
               rf">\s*(?:/\s*)?=|=\s*>|[≥⩾≧]"
               rf"|at\s+least|(?:a\s+)?minimum(?:\s+age)?(?:\s+of)?|not?\s+(?:{_LESS}|under)(?:\s+than)?|"
               rf"{_MORE}\s+or\s+equal(?:\s+to)?"),
        ("<=", rf"{_LESS}\s+than{_OR_EQUAL}|equals?\s+(?:to\s+)?or\s+{_LESS}(?:\s+than)?|<{_OR_EQUAL}|"
               rf"<\s*(?:/\s*)?=|=\s*<|[≤⩽≦]"
               rf"|at\s+most|(?:a\s+)?maximum(?:\s+age)?(?:\s+of)?|not?\s+(?:{_MORE})(?:\s+than)?|"
               rf"not(?:\s+to)?\s+exceed(?:ing)?|up\s+to|{_LESS}\s+or\s+equal(?:\s+to)?"),
        (">", rf"[>\uff1e]|{_MORE}\s+than|above|over|exceed(?:s|ing)?|in\s+excess\s+of|beyond"),
        ("<", rf"[<\uff1c]|{_LESS}\s+than|below|under"),
        ("between", r"between(?:\s+the\s+ages(?:\s+of)?)?|from|range(?:\s+of)?|ages"),
    )
)  # fmt: skip
AFTERWARDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (operator, re.compile(rf"\s*,?\s*(?:\(?inclusive\)?\s*)?(?:{wording})", re.IGNORECASE))
    for operator, wording in (
        (">=", r"(?:of\s+age\s+|old\s+)?(?:and|or)\s+(?:older|above|over|more|greater|higher|up|longer|elder|"
               r"better)\b|\+(?=[\s),;.]|$)"),
        ("<=", r"(?:of\s+age\s+|old\s+)?(?:and|or)\s+(?:younger|below|under|less|lower|fewer|shorter)\b"),
    )
)  # fmt: skip

LIMIT = re.compile(
    r"(?:\s*(?P<times>x|\u00d7|\*|-?\s*times|-?\s*fold|the)|\s)\s*"
    r"(?:(?:the|of|than|above|institutional|institution's|institution|laboratory's|laboratory|local|lab|site|"
    r"age-adjusted)\s+)*"
    r"(?P<limit>iuln|uln|unl|lln|baseline|(?P<side>upper|lower)\s+(?:(?:normal|institutional|laboratory|"
    r"reference)\s+)*(?:limits?|level)?"
    r"(?:\s*(?:of|for)\s+(?:the\s+)?(?:institutional\s+|laboratory\s+|institution(?:'s)?\s+)?(?:normal|"
    r"reference)(?:\s+range)?)?|normal)(?![\w-])"
    r"(?:\s*[(\[]\s*(?:i?uln|lln)\s*[)\]])?",
    re.IGNORECASE,
)  # fmt: skip
_SLASH = r"\s*(?:/|\bper\b)\s*"
_VOLUME = (
    r"(?:dl|ml|100\s*ml|[uµμ]l|mcl|microlit(?:er|re)s?|l|lit(?:er|re)s?|deciliter|cu\.?\s*mm|mm\s*\^?\s*[3³]"
    r"|cubic\s+(?:mm|millimet(?:er|re)s?)|mmc|cmm)(?![a-z0-9])"
)
UNIT = re.compile(
    rf"\s*(?:x|\u00d7|\*)?\s*10\s*(?:\^|\*\*|e|\*)?\s*(?:\d{{1,2}}|[⁶⁹³])\s*(?:cells\s*|platelets\s*)?{_SLASH}{_VOLUME}"
    rf"|\s*(?:k|g|thousand|thou|million)?\s*(?:cells|cell|platelets|neutrophils)?{_SLASH}{_VOLUME}"
    rf"|\s*(?:mc|micro|[kmunpµμ])?(?:gm|grams?|g|moles?|mol|eq|iu|units?|u){_SLASH}{_VOLUME}"
    r"|\s*(?:ml|cc)\s*/\s*min(?:ute)?(?:\s*(?:/|per)\s*1[.,]73\s*(?:m\s*\^?\s*[2²]|sq\.?\s*m)?)?"
    r"|\s*kg\s*/\s*(?:m\s*\^?\s*[2²]|sqm)|\s*mmol\s*/\s*mol|\s*(?:beats\s*(?:/|per)\s*min(?:ute)?|bpm\b)"
    r"|\s*mm\s*\[?hg\]?|\s*kpa\b|\s*(?:%|per\s*cent\b)|\s*[°º]\s*[cf]\b|\s*degrees?\s+(?:celsius|fahrenheit)"
    r"|[\s-]*(?:years?|yrs?|months?|mos?|weeks?|wks?|days?|hours?|hrs?|h|minutes?|mins?)\b(?!/)"
    r"|\s*(?:msecs?|ms|milliseconds?|seconds?|secs?)\b|\s*y\s*/?\s*o\b"
    r"|\s*(?:kgs?|kilograms?|lbs?|pounds?|cm|centimet(?:er|re)s?|mm|millimet(?:er|re)s?|inch(?:es)?)\b(?!\s*/)"
    r"|\s*(?:mcg|mg|[µμ]g|g)\b(?:\s*/\s*(?:kg|m\s*\^?\s*[2²]))?(?:\s*(?:/|per)\s*(?:day|d|week|wk|dose)\b)?",
    re.IGNORECASE,
)  # fmt: skip
# Between the two numbers of a range.
JOINT = re.compile(
    r"\s*(?:\((?:inclusive|exclusive)\)\s*)?(?P<joint>-|\u2013|\u2014|~|to\b|through\b|and\b|or\b|/|,\s*(?=(?:\d|"
    r"[IV]+)\s*(?:,|or\b|and\b)))\s*"
    r"(?:(?:<\s*/?\s*=|≤|<|up\s+to)\s*)?(?:(?:x|grade|class|age)\s+)?",
    re.IGNORECASE,
)  # fmt: skip
MORE_CHOICES = re.compile(r"\s*(?:,\s*or|,\s*and|,|or|and)\s+(\d|IV|I{1,3}|V)(?![\w.])", re.IGNORECASE)
NUMBER_HERE = re.compile(rf"(?<![\w.^/*])(?:{NUMBER})(?![\d^])", re.IGNORECASE)
NEXT_NUMBER = re.compile(rf"(?:{NUMBER})(?![\d^]|\s*\^)", re.IGNORECASE)
ROMAN_NEXT = re.compile(r"(?:IV|III|II|I|VI|V)(?!\w)(?!-[A-Za-z]*[a-z])")
ROMAN_HERE = re.compile(r"(?<![\w])(?<![A-Za-z]-)(?:IV|III|II|I|VI|V)(?!\w)(?!-[A-Za-z]*[a-z])")
