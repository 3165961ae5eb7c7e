"""Tables of a verdict's page."""

from __future__ import annotations

from winnow.reports import Prose, Table
from winnow.signing.judging.verdict import Checked, Verdict

_STATES = {True: "holds", False: "does not hold", None: "not stated"}


def checks_table(verdict: Verdict) -> Table | Prose:
    """Every check; files in one row where all are whole."""
    if not verdict.checks:
        return Prose("The claim could not be read, so that nothing of it was checked.")
    files = [check for check in verdict.checks if check.name.startswith("file ")]
    whole = all(check.ok for check in files)
    shown = [check for check in verdict.checks if check not in files or not check.ok]
    if files and whole:
        shown.insert(2, Checked("files", True, f"all {len(files)} are the ones signed"))
    rows = tuple((check.name, _STATES[check.ok], check.told) for check in shown)
    return Table("Every check, as it came out", ("check", "outcome", "in words"), (False, False, False), rows)


def reading_words(verdict: Verdict) -> Prose:
    """How the layers were found, and what the columns of `readings_table` mean."""
    notes = [*verdict.suspect.get("notes", ()), *verdict.suspect.get("misfits", ())]
    told = f" To be known of it: {'; '.join(notes)}." if notes else ""
    return Prose(
        f"The suspect's layers were found {verdict.suspect.get('fit', 'not at all')}.{told} It was read as it is, and "
        "again with its channels put into the order of the claimed network; the key's own places were covered up while "
        'that order was looked for. "Zeros" takes the weights that are not zero, "largest" as many of the largest as '
        "the claimed network has. Each reading is judged by two exact tests, by how many bits agree and, with flipped "
        "signs, by how clearly they do; the smaller p counts, and it was multiplied by all of these looks."
    )


def readings_table(verdict: Verdict) -> Table:
    """Every reading."""
    rows = tuple(
        (
            one.alignment,
            one.way,
            f"{one.matches} of {one.total}",
            f"{one.log2_p:.1f}",
            f"{one.log2_p_signed:.1f}",
            f"{100 * one.known:.1f}%",
            "yes" if one.payload else "no",
        )
        for one in verdict.readings
    )
    headings = ("suspect", "read by", "bits that agree", "log2 p", "log2 p, sign-flip test", "places seen", "decodes")
    numeric = (False, False, True, True, True, True, False)
    return Table("Every reading, before the correction for their number", headings, numeric, rows)
