"""Files that are there whole or not at all: after errors, on a full disk, and after kill -9."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from winnow.core import Step, WinnowError
from winnow.sparsity import load_tensors, save_tensors
from winnow.storage import Metric, read_json, replacing, replacing_folder, write_json, write_part, write_text
from winnow.storage.atomic import sweep


def leftovers(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".part-*"))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def write_folder(path: Path) -> None:
    with replacing_folder(path) as part:
        (part / "a.txt").write_text("new")
        (part / "deep").mkdir()
        (part / "deep" / "b.txt").write_text("new")


WRITERS: dict[str, Callable[[Path], object]] = {
    "write_text": lambda place: write_text(place / "file.txt", "new"),
    "write_json": lambda place: write_json(place / "file.json", {"new": 1}),
    "replacing_folder": lambda place: write_folder(place / "folder"),
    "save_tensors": lambda place: save_tensors(place / "file.safetensors", {"w": torch.ones(3)}),
    "write_part": lambda place: write_part(place, "part", [Metric(0, "ticket", 0, 0, "test", "loss", 1.0)]),
}
every_writer = pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS.keys())


def test_json_reads_back_with_its_key_order_and_plain_steps(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "folder" / "a.json", {"z": 1, "a": [Step(5), (1, 2)], "é": None})
    assert list(read_json(tmp_path / "new" / "folder" / "a.json").items()) == [
        ("z", 1),
        ("a", ["5it", [1, 2]]),
        ("é", None),
    ]


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1', b"\xff\xfe", b"nonsense"])
def test_json_that_is_none_is_called_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(WinnowError) as caught:
        read_json(tmp_path / "a.json")
    assert (caught.value.code, caught.value.where) == ("WN-S03", str(tmp_path / "a.json"))


@every_writer
def test_writing_twice_leaves_the_new_content_and_nothing_else(
    tmp_path: Path, writer: Callable[[Path], object]
) -> None:
    writer(tmp_path)
    first = tree(tmp_path)
    writer(tmp_path)
    assert tree(tmp_path) == first
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)], ids=lambda e: type(e).__name__
)
def test_a_failing_writer_leaves_the_old_file_and_its_own_error(tmp_path: Path, error: BaseException) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(type(error)) as caught, replacing(tmp_path / "a.txt") as part:
        part.write_text("half of the n")
        raise error
    assert caught.value is error
    assert tree(tmp_path) == {"a.txt": b"old"}


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()], ids=lambda e: type(e).__name__)
def test_a_failing_writer_leaves_the_old_folder(tmp_path: Path, error: BaseException) -> None:
    write_folder(tmp_path / "folder")
    before = tree(tmp_path)
    with pytest.raises(type(error)), replacing_folder(tmp_path / "folder") as part:
        (part / "a.txt").write_text("newer")
        raise error
    assert tree(tmp_path) == before
    assert leftovers(tmp_path) == []


def test_a_replaced_folder_keeps_nothing_of_the_old_one(tmp_path: Path) -> None:
    write_folder(tmp_path / "folder")
    with replacing_folder(tmp_path / "folder") as part:
        (part / "only.txt").write_text("x")
    assert tree(tmp_path) == {"folder/only.txt": b"x"}


def test_a_reader_sees_nothing_of_a_file_before_it_is_whole(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.txt") as part:
        part.write_text("x")
        assert not (tmp_path / "a.txt").exists()
    with replacing_folder(tmp_path / "folder") as part:
        (part / "b").write_text("x")
        assert not (tmp_path / "folder").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="tells what was flushed through /proc")
def test_the_file_is_on_the_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the flush, a power cut after the rename can leave an empty file under the final name."""
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(
        os, "fsync", lambda handle: (order.append(str(Path(f"/proc/self/fd/{handle}").readlink())), fsync(handle))
    )
    monkeypatch.setattr(Path, "replace", lambda self, target: (order.append("rename"), replace(self, target))[1])
    write_text(tmp_path / "a.txt", "x")
    rename = order.index("rename")
    assert any(".part-" in flushed for flushed in order[:rename])
    assert str(tmp_path) in order[rename:]


@every_writer
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT], ids=["no space", "over quota"])
def test_a_disk_that_fills_at_the_flush_is_told_apart_and_the_old_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Callable[[Path], object], number: int
) -> None:
    writer(tmp_path)
    before = tree(tmp_path)

    def full(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WinnowError) as caught:
        writer(tmp_path)
    assert caught.value.code == "WN-S01"
    assert str(tmp_path) in (caught.value.where or "")
    assert tree(tmp_path) == before
    assert leftovers(tmp_path) == []


@every_writer
def test_a_place_that_cannot_be_written_is_another_code(tmp_path: Path, writer: Callable[[Path], object]) -> None:
    (tmp_path / "a file").write_text("x")
    with pytest.raises(WinnowError) as caught:
        writer(tmp_path / "a file" / "below")
    assert caught.value.code == "WN-S02"
    assert tree(tmp_path) == {"a file": b"x"}


