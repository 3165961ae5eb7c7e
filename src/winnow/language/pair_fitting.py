"""How a pair reader is fitted, in the terms of the one training loop: settings, plan, data and temperature."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from winnow.core import derive_seed
from winnow.data import DataSet, Split
from winnow.language.encoder import EncoderClassifier
from winnow.training import TrainingPlan

Floats = NDArray[np.float64]
# How encoders of the Hugging Face kind number their layers.
_LAYER = re.compile(r"\blayers?\.(\d+)\.")
# How much of the deep part a mixture may take: on rows that were not seen, a whole share was never better than a half.
SHARES = (0.0, 0.25, 0.5)
_TEMPERATURES = np.geomspace(0.25, 8.0, 241)


@dataclass(frozen=True, kw_only=True)
class ReaderSettings:
    """How a reader is fitted: the habits of fine-tuning a small encoder on few examples.

    Attributes:
        max_tokens: where a pair is cut, the longer of its texts first.
        epochs: passes over the pairs.
        batch: pairs a step.
        learning_rate: the highest, of AdamW; it rises over `warmup` and falls linearly to 0.
        warmup: share of the steps.
        weight_decay: decoupled.
        members: networks with a head, an order and draws of their own, whose logits are averaged.
        frozen: this many of the encoder's lowest layers, and its embeddings, stay as they start; 0 fits everything.
        balance: pairs of a rare class are seen more often, so that every class is seen equally often.
        seed: of everything drawn.
    """

    max_tokens: int = 256
    epochs: float = 4.0
    batch: int = 16
    learning_rate: float = 5e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    members: int = 1
    frozen: int = 0
    balance: bool = False
    seed: int = 0


def plan_of(seen: int, settings: ReaderSettings) -> TrainingPlan:
    """The plan of a fitting that sees so many pairs in all."""
    steps = seen // settings.batch
    return TrainingPlan(
        steps=steps,
        batch=settings.batch,
        optimizer="adamw",
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        schedule="linear",
        warmup=max(1, round(settings.warmup * steps)),
        evaluate_every=steps,
    )


def with_frozen(network: EncoderClassifier, layers: int) -> EncoderClassifier:
    """The network with its embeddings and lowest layers fixed: the loop trains what asks for a gradient."""
    for name, parameter in network.encoder.named_parameters():
        parameter.requires_grad_(not layers or not _is_low(name, layers))
    return network


def _is_low(name: str, layers: int) -> bool:
    """Whether a parameter of this name belongs to the embeddings or to a layer below `layers`."""
    numbered = _LAYER.search(name)
    return int(numbered[1]) < layers if numbered else "embed" in name


def schedule_of(
    labels: NDArray[np.int64], weights: Sequence[float] | None, settings: ReaderSettings, classes: int
) -> NDArray[np.int64]:
    """Which pairs are seen in the whole fitting, in no order: systematic sampling, so that shares are kept closely."""
    share = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=float)
    if settings.balance:
        mass = np.array([share[labels == c].sum() for c in range(classes)])
        present = mass > 0
        factor = np.where(present, share.sum() / (present.sum() * np.where(present, mass, 1)), 0)
        share = share * factor[labels]
    due = np.cumsum(share * settings.epochs)
    start = np.random.default_rng(derive_seed(settings.seed, "seen")).random()
    times = np.floor(due + start) - np.floor(np.concatenate([[0.0], due[:-1]]) + start)
    return np.repeat(np.arange(len(labels)), times.astype(int))


def data_set(ids: Tensor, labels: Tensor, seen: NDArray[np.int64], classes: tuple[str, ...]) -> DataSet:
    """The pairs as the loop takes them. It measures on two splits, and one pair in each keeps that from costing."""
    chosen = torch.as_tensor(seen)
    one = Split(ids[:1], labels[:1])
    return DataSet(
        name="pairs",
        fingerprint="",
        classes=classes,
        train=Split(ids[chosen], labels[chosen]),
        validation=one,
        test=one,
        pad_value=torch.empty(0),
    )


def best_temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """The temperature, of a grid from 1/4 to 8, with the least mean log loss; the higher one of equals."""
    losses = [log_loss(logits / temperature, labels) for temperature in _TEMPERATURES]
    return float(_TEMPERATURES[::-1][int(np.argmin(losses[::-1]))])


def best_mixture(wide: Floats | None, deep: Floats, labels: NDArray[np.int64]) -> tuple[float, float]:
    """Share of the deep logits (of `SHARES`; 1 without wide ones) and temperature with the least mean log loss.

    Of equals the smaller share is taken.
    """
    if wide is None:
        return 1.0, best_temperature(deep, labels)
    found = [(share, best_temperature(wide + share * deep, labels)) for share in SHARES]
    losses = [log_loss((wide + share * deep) / temperature, labels) for share, temperature in found]
    return found[int(np.argmin(losses))]


def log_loss(logits: Floats, labels: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of the labels [N] under logits [N, classes]."""
    told = softmax(logits)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(told, 1e-12, None)).mean())


def softmax(logits: Floats) -> Floats:
    """Probabilities of logits, by row."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
