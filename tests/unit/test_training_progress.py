"""What a long command tells while it works."""

from __future__ import annotations

import re

import pytest

from winnow.training import progress_for
from winnow.training.progress import Bar, Lines, Silence, clock


def test_lines_tell_percent_place_and_time_left_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("winnow.training.progress.time.monotonic", lambda: now)
    lines = Lines(every=10)
    lines.begin(1000)
    lines.skip(500)
    now = 5.0
    lines.advance(100, "too soon to tell")
    now = 20.0
    lines.advance(100, "level 2")
    captured = capsys.readouterr()
    # 200 steps took 20 s and 300 are left: what an earlier run did takes no part in the speed.
    assert captured.err == " 70.0 %  level 2  0:30 left\n" and captured.out == ""


def test_a_bar_shows_where_the_work_is_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what is captured here is no terminal
    monkeypatch.setenv("TERM", "xterm")
    bar = Bar()
    bar.begin(10)
    bar.advance(5, "level 1")
    bar.end()
    captured = capsys.readouterr()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", captured.err)
    assert "level 1" in text and "50%" in text and captured.out == ""


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines() -> None:
    assert isinstance(progress_for(True), Bar)
    assert isinstance(progress_for(False), Lines)
    assert isinstance(progress_for(True, quiet=True), Silence)


def test_clock() -> None:
    assert [clock(seconds) for seconds in (0, 59.6, 125, 3723)] == ["0:00", "1:00", "2:05", "1:02:03"]
