"""A criterion with others below it: how its own words and its children combine.

Decided here, since texts rarely say it:

- own words that lead to the children (they end with a colon or "the following") are no demand by themselves: they go
  into every child's question as context, with their window and their negation;
- other own words are a demand beside the children: among inclusions all of them hold, among exclusions any one counts;
- the children combine as `Criterion.connective` says; unstated, "any" among exclusions, and among inclusions "all",
  except under a lead-in that names one thing of several kinds ("diagnosis of the following:"), where it is "any".
"""

from __future__ import annotations

import re

from winnow.trials.composition.draft import Draft, joined
from winnow.trials.composition.form import All, AtLeast, Form, Negated
from winnow.trials.composition.grammar import read_form
from winnow.trials.composition.phrases import negation_of, tidy, without_lead
from winnow.trials.criteria import Criterion

_LEADS_ON = re.compile(
    r":\W*$|\bfollowing(?:\s+\w+){0,4}\W*$|\b(?:as\s+follows|listed\s+below|below|including|such\s+as|if|either|"
    r"defined\s+as|defined\s+by)\W*$",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    r"\b(?:patients?|subjects?|participants?|individuals?|must|should|shall|will|have|has|having|had|meet(?:s|ing)?|"
    r"met|fulfil\w*|satisf\w*|any|all|each|"
    r"both|either|one|at\s+least|or\s+more|of|the|these|following|criteria|criterion|conditions?|requirements?|"
    r"below|above|as|follows|listed|"
    r"are|is|be|with|who|a|an|and|or|if|for|to|in|eligible|inclusion|exclusion|other|more)\b",
    re.IGNORECASE,
)  # fmt: skip
_KINDS = re.compile(
    r"\b(?:diagnos\w+|histolog\w+|types?|subtypes?|cancers?|malignanc\w+|tumou?rs?|lymphomas?|disease|diseases|"
    r"stages?|mutations?|settings?)\b",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(
    r"[\s,;(]*(?:\b(?:as\s+)?(?:defined|determined|evidenced|demonstrated|indicated|documented|shown)\s+(?:as|by)|"
    r"\b(?:with|by|including|meeting|of|as)?\s*(?:all|any|each|one|at\s+least\s+one|either|one\s+or\s+more)\s+of\s+(?:the\s+)?(?:following|these|below)|"
    r"\b(?:as\s+follows|as\s+below|listed\s+below|(?:with|by|including|meeting|of|as)?\s*the\s+following))"
    r"(?:\s+(?:criteria|conditions|requirements|parameters|values|laboratory\s+values))?\W*$",
    re.IGNORECASE,
)
# Words that end in "except:" or in a sentence that calls what follows exceptions.
_BUT = re.compile(
    r"^(?P<fact>.*\w)[\s,(]+(?P<lead>(?:except(?:ions?)?(?:\s+for)?|unless|with\s+the\s+exceptions?\s+of|excluding|"
    r"but\s+not)(?:\s+[\w\s]{0,40}following[\w\s]{0,20})?)\W*$",
    re.IGNORECASE | re.DOTALL,
)
_BUT_FOLLOWING = re.compile(
    r"^(?P<fact>.*\w)[.;]\s+(?P<lead>exceptions?(?:\s+(?:to|include|are)[^.]*)?|"
    r"(?:the\s+)?following[^.]*\b(?:exceptions?|allowed|permitted|not\s+excluded|eligible)[^.]*)\W*$",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_EXCEPTION_CHILD = re.compile(
    r"^(?:except(?:ions?)?(?:\s+(?:for|if|include|are))?|unless|excluding)\b[\s:]*", re.IGNORECASE
)


def read_nested(criterion: Criterion, draft: Draft, context: str = "") -> Form:
    """The form of a criterion and everything below it."""
    own = criterion.text.strip()
    if not criterion.children:
        return read_form(own, draft, context)
    if match := _BUT_FOLLOWING.match(own) or _BUT.match(own):
        fact = read_form(match["fact"], draft, context)
        forms = [read_nested(child, draft, match["lead"].strip(" :")) for child in criterion.children]
        return joined("and", [fact, Negated(joined("or", forms))])
    leads = criterion.lead_in or bool(_LEADS_ON.search(own))
    below = joined_context(context, own) if leads else context
    denied = leads and negation_of(without_lead(tidy(own))) is not None
    denied = denied and not any(negation_of(without_lead(tidy(child.text))) for child in criterion.children)
    exceptions = [child for child in criterion.children if _EXCEPTION_CHILD.match(child.text)]
    rest = [child for child in criterion.children if child not in exceptions]
    demands = [] if leads else [read_form(own, draft, context)]
    form = _combined(criterion, [read_nested(child, draft, below) for child in rest], denied, draft)
    form = joined(draft.apart, [*demands, form]) if rest or leads else demands[0]
    for child in exceptions:
        unless = _EXCEPTION_CHILD.sub("", child.text)
        form = joined("and", [form, Negated(read_form(unless, draft, below))]) if unless else form
    return form


def joined_context(context: str, own: str) -> str:
    """The lead-in's words as context for what is below it, "" when they say nothing ("One of the following:")."""
    words = _INTRODUCES.sub("", re.sub(r"\s+", " ", own).strip(" :.*-")).strip(" :.,*-(")
    if not re.search(r"[^\W\d_]{2,}", _GENERIC.sub("", words)):
        return context
    return f"{context}; {words}" if context else words


def _combined(criterion: Criterion, forms: list[Form], denied: bool, draft: Draft) -> Form:
    """The children under their connective; "none of the following" denies all of them."""
    if not forms:
        return All(())
    if denied:
        return Negated(joined("or", forms))
    if counted := re.fullmatch(r"at least (\d+)", criterion.connective):
        count = int(counted[1])
        return AtLeast(count, tuple(forms)) if 1 < count <= len(forms) else joined("or", forms)
    return joined("or" if _is_any(criterion, draft) else "and", forms)


def _is_any(criterion: Criterion, draft: Draft) -> bool:
    if criterion.connective != "unstated":
        return criterion.connective == "any"
    if draft.kind == "exclusion":
        return True
    named = _KINDS.search(criterion.text) and re.search(r"\bfollowing\b", criterion.text, re.IGNORECASE)
    return bool(named) and not re.search(
        r"\b(?:all|criteria|requirements|conditions|defined|adequate)\b", criterion.text, re.IGNORECASE
    )
