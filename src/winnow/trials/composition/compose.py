"""A criterion as questions and a form: the grammar's entry."""

from __future__ import annotations

import re
from dataclasses import replace

from winnow.trials.composition.account import left_out
from winnow.trials.composition.clauses import condition_of, permission_in, population_of
from winnow.trials.composition.composed import Composed
from winnow.trials.composition.describe import describe
from winnow.trials.composition.draft import Draft
from winnow.trials.composition.english import question_text
from winnow.trials.composition.exceptions import carried
from winnow.trials.composition.form import Ask, Form
from winnow.trials.composition.grammar import read_form
from winnow.trials.composition.leaves import leaf
from winnow.trials.composition.masks import Masked
from winnow.trials.composition.nesting import read_nested
from winnow.trials.composition.phrases import tidy, without_lead
from winnow.trials.composition.question import Question
from winnow.trials.composition.registry_fields import composed_field, is_registry_field
from winnow.trials.composition.rows import read_row
from winnow.trials.composition.sentences import sentences_of, written_out
from winnow.trials.composition.tiers import TierRules, tier_of
from winnow.trials.criteria import Criterion

QUESTIONS_AT_MOST = 40


def compose(criterion: Criterion, conditions: tuple[str, ...] = (), tiers: TierRules | None = None) -> Composed:
    """What has to be asked to decide a criterion, by rules and grammar.

    No content word is lost: each is in a question, a window's anchor, `only_if` or a remark. A criterion whose
    structure cannot be read becomes one question, with a remark.

    Args:
        criterion: with what is nested below it.
        conditions: the trial's, for the tier.
        tiers: how criteria are sorted into tiers.
    """
    if is_registry_field(criterion):
        return composed_field(criterion)
    tier = tier_of(criterion.whole_text, conditions, tiers, criterion.kind)
    draft = Draft(criterion.kind)
    only_if, form = _read(criterion, draft)
    if len(draft.questions) > QUESTIONS_AT_MOST:
        draft = Draft(criterion.kind, remarks=["too much structure to read: asked as a whole"])
        only_if, form = "", _whole(criterion, draft)
    if lost := left_out(criterion.whole_text, draft.questions, [only_if, _counts(form), *draft.remarks]):
        draft.remark(f"not read: {' '.join(lost)}")
    only_if = "; ".join(part for part in (criterion.cohort or "", only_if) if part)
    return Composed(criterion, tuple(draft.questions), form, tier, "grammar", only_if, tuple(draft.remarks))


def _read(criterion: Criterion, draft: Draft) -> tuple[str, Form]:
    """(population, form): whom a criterion is for, and what it says of them."""
    text = tidy(criterion.text)
    if criterion.children:
        who, rest = population_of(text)
        return who, read_nested(criterion if not who else _reworded(criterion, rest), draft)
    if len(sentences_of(text)) == 1 and (permitted := permission_in(text)) and permitted[1]:
        said = carried(permitted[0], permitted[1])
        if said and len(said.pieces) == 1:
            return permitted[0], leaf(said.pieces[0], draft)
        return permitted[0], read_form(permitted[1], draft, permitted[0])
    who, rest = population_of(text)
    rest = written_out(rest)
    if not who and len(sentences_of(rest)) == 1:
        masked = Masked(rest)
        if len(read_row(masked.text).items) == 1:
            who, rest = map(masked.open, condition_of(masked.text))
    return who, read_form(rest, draft)


def _counts(form: Form) -> str:
    """The words of "at least n" in a form: they are in no question."""
    words = describe(form)
    return words if "at least" in words else ""


def _reworded(criterion: Criterion, text: str) -> Criterion:
    return replace(criterion, text=text)


def _whole(criterion: Criterion, draft: Draft) -> Ask:
    """One question for everything."""
    text = re.sub(r"\s+", " ", criterion.whole_text).strip()
    return draft.ask(Question(question_text(without_lead(text)), text))
