"""`Step`: a length of training that reads "500it" or "10ep"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from winnow.core.errors import WinnowError

# Twelve digits are more steps than anyone trains, and less than Python refuses to read.
_FORM = re.compile(r"([0-9]{1,12})(it|ep)")


@dataclass(frozen=True)
class Step:
    """A count of iterations ("500it") or of epochs ("10ep").

    Iterations are optimizer steps. Epochs become iterations once the number of batches is known.
    """

    count: int
    unit: str = "it"

    @classmethod
    def parse(cls, text: str | int | Step) -> Step:
        """Read "500it", "10ep", or a plain number of iterations.

        Raises:
            WinnowError: WN-C01 when the text has another form.
        """
        if isinstance(text, Step):
            return text
        written = str(text).strip() if isinstance(text, str) or 0 <= text < 10**12 else ""
        match = _FORM.fullmatch(f"{written}it" if written.isdigit() else written)
        if match is None:
            raise WinnowError(
                "WN-C01",
                f"{_short(text)} is no training length",
                fix='Write iterations as "500it" (or 500) and epochs as "10ep".',
            )
        return cls(int(match[1]), match[2])

    def iterations(self, per_epoch: int) -> int:
        """Optimizer steps, given the number of batches in an epoch."""
        return self.count * per_epoch if self.unit == "ep" else self.count

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


def _short(value: object) -> str:
    """At most 40 characters of it; a huge number cannot even be written."""
    try:
        return repr(value)[:40]
    except ValueError:
        return "this number"
