"""A calibrated linear head over the evidence features: small, readable and saved as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError, digest
from winnow.storage import write_text
from winnow.trials.annotations import CLASSES
from winnow.trials.answering.baseline.features import FEATURES


@dataclass(frozen=True)
class Head:
    """Multinomial logistic regression over `FEATURES`, its logits divided by a temperature.

    Attributes:
        weights: [3, len(FEATURES)], one row a class of `annotations.CLASSES`.
        bias: [3].
        temperature: above 1 makes it less sure (Guo et al. 2017, section 4.2).
        made_by: the command and the data that made it, in words.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    temperature: float = 1.0
    made_by: str = ""

    @property
    def identity(self) -> str:
        """Eight hexadecimal digits of its numbers, for the engine's name."""
        return digest({"weights": self.weights.tolist(), "bias": self.bias.tolist(), "t": self.temperature})[:8]

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities [n, 3] of features [n, len(FEATURES)]."""
        logits = (features @ self.weights.T + self.bias) / self.temperature
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def save(self, path: Path) -> None:
        """Write it as JSON.

        Raises:
            WinnowError: WN-S01 on a full disk, WN-S02 when the place cannot be written.
        """
        told: dict[str, Any] = {
            "made_by": self.made_by,
            "features": list(FEATURES),
            "classes": list(CLASSES),
            "temperature": self.temperature,
            "bias": self.bias.tolist(),
            "weights": self.weights.tolist(),
        }
        write_text(path, json.dumps(told, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Head:
        """Read a saved head.

        Raises:
            WinnowError: WN-D01 when there is no such file, WN-L09 when it is no head for these features.
        """
        if not path.is_file():
            raise WinnowError("WN-D01", "no head here", where=path.name, fix="make one with `winnow trials tune`")
        try:
            told = json.loads(path.read_text())
            head = cls(np.array(told["weights"]), np.array(told["bias"]), told["temperature"], told["made_by"])
            fits = tuple(told["features"]) == FEATURES and tuple(told["classes"]) == CLASSES
        except (ValueError, KeyError, TypeError) as error:
            raise WinnowError("WN-L09", "not a saved head", where=path.name) from error
        if not fits or head.weights.shape != (len(CLASSES), len(FEATURES)):
            raise WinnowError("WN-L09", "a head for other features", where=path.name, fix="tune it anew")
        return head
