"""The wordings the grammar looks for in a text that holds one phrase: sexes, counts, demands and "without"."""

from __future__ import annotations

import re

from winnow.trials.composition.numbers import NUMBER

_MEN, _WOMEN = r"(?:males?|men)", r"(?:females?|women)"
SEXES = re.compile(
    rf"^(?:(?:healthy|adult|both|all|eligible)\s+)*(?:(?:{_MEN}|{_WOMEN})\s*(?:and/or|and|or|/|&)\s*"
    rf"(?:(?:non-pregnant,?\s+)?(?:non-\w+\s+)?)(?:{_MEN}|{_WOMEN})|(?:both|either|any|all)\s+(?:sex(?:es)?|genders?))\b"
    r"(?:\s+(?:patients?|subjects?|participants?|volunteers?|adults?))?[\s,:]*(?P<rest>.*)$",
    re.IGNORECASE,
)
SEX = re.compile(
    rf"^(?:(?:adult|healthy|eligible)\s+)*(?P<sex>{_MEN}|{_WOMEN}|man|woman)(?:\s+(?:patients?|subjects?|participants?))?"
    r"[\s,]*(?=$|aged?\b|between\b|[≥≤<>]|over\b|at\s+least|\d|from\s+\d|older|younger|under\b|"
    r"who\s+(?:are|is|have|has)\b)(?P<rest>.*)$",
    re.IGNORECASE,
)
COUNTED = re.compile(
    rf"^(?:at\s+least|≥|>=|a\s+minimum\s+of)\s+(?P<count>{NUMBER})\s+(?:or\s+more\s+)?of\b\s*(?:the\s+)?(?:following)?"
    r"[\s:]*(?P<rest>.+)$",
    re.IGNORECASE,
)
AND_COUNTED = re.compile(
    rf"^(?P<before>.+?)[\s,]+(?:(?:and|plus)\s+)?(?:with|has|have|having|and|plus)\s+(?P<counted>(?:at\s+least|≥|>=|a\s+"
    rf"minimum\s+of)\s+{NUMBER}\s+(?:or\s+more\s+)?of\b(?:\s+the\s+following)?\s*:.+)$",
    re.IGNORECASE,
)
# "65 or older, or younger with ...": the second half needs no bound, since those the bound is true of are in the first.
OTHER_HALF = re.compile(r"(?:younger|older|lower|higher|less|more|below|above)", re.IGNORECASE)
ONE_SEX = re.compile(rf"(?:for\s+|in\s+)?(?:(?P<male>{_MEN}|man|males)|{_WOMEN}|woman)", re.IGNORECASE)
# "Must have A unless B" is met by B as well; "A unless B" of a disease is not.
DEMANDED_UNLESS = re.compile(
    r"(?=.*\bunless\b)(?:.*\b(?:must|should|shall|required|provided?|willing|agree\w*|negative|adequate)\b|.*"
    r"[\ue000-\uf8ff]\W*unless|.*unless\s+(?:medically\s+)?(?:contraindicated|not\s+(?:feasible|possible|available)))",
    re.IGNORECASE,
)
EXPECTING = re.compile(
    r"^(?P<who>women|females?)\s+(?:who|that)\s+(?:are|is)\s+(?=(?:currently\s+|known\s+to\s+be\s+)?(?:pregnan|lactat|"
    r"nursing|breast))",
    re.IGNORECASE,
)
WITHOUT = re.compile(
    r"^(?P<fact>(?:(?!\b(?:and|or|no|not)\b)[^,;])*?[\w\ue000-\uf8ff])[\s,]+"
    r"(?:(?:and\s+)?without|but\s+(?:not|no)|and\s+not)\s+(?:any\s+)?(?P<rest>[^;]+)$",
    re.IGNORECASE,
)
# A heading of laboratory values is no part of what each of them asks.
ADEQUATE = re.compile(
    r"(?:patients?\s+)?(?:must\s+)?(?:have\s+|has\s+|having\s+)?(?:an?\s+)?(?:adequate|acceptable|sufficient|normal|required|"
    r"initial)\b[^<>=≥≤\d]*"
    r"(?:functions?|reserve|values?|parameters|tests?|counts?|status|laborator\w+)\b[^<>=≥≤]*",
    re.IGNORECASE,
)

# A denial ends where another verb says something new: "is not a candidate for docetaxel, or declines it".
NEW_VERB = re.compile(
    r"^(?P<before>.+?),?\s+(?P<word>and|or)\s+(?P<after>"
    r"(?:declines?|refuses?|takes|requires|needs|uses|agrees|prefers|intends|plans|cannot)\b.+)$",
    re.IGNORECASE | re.DOTALL,
)
