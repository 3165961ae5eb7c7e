"""A text set of trial criteria: lines of inclusion (label 0) and exclusion criteria (label 1), split by trial.

    python benchmarks/criterion_lines.py ../shared/data/trials/trial-pool.parquet /tmp/criteria

Lines are at least four words long, unlike each other, and do not say which of the two they are. All lines of a trial go
to one split, by a hash of its number: 70 % train, 15 % validation, 15 % test of the trials. Of validation and test no
more lines than asked for are kept, chosen by a hash of the line: on one core an encoder reads about 50 lines a second.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FIELDS = ("inclusion_criteria", "exclusion_criteria")
SHARES = {"train": 70, "validation": 85, "test": 100}  # upper ends, in percent
LEAST_WORDS = 4
# Bullets and numbers in front of a criterion differ between the two lists of one trial.
_FRONT = re.compile(r"^[\s\-*•·~>\u2013\u2014]*(?:\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)]+\s*)*[\s\-*•·~>\u2013\u2014]*")
_TELLS = re.compile(r"\b(?:inclu(?:sion|ded?|ding)|exclu(?:sion|ded?|ding)|eligib\w*|ineligib\w*)\b", re.IGNORECASE)


def lines_of(text: str) -> Iterator[str]:
    """The criteria of one field: no headings, nothing short, nothing that gives its list away."""
    for raw in text.splitlines():
        line = " ".join(_FRONT.sub("", raw).split())
        is_heading = line.endswith(":") or line.isupper()
        if len(line.split()) >= LEAST_WORDS and not is_heading and not _TELLS.search(line):
            yield line


def hashed(text: str) -> int:
    """A number that only the text decides."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def split_of(trial: str) -> str:
    """The split of a trial, by a hash of its number."""
    place = hashed(trial) % 100
    return next(name for name, end in SHARES.items() if place < end)


def rows_of(trials: pa.Table, most: int) -> dict[str, list[tuple[str, int]]]:
    """Text and label of every line, by split. A line that stands in both lists, in any trial, is left out."""
    labels: dict[str, set[int]] = {}
    first: dict[str, tuple[str, str]] = {}
    for trial in trials.select(["nct_id", *FIELDS]).to_pylist():
        for label, field in enumerate(FIELDS):
            for line in lines_of(trial[field] or ""):
                labels.setdefault(line.lower(), set()).add(label)
                first.setdefault(line.lower(), (trial["nct_id"], line))
    found: dict[str, list[tuple[str, int]]] = {name: [] for name in SHARES}
    for key, (trial, line) in first.items():
        if len(labels[key]) == 1:
            found[split_of(trial)].append((line, min(labels[key])))
    for name in ("validation", "test"):
        kept = set(sorted(found[name], key=lambda row: hashed(row[0]))[:most])
        found[name] = [row for row in found[name] if row in kept]
    return found


def write(rows: dict[str, list[tuple[str, int]]], folder: Path) -> None:
    """Parquet in the Hub's layout, with the names of the classes."""
    folder.mkdir(parents=True, exist_ok=True)
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["inclusion", "exclusion"], "_type": "ClassLabel"},
    }
    described = {"huggingface": json.dumps({"info": {"features": features}})}
    for name, lines in rows.items():
        columns = {"text": [text for text, _ in lines], "label": [label for _, label in lines]}
        pq.write_table(pa.table(columns).replace_schema_metadata(described), folder / f"{name}-00000-of-00001.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", type=Path, help="trial-pool.parquet")
    parser.add_argument("out", type=Path, help="the folder to write")
    parser.add_argument("--most", type=int, default=1000, help="lines kept for validation, and for test")
    given = parser.parse_args()
    rows = rows_of(pq.read_table(given.trials), given.most)
    write(rows, given.out)
    for name, lines in rows.items():
        share = 100 * sum(label for _, label in lines) / len(lines)
        print(f"{name}: {len(lines)} lines, {share:.1f} % exclusion")


if __name__ == "__main__":
    main()
