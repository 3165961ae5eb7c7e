"""Theme, axes and figures as files."""

import itertools
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest

from winnow.core import WinnowError
from winnow.reports import Spread, drawing, inline_svg, percent_remaining_axis, save_figure, theme, thinned


def drawn():
    with theme.applied():
        figure = theme.new_figure()
        axes = figure.add_subplot()
        axes.plot([100, 50, 25], [1, 2, 3], label="a < b")
        percent_remaining_axis(axes, [100, 50, 25])
        drawing.legend_above(figure, axes)
    return figure


def test_a_figure_is_saved_as_png_and_svg_with_the_same_bytes_each_time(tmp_path):
    first = [path.read_bytes() for path in save_figure(drawn(), tmp_path / "a", "f")]
    second = [path.read_bytes() for path in save_figure(drawn(), tmp_path / "b", "f")]
    assert first == second
    assert first[0].startswith(b"\x89PNG")
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["f.png", "f.svg"]


def test_svg_keeps_its_text_and_no_date(tmp_path):
    _, svg = save_figure(drawn(), tmp_path, "f")
    text = svg.read_text()
    assert "Weights remaining (%)</text>" in text
    assert "<dc:date>" not in text


def saved_svg(folder):
    return save_figure(drawn(), folder, "saved")[1].read_text()


def test_inline_svg_is_one_element_without_addresses_and_with_its_own_ids(tmp_path):
    svg = inline_svg(saved_svg(tmp_path), alt='lines "a"')
    root = ElementTree.fromstring(svg)
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert root.tag == "svg" and root.attrib["aria-label"] == 'lines "a"'
    assert "http" not in svg and "*{" not in svg.replace("] *{", "")
    assert len({name.partition("-")[0] for name in ids}) == 1
    used = [value[1:] for e in root.iter() for key, value in e.attrib.items() if key == "href"]
    assert used and set(used) <= set(ids)


def test_a_place_that_cannot_be_written_is_a_coded_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WinnowError, match="WN-S02"):
        save_figure(drawn(), tmp_path / "file", "f")


def test_the_theme_leaves_matplotlib_as_it_was_and_ignores_the_users_settings():
    with matplotlib.rc_context({"axes.facecolor": "black"}):
        with theme.applied():
            assert matplotlib.rcParams["axes.facecolor"] == "white"
        assert matplotlib.rcParams["axes.facecolor"] == "black"


def test_named_series_look_the_same_everywhere_and_others_never_like_them():
    named = [theme.series_style(name, 5) for name in ("ticket", "reinit", "random")]
    assert named == [theme.series_style(name) for name in ("ticket", "reinit", "random")]
    assert theme.series_style("other", 0).colour not in {style.colour for style in named}
    assert len({theme.cycled(k) for k in range(20)}) == 20


def test_ticks_keep_both_ends_and_their_distance():
    ladder = [100 * 0.8**k for k in range(25)]
    kept = thinned(ladder, gap=0.1)
    assert (kept[0], kept[-1]) == (ladder[0], ladder[-1])
    assert 5 <= len(kept) <= 11
    assert thinned([100.0]) == [100.0]
    assert thinned([100.0, 80.0]) == [100.0, 80.0]


@pytest.mark.parametrize("percents", [[100 * 0.8**k for k in range(25)], [100, 99, 98, 1], [100], [100, 0.01]])
def test_tick_labels_of_the_density_axis_never_overlap(percents):
    with theme.applied():
        figure = theme.new_figure()
        axes = figure.add_subplot()
        percent_remaining_axis(axes, percents)
        figure.draw_without_rendering()
        boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_bars_are_drawn_only_where_there_are_replicates():
    for values, bars in [((0.5,), 0), ((0.4, 0.6), 1)]:
        axes = theme.new_figure().add_subplot()
        spread = Spread.of(values)
        drawing.line_with_bars(axes, [100], [spread], 100, theme.series_style("ticket"), "ticket")
        assert len(axes.containers) == bars


def test_an_accuracy_axis_is_never_blown_up_and_ends_near_100():
    axes = theme.new_figure().add_subplot()
    axes.set_ylim(99.98, 99.99)
    drawing.accuracy_axis(axes, closest=1.0)
    low, high = axes.get_ylim()
    assert high - low == pytest.approx(1.0)
    assert high <= 100.06


def test_spreading_out_keeps_the_ends():
    assert drawing.spread_out(range(25), 4) == [0, 8, 16, 24]
    assert drawing.spread_out("ab", 4) == ["a", "b"]


def test_importing_the_reports_loads_neither_torch_nor_matplotlib():
    code = "import sys, winnow.reports; print([m for m in ('torch', 'matplotlib', 'jinja2') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
