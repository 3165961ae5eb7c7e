"""Survival curves: what the evidence and the model are worth after each attack, against its strength. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from winnow.ownership.attacks.findings import ordered, shown
from winnow.ownership.attacks.rows import Row
from winnow.reports import Spread, drawing, theme
from winnow.signing.code.codes import radius
from winnow.signing.code.statistic import adjusted, log2_binomial_tail

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE, _PANEL = 6.2, 2.3  # inches
_WIDTH, _WIDER = 1.4, 0.9  # curves often lie on each other: the earlier ones are wider, and show around the later
_GUIDE = "#8a8a8a"


def groups(rows: Iterable[Row]) -> dict[tuple[str, str], list[str]]:
    """Attacks that share an axis: by family and unit, in the order of the rows; the untouched model is in none."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        names = found.setdefault((row["family"], row["unit"]), [])
        if row["attack"] not in names:
            names.append(row["attack"])
    return {key: names for key, names in found.items() if key[0] != "baseline"}


@theme.applied()
def survival_figure(rows: Sequence[Row], attacks: Sequence[str], claim: Mapping[str, Any]) -> Figure | None:
    """log2 of the adjusted p (above) and accuracy (below) against the strength; None where nothing was measured.

    A line per attack. Accuracy on another task than the owner's is left out. An accusation has no accuracy: beside what
    it is worth, its figure has dashed what the accuser shows.

    Args:
        rows: of an audit, all of them; those of the untouched model stand first on the axis.
        attacks: which to draw; they share a unit.
        claim: "bits", "code" and "threshold_log2".
    """
    chosen = [row for row in rows if row["attack"] in attacks and row.get("log2_p") is not None]
    if not chosen:
        return None
    accusing, unit = chosen[0]["family"] == "accusing", chosen[0]["unit"]
    untouched = [row for row in rows if row["family"] == "baseline" and row.get("log2_p") is not None and not accusing]
    ticks = _ticks(chosen, bool(untouched))
    figure = theme.new_figure(_WIDE, _PANEL * (1 if accusing else 2) + 0.4)
    panels = figure.subplots(1 if accusing else 2, 1, squeeze=False, sharex=True)[:, 0]
    for position, name in enumerate(attacks):
        own = [*untouched, *(row for row in chosen if row["attack"] == name)]
        look = _Look(name, theme.cycled(position), _WIDTH + _WIDER * (len(attacks) - 1 - position))
        _draw(panels[0], own, "log2_p_adjusted", 1, ticks, look)
        if accusing:
            shown_look = _Look(f"{name}, as claimed", look.style._replace(line="--"), _WIDTH)
            _draw(panels[0], own, "claimed_log2_p", 1, ticks, shown_look)
        elif any(row.get("accuracy_lost") is not None for row in own if row["attack"] == name):
            _draw(panels[1], own, "accuracy", 100, ticks, look)
    _evidence_axis(panels[0], claim, None if accusing else chosen[0]["tests"])
    if not accusing:
        _value_axis(panels[1], untouched)
    panels[-1].set_xticks(range(len(ticks)), ["none" if at is None else shown(at, unit) for at in ticks])
    panels[-1].set_xlabel(unit.capitalize())
    drawing.legend_above(figure, panels[0])
    return figure


class _Look(NamedTuple):
    label: str
    style: theme.SeriesStyle
    width: float


def _ticks(rows: Sequence[Row], with_untouched: bool) -> list[float | None]:
    """The strengths, weakest first as the registry has them; None stands for the untouched model."""
    strengths = ordered({row["strength"] for row in rows}, rows[0]["unit"])
    return [None, *strengths] if with_untouched else [*strengths]


def _draw(axes: Axes, rows: Sequence[Row], key: str, scale: float, ticks: Sequence[float | None], look: _Look) -> None:
    """Means joined by a line with a band from the lowest to the highest draw."""
    spreads = {place: Spread.of(values) for place, tick in enumerate(ticks) if (values := _values(rows, key, tick))}
    means, lows, highs = (
        [scale * getattr(spread, part) for spread in spreads.values()] for part in ("mean", "minimum", "maximum")
    )
    style = look.style
    axes.plot(
        [*spreads],
        means,
        color=style.colour,
        marker=style.marker,
        linestyle=style.line,
        linewidth=look.width,
        markersize=3 + look.width,
        label=look.label,
    )
    axes.fill_between([*spreads], lows, highs, color=style.colour, alpha=0.16, linewidth=0)


def _values(rows: Sequence[Row], key: str, tick: float | None) -> list[float]:
    here = (row for row in rows if (row["family"] == "baseline") == (tick is None))
    return [row[key] for row in here if row.get(key) is not None and tick in (None, row["strength"])]


def _evidence_axis(axes: Axes, claim: Mapping[str, Any], tests: int | None) -> None:
    """The threshold of the verdict, and unless `tests` is None down to which p the payload decodes for certain."""
    bits, errors = claim["bits"], radius(claim["code"])
    levels = [(claim["threshold_log2"], "threshold")]
    if tests is not None:
        levels.append((adjusted(log2_binomial_tail(bits - errors, bits), tests), "decodes below"))
    for level, text in levels:
        axes.axhline(level, color=_GUIDE, linestyle=(0, (4, 2)), linewidth=1, zorder=1.5)
        axes.annotate(
            text,
            (0.01, level),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            fontsize=7,
            color=_GUIDE,
        )
    axes.set_ylim(top=max(0.03 * bits, axes.get_ylim()[1]))
    axes.set_ylabel("log2 of adjusted p")


def _value_axis(axes: Axes, untouched: Sequence[Row]) -> None:
    for row in untouched[:1]:
        axes.axhline(100 * row["accuracy"], color=_GUIDE, linestyle=(0, (4, 2)), linewidth=1, zorder=1.5)
    drawing.accuracy_axis(axes)
    axes.set_ylabel("Accuracy (%)")
