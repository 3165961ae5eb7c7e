"""Windows of time in the words of criteria."""

from __future__ import annotations

import pytest

from winnow.trials.composition import Window
from winnow.trials.composition.windows import read_windows, window_of

MONTH, YEAR = 30.4375, 365.25


@pytest.mark.parametrize(
    ("text", "days", "relation", "anchor"),
    [
        ("surgery within 4 weeks of randomization", 28, "within", "randomization"),
        (
            "surgery within 4 weeks (28 days) prior to the first dose of study drug",
            28,
            "within",
            "first dose of study drug",
        ),
        ("stroke in the past 6 months", 6 * MONTH, "within", ""),
        ("stroke within the last six months", 6 * MONTH, "within", ""),
        ("surgery 6 months prior to study entry", 6 * MONTH, "within", "study entry"),
        ("cancer in previous 5 years", 5 * YEAR, "within", ""),
        ("stroke less than 6 months ago", 6 * MONTH, "within", ""),
        ("within 28-42 days prior to registration", 42, "within", "registration"),
        ("cancer > 5 years ago", 5 * YEAR, "before", ""),
        ("at least 4 weeks before enrollment", 28, "before", "enrollment"),
        ("at least 4 weeks prior to enrollment", 28, "before", "enrollment"),
        ("stable dose for 3 months", 3 * MONTH, "current", ""),
        ("epilepsy for at least 2 years", 2 * YEAR, "current", ""),
        ("fasting for at least 12 hours", 0.5, "current", ""),
    ],
)
def test_a_window_with_a_length(text: str, days: float, relation: str, anchor: str) -> None:
    window = window_of(text)
    assert window is not None
    assert window.days == pytest.approx(days)
    assert (window.relation, window.anchor) == (relation, anchor)


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("currently receiving steroids", "current"),
        ("concurrent use of warfarin", "current"),
        ("ongoing infection", "current"),
        ("history of stroke", "ever"),
        ("prior radiotherapy", "ever"),
        ("has ever smoked", "ever"),
    ],
)
def test_an_open_window(text: str, relation: str) -> None:
    assert window_of(text) == Window(None, relation)


@pytest.mark.parametrize(
    "text", ["diabetes", "less than 18 years of age", "life expectancy > 12 weeks", "aged 18 years"]
)
def test_no_window(text: str) -> None:
    assert window_of(text) is None


def test_windows_do_not_overlap() -> None:
    text = "surgery within 4 weeks, or radiotherapy within the last 2 months prior to baseline"
    spans = [(found.start, found.end) for found in read_windows(text)]
    assert len(spans) == 2
    assert spans[0][1] <= spans[1][0]
