"""The probability that a form holds when some of its answers are unknown (PRISM: N/A marginalised to a probability)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from winnow.trials.composition import All, Any, Ask, Form, Negated

# A question that occurs more than once is conditioned on; twelve of those are 4,096 cases.
MOST_REPEATED = 12

Leaf = Callable[[int, bool], float]


def probability(form: Form, leaf: Leaf) -> float:
    """P(form), questions independent of each other.

    Exact: a question that occurs once enters by the product rules, and one that occurs several times is conditioned on.

    Args:
        form: over questions by number.
        leaf: P(yes) of a question, given whether it stands under an even number of negations (True) or an odd one.
    """
    asked = list(occurrences(form))
    uncertain = {(question, sign) for question, sign in set(asked) if 0 < leaf(question, sign) < 1}
    often = Counter(question for question, _ in asked)
    repeated = sorted({question for question, _ in uncertain if often[question] > 1})[:MOST_REPEATED]
    return _conditioned(form, leaf, repeated, {(q, s) for q, s in asked})


def occurrences(form: Form, sign: bool = True) -> Iterator[tuple[int, bool]]:
    """Every place where a question is asked: (question, True when under an even number of negations)."""
    if isinstance(form, Ask):
        yield form.question, sign
    elif isinstance(form, Negated):
        yield from occurrences(form.part, not sign)
    else:
        for part in form.parts:
            yield from occurrences(part, sign)


def _conditioned(form: Form, leaf: Leaf, repeated: Sequence[int], asked: set[tuple[int, bool]]) -> float:
    if not repeated:
        return _product(form, leaf, True)
    first, rest = repeated[0], repeated[1:]
    # One question has one truth: where a policy gives it two values by sign, the cautious middle is used.
    values = [leaf(first, sign) for question, sign in asked if question == first]
    chance = sum(values) / len(values)
    yes = _conditioned(form, _fixed(leaf, first, 1.0), rest, asked)
    no = _conditioned(form, _fixed(leaf, first, 0.0), rest, asked)
    return chance * yes + (1 - chance) * no


def _fixed(leaf: Leaf, question: int, value: float) -> Leaf:
    return lambda asked, sign: value if asked == question else leaf(asked, sign)


def _product(form: Form, leaf: Leaf, sign: bool) -> float:
    if isinstance(form, Ask):
        return leaf(form.question, sign)
    if isinstance(form, Negated):
        return 1 - _product(form.part, leaf, not sign)
    parts = [_product(part, leaf, sign) for part in form.parts]
    if isinstance(form, All):
        return at_least(len(parts), parts)
    return at_least(1 if isinstance(form, Any) else form.count, parts)


def at_least(count: int, parts: Sequence[float]) -> float:
    """P(`count` or more of independent events happen), by the Poisson binomial recursion."""
    if count <= 0:
        return 1.0
    # `chances[k]` is P(exactly k so far); what reaches `count` stays there.
    chances = [1.0] + [0.0] * count
    for p in parts:
        for k in range(count, 0, -1):
            stays = chances[k] if k == count else chances[k] * (1 - p)
            chances[k] = stays + chances[k - 1] * p
        chances[0] *= 1 - p
    return min(1.0, max(0.0, chances[count]))
