"""What retrieval needs of an encoder: `winnow.language.SentenceEncoder` is one, and tests bring their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Texts to vectors."""

    @property
    def name(self) -> str:
        """The model and its weights, for keys."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors [N, d] of unit length, in the order of the texts."""
        ...
