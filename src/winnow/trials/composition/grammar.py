"""The grammar: a criterion's own words as a Boolean form over questions.

From the outside in: sentences and semicolons, exceptions, definitions, "and"/"or"/comma rows, negations, single facts.
Every step hands on all words but those that only introduce a fact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from winnow.trials.composition import clauses, wordings
from winnow.trials.composition.coordination import read_coordination, row_of, without_choice
from winnow.trials.composition.draft import Draft, joined
from winnow.trials.composition.exceptions import carried
from winnow.trials.composition.form import All, Any, AtLeast, Form, Negated
from winnow.trials.composition.leaves import compared, leaf
from winnow.trials.composition.masks import Masked, in_parentheses, is_one
from winnow.trials.composition.numbers import number
from winnow.trials.composition.phrases import negation_of, tidy, without_lead
from winnow.trials.composition.rows import read_row
from winnow.trials.composition.sentences import is_note, sentences_of, written_out
from winnow.trials.composition.standing import stands

DEPTH_AT_MOST = 12


def read_form(text: str, draft: Draft, context: str = "") -> Form:
    """The form of some words of a criterion.

    Args:
        text: the words.
        draft: gathers questions and remarks.
        context: words that each question stands under, such as a list's lead-in.
    """
    return _Grammar(draft, context).read(text)


@dataclass(frozen=True)
class _Grammar:
    """One level of the reading; `deeper` is the next, and past `DEPTH_AT_MOST` a text is one question."""

    draft: Draft
    context: str = ""
    depth: int = 0

    @property
    def deeper(self) -> _Grammar:
        return replace(self, depth=self.depth + 1)

    @property
    def excludes(self) -> bool:
        return self.draft.kind == "exclusion"

    def read(self, text: str) -> Form:
        text = tidy(text)
        if not re.search(r"\w", text):
            return All(())
        if self.depth > DEPTH_AT_MOST:
            return self._leaf(text)
        if in_parentheses(text):
            return self.deeper.read(text[1:-1])
        sentences = sentences_of(text)
        return self._sentence(text) if len(sentences) < 2 else self._sentences(sentences)

    def _leaf(self, text: str) -> Form:
        return leaf(text, self.draft, self.context)

    def _sentences(self, sentences: list[str]) -> Form:
        """Each is a demand by itself, a permission lifts the ones before it, a note is a remark."""
        parts: list[Form] = []
        for sentence in sentences:
            permitted = clauses.permission_in(sentence)
            if is_note(sentence) and parts:
                self.draft.remark(f"a note: {sentence}")
            elif permitted and parts and (self.excludes or compared(permitted[0])):
                parts = [self._lifted(parts, [part for part in permitted if part])]
            else:
                parts.append(self.deeper.read(sentence))
        return joined(self.draft.apart, parts)

    def _lifted(self, parts: list[Form], permitted: list[str]) -> Form:
        """Demands with what a later sentence permits: for an exclusion "and not", for a bound "or"."""
        if self.excludes:
            return joined("and", [joined("or", parts), Negated(self.deeper.read(" ".join(permitted)))])
        allowed = [self.deeper.read(part) for part in permitted]
        return joined("or", [joined("and", parts), joined("and", allowed)])

    def _sentence(self, text: str) -> Form:
        if clauses.permission_in(Masked(text).text):
            self.draft.remark(f"permits and demands nothing: {text}")
            return Any(()) if self.excludes else All(())
        if self.excludes and (fact := clauses.none_allowed_in(text)):
            return self.deeper.read(fact)
        if forbidden := clauses.forbidden_in(text):
            return self._forbidden(*forbidden)
        who, rest = clauses.population_of(text)
        if who and self.depth:
            return self._implied(who, rest)
        if expecting := wordings.EXPECTING.match(text):
            self.draft.remark(f"of {expecting['who']}")
            text = text[expecting.end() :]
        demanded, text = text, without_lead(written_out(text))
        masked = Masked(text)
        if excepted := clauses.exception_in(masked.text):
            if not self.excludes and wordings.DEMANDED_UNLESS.search(Masked(demanded).text) and not negation_of(text):
                fact, unless = masked.open(excepted.fact), masked.open(excepted.unless)
                return joined("or", [self.deeper.read(fact), self._of(fact, unless)])
            return self._excepted(masked.open(excepted.fact), masked.open(excepted.unless))
        if (defined := clauses.definition_in(text)) and compared(defined[1]):
            context = f"{self.context}; {defined[0]}" if self.context else defined[0]
            return replace(self.deeper, context=context).read(defined[1])
        return self._phrase(text)

    def _implied(self, who: str, rest: str) -> Form:
        """ "For A: B" beside other demands: among inclusions not A or B, among exclusions A and B."""
        people, demand = self.deeper.read(who), self.deeper.read(rest)
        return joined("and", [people, demand]) if self.excludes else joined("or", [Negated(people), demand])

    def _forbidden(self, fact: str, rest: str) -> Form:
        """ "A is excluded": among exclusions it claims A, among inclusions not A; a reason behind it is a remark."""
        unless = clauses.exception_in(f"{fact} {rest}")
        if rest and not unless:
            self.draft.remark(f"not read: {rest}")
        form = self._excepted(fact, unless.unless) if unless else self.deeper.read(fact)
        return form if self.excludes else Negated(form)

    def _excepted(self, fact: str, unless: str) -> Form:
        """ "A except B": A and not B; "no A except B": not (A and not B)."""
        denied = negation_of(fact)
        form = joined("and", [self.deeper.read(denied or fact), Negated(self._of(denied or fact, unless))])
        return Negated(form) if denied else form

    def _of(self, subject: str, clause: str) -> Form:
        """A clause whose pieces may say something only of the subject: "treated and stable"."""
        said = carried(subject, clause)
        if said is None:
            return self.deeper.read(clause)
        pairs = zip(said.pieces, said.whole, strict=True)
        return joined(said.word, [self._leaf(piece) if whole else self.deeper.read(piece) for piece, whole in pairs])

    def _phrase(self, text: str) -> Form:
        """A text without exceptions: sexes, counts, rows, negations, and at last a single fact."""
        if match := wordings.SEXES.match(text):
            return joined(
                "and", [Any((leaf("male", self.draft), leaf("female", self.draft))), *self._rest(match["rest"])]
            )
        if match := wordings.COUNTED.match(text):
            return self._counted(match)
        masked = Masked(text)
        if without := wordings.WITHOUT.match(masked.text):
            fact, rest = self.deeper.read(masked.open(without["fact"])), self.deeper.read(masked.open(without["rest"]))
            return joined("and", [fact, Negated(rest)])
        if (match := wordings.AND_COUNTED.match(text)) and is_one(match["before"]):
            return self._and_counted(match["before"], match["counted"])
        if (new := wordings.NEW_VERB.match(masked.text)) and negation_of(masked.open(new["before"])):
            parts = [self.deeper.read(masked.open(new[side])) for side in ("before", "after")]
            return joined(new["word"].lower(), parts)
        row = row_of(masked)
        if len(row.items) > 1 and (form := read_coordination(row, masked, self.draft.kind, self.deeper.read)):
            return form
        denied = negation_of(text)
        return Negated(self.deeper.read(denied)) if denied else self._single(text)

    def _rest(self, text: str) -> list[Form]:
        return [self.deeper.read(text)] if re.search(r"\w", tidy(text)) else []

    def _counted(self, match: re.Match[str]) -> Form:
        """ "At least 2 of: A, B and C"."""
        masked = Masked(match["rest"])
        items = [masked.open(item) for item in read_row(masked.text).items]
        count = int(number(match["count"]))
        if count > len(items):
            return self._leaf(match[0])
        parts = tuple(self.deeper.read(item) for item in items)
        if count == 1:
            self.draft.remark("at least 1 of them")
        return Any(parts) if count == 1 else AtLeast(count, parts)

    def _and_counted(self, before: str, counted: str) -> Form:
        """ "A with at least 2 of: B, C and D"."""
        if wordings.OTHER_HALF.fullmatch(tidy(before)):
            self.draft.remark(f"not asked: {before}")
            return self.deeper.read(counted)
        return joined("and", [self.deeper.read(before), self.deeper.read(counted)])

    def _single(self, text: str) -> Form:
        """One fact, perhaps "A (except B)", "women aged ..." or "A if B"."""
        if match := wordings.ONE_SEX.fullmatch(text):
            self.draft.remark(f"asked as a sex: {text}")
            return leaf("male" if match["male"] else "female", self.draft)
        if (match := wordings.SEX.match(text)) and match["rest"]:
            return joined("and", [leaf(match["sex"], self.draft), *self._rest(match["rest"])])
        excepted = clauses.exception_in_parentheses(text)
        if excepted or (self.excludes and (excepted := clauses.allowed_in_parentheses(text))):
            return self._excepted(excepted.fact, excepted.unless)
        masked = Masked(text)
        condition, fact = map(masked.open, clauses.condition_of(masked.text))
        if condition and self.depth and stands(condition) and not condition.endswith(" not"):
            return joined("and", [self._leaf(fact), self.deeper.read(condition)])
        return self._leaf(without_choice(text) or text)
