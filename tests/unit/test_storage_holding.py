"""A folder is one process's at a time, and a killed one leaves nothing in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from winnow.core import WinnowError
from winnow.storage import held_folder

HOLD = """
import sys, time
from winnow.storage import held_folder
with held_folder(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    place = tmp_path / "signed"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(place)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(WinnowError, match="WN-R04"), held_folder(place):
            pytest.fail("two processes hold it")
        os.kill(other.pid, signal.SIGKILL)
    with held_folder(place):
        (place / "file").touch()
    assert [file.name for file in place.iterdir()] == ["file"]


def test_a_folder_into_which_nothing_came_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match="WN-O01"), held_folder(tmp_path / "a" / "b"):
        raise WinnowError("WN-O01", "no room")
    assert not (tmp_path / "a" / "b").exists()


def test_a_file_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WinnowError, match="WN-S02"), held_folder(tmp_path / "file"):
        pytest.fail("a file was held")
    assert (tmp_path / "file").exists()
