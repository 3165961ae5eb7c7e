"""The card of a ticket: its README.md, in the Hub's habit (front matter, then prose)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from winnow.sparsity.layers import LayerReport, layer_report
from winnow.sparsity.mask import Mask


def card(manifest: Mapping[str, Any], mask: Mask) -> str:
    """Markdown that says what the ticket is, where it came from and how to load it."""
    model = manifest.get("model")
    model = model.get("build", "a network") if isinstance(model, Mapping) else model or "a network"
    lines = [
        "---",
        "library_name: winnow",
        "tags: [lottery-ticket, pruning, sparse]",
        "---",
        f"# A ticket of `{model}` with {manifest['density_percent']:.2f} % of the weights",
        "",
        f"{manifest['kept']:,} of {manifest['total']:,} weights remain; the others are exactly 0 in every file here.",
        "",
        *_facts("Model", manifest.get("model", {})),
        *_facts("Source", manifest.get("source", {})),
        *_facts("Results", manifest.get("results", {})),
        "## Layers",
        "",
        "| tensor | shape | kept | percent | outputs without input |",
        "| --- | --- | ---: | ---: | ---: |",
        *(_row(report) for report in layer_report(mask)),
        "",
        "## Use",
        "",
        "```python",
        "from winnow.tickets import load_ticket",
        "",
        "ticket, module = load_ticket(path)                # start weights, to train again",
        "ticket, module = load_ticket(path, trained=True)  # trained weights, when they were kept",
        "```",
        "",
        f"Mask SHA-256: `{manifest['mask_digest']}`. Made by Winnow {manifest['winnow']}.",
        "",
    ]
    return "\n".join(lines)


def _row(report: LayerReport) -> str:
    shape = " x ".join(map(str, report.shape))
    return f"| `{report.name}` | {shape} | {report.kept:,} | {report.density_percent:.2f} | {report.dead_outputs} |"


def _facts(title: str, facts: Any) -> list[str]:
    if not facts:
        return []
    if not isinstance(facts, Mapping):
        return [f"## {title}", "", str(facts), ""]
    return [f"## {title}", "", *(f"- {key}: {value}" for key, value in facts.items()), ""]