def test_sweep_takes_leftovers_and_only_those(tmp_path: Path) -> None:
    (tmp_path / "level-01" / ".part-12345678-ticket").mkdir(parents=True)
    (tmp_path / "level-01" / ".part-12345678-ticket" / ".part-87654321-start").write_text("half")
    (tmp_path / ".part-12345678-a.json").write_text("half")
    for kept in (".lock", "a.json", "my.part-1.txt", "level-01/part-1.parquet"):
        (tmp_path / kept).write_text("whole")
    sweep(tmp_path)
    assert sorted(tree(tmp_path)) == [".lock", "a.json", "level-01/part-1.parquet", "my.part-1.txt"]
    sweep(tmp_path / "level-01" / "not there")


def test_sweep_puts_a_folder_back_only_where_its_place_is_empty(tmp_path: Path) -> None:
    for name in (".aside-lost", ".aside-there", "there"):
        (tmp_path / "deep" / name).mkdir(parents=True)
        (tmp_path / "deep" / name / "a.txt").write_text(name)
    sweep(tmp_path)
    assert tree(tmp_path) == {"deep/lost/a.txt": b".aside-lost", "deep/there/a.txt": b"there"}
    assert not (tmp_path / "deep" / ".aside-there").exists()


LOOP = """
import sys
from winnow.storage import write_text
place, size = sys.argv[1], 3_000_000
while True:
    for letter in "ab":
        write_text(place, letter * size)
        print("written", flush=True)
"""
HALFWAY = """
import sys, time
from winnow.storage import replacing, replacing_folder
with replacing_folder(sys.argv[2]) as folder, replacing(sys.argv[1]) as part:
    (folder / "a.txt").write_text("half")
    with part.open("w") as file:
        file.write("half")
        file.flush()
        print("halfway", flush=True)
        time.sleep(60)
"""


def started(code: str, *arguments: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    return child


def kill(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL


def test_kill_9_at_any_moment_never_tears_a_file(tmp_path: Path) -> None:
    draws = random.Random(0)
    for _ in range(5):
        child = started(LOOP, tmp_path / "a.txt")
        time.sleep(draws.uniform(0, 0.05))
        kill(child)
        assert (tmp_path / "a.txt").read_bytes() in (b"a" * 3_000_000, b"b" * 3_000_000)
    sweep(tmp_path)
    assert list(tree(tmp_path)) == ["a.txt"]


def test_kill_9_halfway_leaves_the_old_and_a_leftover_that_sweep_takes(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    write_folder(tmp_path / "folder")
    before = tree(tmp_path)
    kill(started(HALFWAY, tmp_path / "a.txt", tmp_path / "folder"))
    assert len(leftovers(tmp_path)) == 2
    sweep(tmp_path)
    assert tree(tmp_path) == before


# Replaces <place>/0/t, <place>/1/t ... in a process each, the n-th of which dies before its n-th change of the disk,
# until one survives.
DYING = """
import os, signal, sys
from pathlib import Path
from winnow.storage import replacing_folder

def replace(folder):
    with replacing_folder(folder) as part:
        (part / "a.txt").write_text("new")
        (part / "c.txt").write_text("new")

def dying(left):
    def hook(event, _):
        nonlocal left
        if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    return hook

for number in range(1000):
    folder = Path(sys.argv[1], str(number), "t")
    folder.mkdir(parents=True)
    for name in "ab":
        (folder / f"{name}.txt").write_text("old")
    child = os.fork()
    if not child:
        sys.addaudithook(dying(number))
        replace(folder)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


def test_kill_9_at_any_step_of_replacing_a_folder_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    old = {"t/a.txt": b"old", "t/b.txt": b"old"}
    new = {"t/a.txt": b"new", "t/c.txt": b"new"}
    subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], check=True)
    found = []
    for number in range(len(list(tmp_path.iterdir()))):
        visible = {name: content for name, content in tree(tmp_path / str(number)).items() if name[0] != "."}
        assert visible in (old, new, {}), number  # a moment lies between the two renames
        sweep(tmp_path / str(number))
        assert tree(tmp_path / str(number)) == (visible or old)
        found.append(visible)
    assert found.index(new) > 5
    assert {} in found
    assert found[found.index(new) :] == [new] * (len(found) - found.index(new))
    assert len(found) - found.index(new) > 4  # it died amid the deletion of the old one, too


def test_a_damaged_tensor_file_is_not_left_by_a_failing_save(tmp_path: Path) -> None:
    save_tensors(tmp_path / "a.safetensors", {"w": torch.arange(4.0)})
    with pytest.raises(AttributeError):
        save_tensors(tmp_path / "a.safetensors", {"w": torch.zeros(4), "x": "no tensor"})  # pyright: ignore[reportArgumentType]
    assert load_tensors(tmp_path / "a.safetensors")[0]["w"].tolist() == [0, 1, 2, 3]
    assert leftovers(tmp_path) == []


def test_what_an_older_kill_set_aside_does_not_stop_the_next_writer(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with replacing_folder(tmp_path / "t") as part:
            (part / "file").write_text(content)
        (tmp_path / ".aside-t").mkdir()
        (tmp_path / ".aside-t" / "older").touch()
    assert (tmp_path / "t" / "file").read_text() == "new"


def test_a_folder_goes_back_when_its_successor_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with replacing_folder(tmp_path / "t") as part:
        (part / "file").write_text("old")
    rename = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if self.name.startswith(".part-") and self.is_dir():
            raise OSError(errno.EIO, "broken")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(WinnowError, match="WN-S02"), replacing_folder(tmp_path / "t") as part:
        (part / "file").write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["t"]
    assert (tmp_path / "t" / "file").read_text() == "old"
