"""Several audits as one: what every attack costs and leaves of the mark, over signed models.

    winnow ownership audit SIGNED-0 --seeds 1; winnow ownership audit SIGNED-1 --seeds 1; ...
    python benchmarks/ownership_survival.py SIGNED-0/audit SIGNED-1/audit SIGNED-2/audit --figures FOLDER

Prints a Markdown row an attack and strength: accuracy lost in points (mean, least to greatest), wrong bits at most, the
greatest adjusted log2 p, how many decode and match, and keyed answers at least. With --figures the survival curves of
all models are drawn, a model a draw.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from winnow.ownership.attacks.figures import groups, survival_figure
from winnow.ownership.attacks.rows import Row, rows_of
from winnow.reports import save_figure
from winnow.storage import RunFolder


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("audits", type=Path, nargs="+")
    words.add_argument("--figures", type=Path)
    given = words.parse_args()
    rows: list[Row] = [
        {**row, "seed": (model, row["seed"])} for model, folder in enumerate(given.audits) for row in rows_of(folder)
    ]
    cases: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        cases.setdefault((row["attack"], row["strength"]), []).append(row)
    print("| attack | strength | accuracy lost | wrong bits | log2 p | decode | match | keyed answers |")
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for (attack, strength), own in cases.items():
        print(line(attack, strength, own))
    if given.figures:
        drawn(rows, RunFolder.open(given.audits[0]).header()["recipe"], given.figures)


def line(attack: str, strength: float, rows: Sequence[Row]) -> str:
    """One row of the table; a case that could not be carried out has no figures."""
    done = [row for row in rows if row.get("log2_p") is not None]
    lost = [100 * row["accuracy_lost"] for row in done if row.get("accuracy_lost") is not None]
    hits = [row["trigger_hits"] for row in done if row.get("trigger_hits") is not None]
    cells = [
        f"`{attack}`",
        f"{strength:g}",
        f"{np.mean(lost):.2f} ({min(lost):.2f} to {max(lost):.2f})" if lost else "",
        f"{max(row['errors'] for row in done)} of {done[0]['bits']}" if done else "not done",
        f"{max(row['log2_p_adjusted'] for row in done):.0f}" if done else "",
        f"{sum(bool(row['decoded']) for row in done)} of {len(rows)}",
        f"{sum(row['outcome'] == 'match' for row in done)} of {len(rows)}",
        str(min(hits)) if hits else "",
    ]
    return f"| {' | '.join(cells)} |"


def drawn(rows: Sequence[Row], claim: dict[str, Any], folder: Path) -> None:
    """The survival figure of every family and unit."""
    for (family, _), attacks in groups(rows).items():
        figure = survival_figure(rows, attacks, claim)
        if figure is not None:
            save_figure(figure, folder, f"{family}-{attacks[0]}")


if __name__ == "__main__":
    main()
