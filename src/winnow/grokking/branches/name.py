"""Names of branches: what a run is, in a string that a person can type."""

from __future__ import annotations

import re
from dataclasses import dataclass

from winnow.core import WinnowError

_FORM = re.compile(
    r"(?P<base>[a-z][a-z0-9-]*)"
    r"(?:~(?P<round>\d+))?"
    r"(?:@(?P<at>\d+))?"
    r"(?P<options>(?:,(?:k|wd|lr)\d+(?:\.\d+)?(?:e-?\d+)?)*)"
    r"(?:\+(?P<accelerator>[A-Za-z0-9.#-]+))?"
)
_OPTION = re.compile(r",(k|wd|lr)([^,]+)")


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A kind of run: a base and what differs from the recipe.

    Written BASE[~ROUND][@STEP][,kRATE][,wdDECAY][,lrRATE][+ACCELERATOR]: "dense", "ticket@4000,k0.7,wd0",
    "ticket+muon".

    Attributes:
        base: a name of `winnow.grokking.branches.BASES`.
        round: which of several pruning rounds; only of "iterative".
        at: step of the dense run that the mask, or the start, is taken from.
        rate: share of the weights that is pruned (k).
        weight_decay: of the optimizer.
        learning_rate: of the optimizer.
        accelerator: a name of `winnow.grokking.accelerators`.
    """

    base: str
    round: int | None = None
    at: int | None = None
    rate: float | None = None
    weight_decay: float | None = None
    learning_rate: float | None = None
    accelerator: str | None = None

    @classmethod
    def parse(cls, text: str) -> Branch:
        """From its written form.

        Raises:
            WinnowError: WN-C01 when it has another form, or a rate outside of 0 to 1.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise WinnowError(
                "WN-C01",
                "no branch has this form",
                where=text,
                fix="Write BASE[@STEP][,kRATE][,wdDECAY][,lrRATE][+ACCELERATOR], such as ticket@4000,k0.7,wd0.",
            )
        options = dict(_OPTION.findall(found["options"]))
        rate = _number(options, "k")
        if rate is not None and not 0 < rate < 1:
            raise WinnowError("WN-C01", "a pruning rate lies between 0 and 1", where=text)
        return cls(
            base=found["base"],
            round=None if found["round"] is None else int(found["round"]),
            at=None if found["at"] is None else int(found["at"]),
            rate=rate,
            weight_decay=_number(options, "wd"),
            learning_rate=_number(options, "lr"),
            accelerator=found["accelerator"],
        )

    def __str__(self) -> str:
        """The written form, options in one order and numbers as short as they can be."""
        parts = [self.base]
        for mark, value in (("~", self.round), ("@", self.at)):
            parts += [] if value is None else [f"{mark}{value}"]
        for mark, number in ((",k", self.rate), (",wd", self.weight_decay), (",lr", self.learning_rate)):
            parts += [] if number is None else [f"{mark}{number:g}"]
        return "".join(parts) + (f"+{self.accelerator}" if self.accelerator else "")


def _number(options: dict[str, str], name: str) -> float | None:
    return float(options[name]) if name in options else None
