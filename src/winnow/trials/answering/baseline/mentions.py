"""A claimed fact found again in a chart's sentences, with what each sentence says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from winnow.trials.answering.baseline.assertion import Assertion, assess
from winnow.trials.answering.baseline.cues import TERMINATOR
from winnow.trials.answering.baseline.denial import head_stems, is_broad
from winnow.trials.answering.baseline.words import Term, terms
from winnow.trials.retrieval import Sentence

# Words that may stand between those of a fact beyond the fact's own: "cancer of the left upper lobe of the lung".
_SLACK = 6
_FAMILY = re.compile(r"\bfamil(?:y|ial)\b|\brelatives?\b|\bparents?\b|\bsiblings?\b", re.IGNORECASE)
_PLANNED = re.compile(
    r"\b(?:plan\w*|schedul\w*|risk|intend\w*|candidates?|eligible|indicat\w*|likely|suspect\w*)\b", re.IGNORECASE
)
ALLERGY = re.compile(
    r"\b(?:allerg\w*|intoleran\w*|hypersensitiv\w*|anaphyla\w*|adverse (?:drug )?reactions?|contraindicat\w*)\b",
    re.IGNORECASE,
)
_EVER = re.compile(
    r"\b(?:history|prior|previous(?:ly)?|past|ever|received|underwent|had|former(?:ly)?)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Claim:
    """A statement made ready to be looked for.

    Attributes:
        stems: of all its words, modifiers included.
        heads: of those that make the fact; all of them when there are only modifiers.
        of_family, planned, ever: whether it is about relatives, about something to come, or about any time in the past.
        of_allergy: whether it is about not bearing a drug.
        wide: its stems and the broader ones that they answer to: the words that a denial of it may have.
        denied_by: those of its head noun among them: the words of which a denial must have one.
    """

    stems: tuple[str, ...]
    heads: tuple[str, ...]
    of_family: bool = False
    planned: bool = False
    ever: bool = False
    of_allergy: bool = False
    wide: frozenset[str] = frozenset()
    denied_by: frozenset[str] = frozenset()

    @classmethod
    def of(cls, statement: str) -> Claim:
        """Read a statement; the words that say whose and when are taken as such."""
        of_family = bool(_FAMILY.search(statement))
        found = terms(_FAMILY.sub(" ", statement) if of_family else statement)
        stems = tuple(dict.fromkeys(stem for term in found for stem in term.stems))
        heads = tuple(dict.fromkeys(stem for term in found if not term.modifier for stem in term.stems))
        planned, ever = bool(_PLANNED.search(statement)), bool(_EVER.search(statement))
        broader = {stem: term.broader for term in found for stem in term.stems}
        main = head_stems(statement) or heads[-1:]
        wide = frozenset(stems).union(*broader.values())
        denied_by = frozenset(main).union(*(broader.get(stem, frozenset()) for stem in main))
        allergy = bool(ALLERGY.search(statement))
        return cls(stems, heads or stems, of_family, planned, ever, allergy, wide, denied_by)


@dataclass(frozen=True)
class Mention:
    """A claim found in a sentence.

    Attributes:
        sentence: where.
        start, end: characters of the sentence from the first to the last matched word.
        assertion: what the sentence says of it.
        share: of the claim's stems found, 0 to 1.
        heads: of its head stems found.
        narrower: whether a word of it is a narrower one: a drug for its class.
        denied: whether a denied word of it stands in a phrase that is no narrower than the claim.
    """

    sentence: Sentence
    start: int
    end: int
    assertion: Assertion
    share: float
    heads: float
    denied: bool = False
    narrower: bool = False


class StemIndex:
    """Which sentences of a chart hold which stems."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.sentences = sentences
        self._places: dict[str, set[int]] = {}
        for place, sentence in enumerate(sentences):
            for term in terms(sentence.text):
                for stem in (*term.stems, *term.broader):
                    self._places.setdefault(stem, set()).add(place)

    def sentences_for(self, claims: Sequence[Claim]) -> list[Sentence]:
        """The sentences that may state or deny one of the claims, in order."""
        places = set[int]()
        for claim in claims:
            if claim.stems:
                places |= set.intersection(*map(self._at, claim.stems))
            places |= set[int]().union(*map(self._at, claim.denied_by))
        return [self.sentences[place] for place in sorted(places)]

    def sharing(self, stems: Sequence[str]) -> list[Sentence]:
        """The sentences that hold any of the stems, in order."""
        return [self.sentences[place] for place in sorted(set[int]().union(*map(self._at, stems)))]

    def _at(self, stem: str) -> set[int]:
        return self._places.get(stem, set())


def mention_in(sentence: Sentence, claim: Claim) -> Mention | None:
    """The densest place of the sentence that matches most of the claim; None when no head word of it occurs."""
    found = [term for term in terms(sentence.text) if _answers(term, claim.stems)]
    best: tuple[tuple[int, int, int], list[Term]] | None = None
    for group in _clauses(sentence.text, found):
        matched = {stem for term in group for stem in _answers(term, claim.stems)}
        rank = (len(matched & set(claim.heads)), len(matched), group[0].start - group[-1].end)
        if best is None or rank > best[0]:
            best = (rank, group)
    if best is None or best[0][0] == 0:
        return None
    group = best[1]
    matched = {stem for term in group for stem in _answers(term, claim.stems)}
    said = [assess(sentence.text, term.start, term.end, sentence.section) for term in group]
    every = terms(sentence.text)
    denied = [term for term, each in zip(group, said, strict=True) if each.negated]
    return Mention(
        sentence,
        group[0].start,
        group[-1].end,
        _together(said),
        len(matched) / len(claim.stems),
        len(matched & set(claim.heads)) / len(claim.heads),
        bool(denied) and all(is_broad(sentence.text, every, every.index(term), claim) for term in denied),
        not matched <= {stem for term in group for stem in term.stems},
    )


def _answers(term: Term, stems: tuple[str, ...]) -> set[str]:
    return {stem for stem in stems if stem in term.stems or stem in term.broader}


def _clauses(text: str, found: list[Term]) -> Iterator[list[Term]]:
    """Every run of matched terms with no end of a clause and few words between: a fact is said in one breath."""
    for first in range(len(found)):
        group = [found[first]]
        yield list(group)
        for term in found[first + 1 :]:
            between = text[group[-1].end : term.start]
            if TERMINATOR.search(between) or len(between.split()) > _SLACK:
                break
            group.append(term)
            yield list(group)


def _together(said: Sequence[Assertion]) -> Assertion:
    """What is said of several words of one fact: denying one denies the fact, doubting one doubts it."""
    possible = any(each.possible for each in said)
    persons = [each.person for each in said if each.person != "patient"]
    return Assertion(
        negated=any(each.negated for each in said) and not possible,
        possible=possible,
        hypothetical=any(each.hypothetical for each in said),
        historical=any(each.historical for each in said),
        ended=any(each.ended for each in said),
        person=persons[0] if persons else "patient",
    )
