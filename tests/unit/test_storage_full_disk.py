"""A disk that is really full: a 1 MB memory disk, where root may mount one."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from winnow.core import WinnowError
from winnow.sparsity import Mask, Ticket, load_tensors, save_tensors
from winnow.storage import Metric, query, read_json, replacing_folder, write_json, write_part


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    if not sys.platform.startswith("linux"):
        pytest.skip("a memory disk is mounted on Linux only")
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, text=True
        )
    except OSError as error:
        pytest.skip(f"no mount command: {error}")
    if mounted.returncode:
        pytest.skip(f"this user may not mount a memory disk: {mounted.stderr.strip()}")
    try:
        (place / "ballast").write_bytes(bytes(700_000))
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def rows(count: int) -> list[Metric]:
    draws = random.Random(0)
    return [Metric(0, "ticket", 0, step, "test", "loss", draws.random()) for step in range(count)]


def make_folder(place: Path, size: int) -> None:
    with replacing_folder(place / "folder") as part:
        for number in range(4):
            (part / f"{number}.bin").write_bytes(b"x" * (size // 4))


def make_ticket(place: Path, side: int) -> None:
    Ticket({"w": torch.ones(side, side)}, Mask({"w": torch.ones(side, side)})).save_pretrained(place / "ticket")


# name: (write a small one, write one of more than a megabyte, is the small one still there and whole)
CASES: dict[str, tuple[Callable[[Path], object], Callable[[Path], object], Callable[[Path], bool]]] = {
    "write_json": (
        lambda d: write_json(d / "a.json", {"old": 1}),
        lambda d: write_json(d / "a.json", ["x" * 1000] * 3000),
        lambda d: read_json(d / "a.json") == {"old": 1},
    ),
    "replacing_folder": (
        lambda d: make_folder(d, 40),
        lambda d: make_folder(d, 2_000_000),
        lambda d: [file.stat().st_size for file in (d / "folder").iterdir()] == [10] * 4,
    ),
    "save_tensors": (
        lambda d: save_tensors(d / "a.safetensors", {"w": torch.ones(3)}),
        lambda d: save_tensors(d / "a.safetensors", {"w": torch.ones(1000, 1000)}),
        lambda d: load_tensors(d / "a.safetensors")[0]["w"].tolist() == [1, 1, 1],
    ),
    "write_part": (
        lambda d: write_part(d, "part", rows(3)),
        lambda d: write_part(d, "part", rows(60_000)),
        lambda d: query(d, "SELECT count(*) AS n FROM metrics") == [{"n": 3}],
    ),
    "save_pretrained": (
        lambda d: make_ticket(d, 2),
        lambda d: make_ticket(d, 1000),
        lambda d: Ticket.from_pretrained(d / "ticket").mask.total == 4,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_full_disk_is_named_and_leaves_the_old_content(small_disk: Path, case: str) -> None:
    write_small, write_large, small_is_there = CASES[case]
    write_small(small_disk)
    with pytest.raises(WinnowError) as caught:
        write_large(small_disk)
    assert caught.value.code == "WN-S01"
    assert "space" in caught.value.fix
    assert small_is_there(small_disk)
    assert list(small_disk.rglob(".part-*")) == []
    write_small(small_disk)  # and the space is free again
