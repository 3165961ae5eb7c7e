"""Coded errors: what was wrong, where, and what to do about it."""

from __future__ import annotations

# One line per code: the title that `docs/errors.md` and the tests read. A code is never reused.
CODES: dict[str, str] = {
    "WN-A01": "runs that cannot be compared",
    "WN-C01": "a value of the wrong form",
    "WN-D01": "no data set at this place",
    "WN-D02": "a data set of an unknown or broken format",
    "WN-D03": "wrong columns",
    "WN-D04": "images of unequal or unsupported size",
    "WN-D05": "fewer than two classes",
    "WN-D06": "a split that cannot be carved",
    "WN-D07": "an optional package is needed",
    "WN-E01": "no such export format",
    "WN-E02": "a network that this export cannot hold",
    "WN-E03": "an export that computes something else",
    "WN-E04": "nothing here to export",
    "WN-L01": "notes that cannot be read",
    "WN-L02": "a trial that cannot be read",
    "WN-L03": "no such patient or trial",
    "WN-L04": "a remote endpoint without consent",
    "WN-L05": "an endpoint that does not answer",
    "WN-L06": "an encoder that is not the one expected",
    "WN-L07": "a database that cannot be used",
    "WN-L08": "a review that does not fit",
    "WN-L09": "a reader that does not fit",
    "WN-M01": "no such model",
    "WN-M02": "the model and the data do not fit",
    "WN-M03": "nothing to prune",
    "WN-O01": "no room for a mark",
    "WN-O02": "a claim that cannot be read",
    "WN-O03": "keys that do not fit",
    "WN-O04": "a time stamp that does not hold",
    "WN-O05": "a suspect that cannot be read",
    "WN-O06": "a scheme or attack that cannot be done here",
    "WN-O07": "a claim that is not ready, or sealed already",
    "WN-P01": "more levels than weights",
    "WN-P02": "a mask that does not fit the weights",
    "WN-P03": "scores that cannot be ranked",
    "WN-R01": "no such recipe",
    "WN-R02": "a recipe that contradicts itself",
    "WN-R03": "a run folder of another recipe",
    "WN-R04": "the run folder is in use",
    "WN-R05": "no run at this place",
    "WN-R06": "no such level, replicate or step in the run",
    "WN-S01": "the disk is full",
    "WN-S02": "a file that cannot be written",
    "WN-S03": "a damaged file",
    "WN-T01": "the loss is not a number",
    "WN-T02": "the device is not there",
    "WN-T03": "an unknown optimizer, schedule, loss or execution",
    "WN-X01": "a worker that died",
    "WN-X02": "a job that broke off",
    "WN-X03": "no cluster at this address",
}


class WinnowError(Exception):
    """A mistake that the user can mend; the command line prints it without a traceback, exit code 2.

    Args:
        code: a key of `CODES`.
        what: what was wrong, in one sentence.
        where: the path, field or tensor at fault.
        fix: what to do about it.
    """

    def __init__(self, code: str, what: str, *, where: object = None, fix: str = "") -> None:
        if code not in CODES:
            raise KeyError(f"unknown error code {code}")
        self.code = code
        self.what = what
        self.where = None if where is None else str(where)
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        """One line for what and where, one for what to do."""
        place = f" [{self.where}]" if self.where else ""
        advice = f"\n  {self.fix}" if self.fix else ""
        return f"{self.code} {CODES[self.code]}: {self.what}{place}{advice}"

    def as_dict(self) -> dict[str, str | None]:
        """The same as plain data, for `--json`."""
        return {"code": self.code, "what": self.what, "where": self.where, "fix": self.fix}

    def __reduce__(self) -> tuple[object, ...]:
        """Pickles across processes with its parts."""
        return (_rebuild, (self.code, self.what, self.where, self.fix))


def _rebuild(code: str, what: str, where: str | None, fix: str) -> WinnowError:
    return WinnowError(code, what, where=where, fix=fix)
