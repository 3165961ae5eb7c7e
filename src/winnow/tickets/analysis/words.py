"""What an analysis shows, in sentences about its sparsest level."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from winnow.reports import drawing
from winnow.reports import replicates as over_replicates
from winnow.tickets.analysis.panels import short_name

Rows = Sequence[Mapping[str, Any]]


def sentences(tables: Mapping[str, Rows], densities: Mapping[int, float]) -> list[str]:
    """Savings, start weights, connectivity and overlap; what was not measured has no sentence."""
    level = max(densities)
    at = {name: [row for row in rows if row.get("level") == level] for name, rows in tables.items()}
    where = f"With {drawing.percent_label(densities[level])} of the weights remaining"
    dense = [row for row in tables["savings"] if row["level"] == 0]
    said = (
        _savings(at["savings"], dense, where),
        _start(at["weights"], where),
        _dead(at["layers"], where),
        _overlap(at["overlap"], where),
    )
    return [sentence for sentence in said if sentence]


def _savings(rows: Rows, dense: Rows, where: str) -> str:
    ratio, speed, accuracy = (_mean(rows, key) for key in ("compression", "speed_up", "test_accuracy_percent"))
    if ratio is None:
        return ""
    size = f"{rows[0]['parameters_left']:,} of {rows[0]['parameters']:,} parameters are left"
    speeds = "" if speed is None else f", theoretical speed-up {speed:.2f}"
    before = _mean(dense, "test_accuracy_percent")
    known = accuracy is not None and before is not None
    reached = f", at {accuracy:.2f}% test accuracy against {before:.2f}% of the dense network" if known else ""
    return f"{where}, {size} (compression ratio {ratio:.2f}{speeds}){reached}, {over_replicates(len(rows))}."


def _start(rows: Rows, where: str) -> str:
    """The layer whose survivors avoid small start weights the most, or at least seek them the least."""
    ratios: dict[str, tuple[float, float, float]] = {}
    for layer in dict.fromkeys(row["layer"] for row in rows):
        own = [row for row in rows if row["layer"] == layer]
        kept, every = _mean(own, "near_zero_percent"), _mean(own, "near_zero_percent_all")
        if kept is not None and every:
            ratios[layer] = (kept / every, kept, every)
    if not ratios:
        return ""
    layer = min(ratios, key=lambda name: ratios[name][0])
    ratio, kept, every = ratios[layer]
    return (
        f"{where}, {kept:.1f}% of the surviving start weights of {short_name(layer)} are near zero (below half a "
        f"deviation), against {every:.1f}% of all its start weights: {ratio:.2f} times as many, the lowest of all "
        "layers."
    )


def _dead(rows: Rows, where: str) -> str:
    if not rows:
        return ""
    count = len({row["replicate"] for row in rows})
    parts = []
    for dead, among, name in (
        ("units_without_incoming", "units", "units have no incoming connection left"),
        ("inputs_without_outgoing", "inputs", "inputs of a layer have no outgoing one"),
    ):
        lost, total = sum(row[dead] for row in rows) / count, sum(row[among] for row in rows) / count
        parts.append(f"{lost:,.1f} of {total:,.0f} {name}".replace(".0 of", " of"))
    return f"{where}, {' and '.join(parts)}, {over_replicates(count)}."


def _overlap(rows: Rows, where: str) -> str:
    """The layer where replicates agree the most beyond chance."""
    gains = {}
    for layer in dict.fromkeys(row["layer"] for row in rows):
        own = [row for row in rows if row["layer"] == layer]
        gains[layer] = tuple(statistics.fmean(row[key] for row in own) for key in ("overlap", "expected"))
    if not gains:
        return ""
    layer = max(gains, key=lambda name: gains[name][0] - gains[name][1])
    found, chance = gains[layer]
    pairs = len([row for row in rows if row["layer"] == layer])
    return (
        f"{where}, two replicates' masks overlap the most against chance in {short_name(layer)}: {found:.3f} (Jaccard, "
        f"mean over {pairs} {'pair' if pairs == 1 else 'pairs'}) where chance gives {chance:.3f}."
    )


def _mean(rows: Rows, key: str) -> float | None:
    values = [row[key] for row in rows]
    return statistics.fmean(values) if values and None not in values else None
