"""Entropy of the neurons' spectra against the step, in both forms (figure 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from winnow.grokking.figures import families, panels
from winnow.grokking.figures.kept import bands_over_steps
from winnow.grokking.figures.looks import looks
from winnow.grokking.measures import authors_entropy, frequency_entropy, neuron_rows
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FORMS = {
    "authors": "Authors' formula (nats)",
    "entropy": "True entropy (nats)",
}


@theme.applied()
def entropy_figure(result: StudyResult) -> Figure | None:
    """Both forms of frequency entropy of dense and ticket; None for a network without an embedding."""
    styles = looks(families.plain(result, (families.DENSE, families.TICKET)))
    found = {name: bands_over_steps(result, name, _entropies) for name in styles}
    if not any(found.values()):
        return None
    figure = theme.new_figure(panels.WIDE, 2.6)
    pair = figure.subplots(1, 2)
    for axes, (form, label) in zip(pair, _FORMS.items(), strict=True):
        for name, bands in found.items():
            if form in bands:
                panels.draw_band(axes, bands[form], styles[name], name)
        panels.step_axis(axes)
        axes.set_xlabel("Step")
        axes.set_ylabel(label)
    panels.legend_beside(pair[1])
    return figure


def _entropies(weights: Mapping[str, Tensor], _: int) -> dict[str, float]:
    if "embed" not in weights or len(weights["embed"]) < 6:
        return {}
    rows = neuron_rows(weights)
    return {"authors": float(authors_entropy(rows)), "entropy": float(frequency_entropy(rows))}
