"""The wide part of a wide and deep reader (Cheng et al. 2016, arXiv 1606.07792): what is said of claims of such words.

It is linear in the claim's words and in a few patterns, and never sees the evidence. Where experts' answers hang more
on the criterion than on the patient, an encoder spends its few examples on learning that; given it beforehand, what is
left to learn is to read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from winnow.language.pair_fitting import softmax

Floats = NDArray[np.float64]
_WORD = re.compile(r"\w+")
# How much a standardised pattern weighs beside a vector of words of length one.
_PATTERN_WEIGHT = 0.15
# A claim of words never seen is told in proportion to the answers: no probability is 0.
_FLOOR = 0.02


@dataclass(frozen=True, eq=False)
class WideModel:
    """Log-probabilities of classes from a claim's words and patterns alone.

    Attributes:
        words: the words it knows, in order.
        patterns: regular expressions, looked for in the claim whatever the case.
        idf: float64 [words].
        mean, scale: of the patterns in fitting, float64 [patterns].
        weights: float64 [words + patterns, classes].
        bias: float64 [classes].
    """

    words: tuple[str, ...]
    patterns: tuple[str, ...]
    idf: Floats
    mean: Floats
    scale: Floats
    weights: Floats
    bias: Floats

    def logits(self, claims: Sequence[str]) -> Floats:
        """Log-probabilities [N, classes], none below that of 2 % shared by all classes."""
        told = softmax(self._columns(claims) @ self.weights + self.bias)
        return np.log((1 - _FLOOR) * told + _FLOOR / told.shape[1])

    def tensors(self) -> dict[str, Tensor]:
        """The numbers by name."""
        names = ("idf", "mean", "scale", "weights", "bias")
        return {name: torch.as_tensor(getattr(self, name)) for name in names}

    def card(self) -> dict[str, Any]:
        """The words and patterns, for JSON."""
        return {"words": list(self.words), "patterns": list(self.patterns)}

    @classmethod
    def of(cls, card: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> WideModel:
        """The model of a card and tensors, as `card` and `tensors` gave them.

        Raises:
            ValueError: when they do not belong together.
        """
        numbers = {name: tensor.double().numpy() for name, tensor in tensors.items()}
        made = cls(tuple(card["words"]), tuple(card["patterns"]), **numbers)
        columns = len(made.words) + len(made.patterns)
        if (len(made.idf), len(made.mean), len(made.weights)) != (len(made.words), len(made.patterns), columns):
            raise ValueError("the wide part's words and weights do not belong together")
        return made

    def _columns(self, claims: Sequence[str]) -> Floats:
        found = (_found(claims, self.patterns) - self.mean) / self.scale * _PATTERN_WEIGHT
        return np.hstack([_weighed(claims, self.words, self.idf), found])


def fit_wide(
    claims: Sequence[str], labels: Sequence[int], classes: int, patterns: Sequence[str] = (), strength: float = 1.0
) -> WideModel:
    """L2 logistic regression on TF-IDF of the claims' words and on the patterns that they match.

    Args:
        claims: N texts.
        labels: N classes, 0 to `classes` - 1; a class that does not occur stays improbable.
        classes: how many there are.
        patterns: regular expressions.
        strength: inverse of the penalty.
    """
    from sklearn.linear_model import LogisticRegression

    counts = Counter(word for claim in claims for word in set(_words(claim)))
    words = tuple(sorted(counts))
    idf = np.array([np.log((1 + len(claims)) / (1 + counts[word])) + 1 for word in words])
    found = _found(claims, patterns)
    scale = found.std(axis=0)
    scale[scale == 0] = 1.0
    empty = np.zeros((len(words) + len(patterns), classes))
    blank = WideModel(words, tuple(patterns), idf, found.mean(axis=0), scale, empty, np.zeros(classes))
    known = sorted(set(labels))
    if len(known) < 2:
        return _filled(blank, known, empty[:, : len(known)], np.zeros(len(known)))
    model = LogisticRegression(C=strength, max_iter=2000).fit(blank._columns(claims), labels)
    weights, bias = model.coef_.T, model.intercept_
    if len(known) == 2:  # one column stands for both classes
        weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return _filled(blank, known, weights, bias)


def _filled(blank: WideModel, known: Sequence[int], weights: Floats, bias: Floats) -> WideModel:
    whole, offset = np.zeros_like(blank.weights), np.full(blank.weights.shape[1], -20.0)
    whole[:, known], offset[known] = weights, bias
    return WideModel(blank.words, blank.patterns, blank.idf, blank.mean, blank.scale, whole, offset)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _weighed(claims: Sequence[str], words: Sequence[str], idf: Floats) -> Floats:
    """TF-IDF [N, words] with logarithmic counts, every row of length one or zero."""
    place = {word: column for column, word in enumerate(words)}
    table = np.zeros((len(claims), len(words)))
    for row, claim in enumerate(claims):
        for word, count in Counter(_words(claim)).items():
            if word in place:
                table[row, place[word]] = (1 + np.log(count)) * idf[place[word]]
    length = np.linalg.norm(table, axis=1, keepdims=True)
    return table / np.where(length == 0, 1, length)


def _found(claims: Sequence[str], patterns: Sequence[str]) -> Floats:
    """Which patterns each claim matches, 0 or 1, [N, patterns]."""
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    return np.array([[bool(one.search(claim)) for one in compiled] for claim in claims], dtype=float).reshape(
        len(claims), len(compiled)
    )
