"""Checkpoints in the middle of a level: everything that the next step depends on, in one safetensors file."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import load_tensors, save_tensors
from winnow.storage import Metric

# The name of a packed stack's weights in a checkpoint: it tells on which way the training was.
STORED = "stored"


@dataclass
class Checkpoint:
    """State after `step` steps: tensors by name, and the metrics measured so far."""

    step: int
    tensors: Mapping[str, Tensor]
    rows: list[Metric] = field(default_factory=list)


@dataclass
class CheckpointFile:
    """Where a stack's checkpoint lies, and how often it is written.

    Args:
        path: the file; it is removed when the level is done.
        seconds: at least so long between two writes (0 = at every evaluation).
    """

    path: Path
    seconds: float = 30.0
    _written: float = field(default_factory=time.monotonic)

    def due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() - self._written >= self.seconds

    def write(self, checkpoint: Checkpoint) -> None:
        """Write whole, in place of the last one."""
        notes = {"step": str(checkpoint.step), "rows": json.dumps(checkpoint.rows)}
        save_tensors(self.path, checkpoint.tensors, notes)
        self._written = time.monotonic()

    def read(self) -> Checkpoint | None:
        """The last state, or None when there is none or it is damaged: the level then starts anew."""
        if not self.path.exists():
            return None
        try:
            tensors, notes = load_tensors(self.path)
            rows = [Metric(*row) for row in json.loads(notes["rows"])]
            return Checkpoint(int(notes["step"]), tensors, rows)
        except (WinnowError, KeyError, ValueError, TypeError):
            return None

    def remove(self) -> None:
        """Forget the state."""
        self.path.unlink(missing_ok=True)
