"""Run folders: one recipe, one process, resumed by running again."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from winnow.core import WinnowError
from winnow.storage import RunFolder, environment, list_runs, read_json, write_json, write_text

ID, OTHER = "a" * 64, "b" * 64
HOLD = """
import sys
from winnow.storage import RunFolder
with RunFolder.open(sys.argv[1]).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def make(path: Path, run_id: str = ID) -> RunFolder:
    return RunFolder.create(path, run_id=run_id, header={"recipe": {"levels": 3}})


def holder(run: RunFolder) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_new_run_says_what_it_is_and_what_it_ran_on(tmp_path: Path) -> None:
    run = make(tmp_path / "runs" / "one")
    assert run.header()["id"] == ID
    assert run.header()["recipe"] == {"levels": 3}
    assert (run.path / "environment.json").is_file()
    assert RunFolder.open(run.path) == run


def test_the_environment_names_versions_but_no_person_or_machine() -> None:
    import getpass
    import platform

    told = environment()
    assert told["packages"]["torch"]
    assert told["cores"] >= 1
    if len(platform.node()) > 3:
        assert platform.node() not in str(told)
    assert getpass.getuser() not in [str(value) for value in told.values()]
    assert str(Path.home()) not in str(told)


def test_running_again_opens_the_same_run_unchanged(tmp_path: Path) -> None:
    run = make(tmp_path / "one")
    before = run.recipe_file.read_bytes()
    write_text(run.level(1) / "mask.txt", "x")
    again = make(tmp_path / "one")
    assert again.recipe_file.read_bytes() == before
    assert (again.level(1) / "mask.txt").exists()


def test_another_recipe_may_not_use_the_folder(tmp_path: Path) -> None:
    make(tmp_path / "one")
    with pytest.raises(WinnowError) as caught:
        make(tmp_path / "one", OTHER)
    assert caught.value.code == "WN-R03"
    assert ID[:12] in caught.value.what
    assert OTHER[:12] in caught.value.what
    assert RunFolder.open(tmp_path / "one").header()["id"] == ID


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(WinnowError) as caught:
        make(tmp_path)
    assert caught.value.code == "WN-R03"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_or_one_with_only_a_lock_becomes_a_run(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    assert make(tmp_path).header()["id"] == ID


@pytest.mark.parametrize("files", [0, 1])
def test_a_run_whose_making_was_cut_off_is_resumed_and_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    written: list[Path] = []

    def dies_after(path: Path, value: object) -> None:
        if len(written) == files:
            raise KeyboardInterrupt
        written.append(path)
        write_json(path, value)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("winnow.storage.runs.write_json", dies_after)
        make(tmp_path / "one")
    run = make(tmp_path / "one")
    assert run.header()["id"] == ID
    assert read_json(run.path / "environment.json") == environment()


def test_what_a_killed_writer_left_does_not_make_a_folder_foreign(tmp_path: Path) -> None:
    (tmp_path / ".part-12345678-recipe.json").touch()
    assert make(tmp_path).header()["id"] == ID


def test_resuming_keeps_the_environment_that_the_run_began_in(tmp_path: Path) -> None:
    run = make(tmp_path)
    write_text(run.path / "environment.json", '{"python": "3.11.0"}')
    make(tmp_path)
    assert read_json(run.path / "environment.json") == {"python": "3.11.0"}


def test_a_folder_that_was_set_aside_when_its_writer_was_killed_is_back_in_the_next_run(tmp_path: Path) -> None:
    run = make(tmp_path / "one")
    write_text(run.level(1) / ".aside-ticket" / "mask.txt", "old")
    with run.locked():
        assert (run.level(1) / "ticket" / "mask.txt").read_text() == "old"


def test_a_second_process_may_not_run_here_and_its_death_frees_the_run(tmp_path: Path) -> None:
    run = make(tmp_path / "one")
    child = holder(run)
    try:
        with pytest.raises(WinnowError) as caught, run.locked():
            pytest.fail("two processes hold one run")
        assert caught.value.code == "WN-R04"
        assert caught.value.where == str(run.path)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    with run.locked():
        pass


def test_a_refused_process_does_not_sweep_what_the_other_is_writing(tmp_path: Path) -> None:
    run = make(tmp_path / "one")
    half = run.path / ".part-12345678-mask.safetensors"
    child = holder(run)
    try:
        half.write_text("half")
        with pytest.raises(WinnowError), run.locked():
            pass
        assert half.exists()
    finally:
        child.communicate("")
    with run.locked():
        assert not half.exists()


def test_the_lock_is_free_after_an_error_inside(tmp_path: Path) -> None:
    run = make(tmp_path / "one")
    with pytest.raises(ValueError, match="mine"), run.locked():
        raise ValueError("mine")
    with run.locked():
        pass


@pytest.mark.parametrize("place", ["missing", "empty"])
def test_no_run_is_said_so(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WinnowError) as caught:
        RunFolder.open(tmp_path / place)
    assert caught.value.code == "WN-R05"


def test_a_torn_recipe_is_called_damaged_and_not_written_over(tmp_path: Path) -> None:
    run = make(tmp_path / "one")
    run.recipe_file.write_text('{"id": "aaa')
    with pytest.raises(WinnowError) as caught:
        make(tmp_path / "one")
    assert caught.value.code == "WN-S03"
    assert run.recipe_file.read_text() == '{"id": "aaa'


@pytest.mark.parametrize("content", ["[]", "null", '"id"', "{}", '{"recipe": {}}'])
def test_a_recipe_of_another_form_is_called_damaged_and_not_written_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(WinnowError) as caught:
        make(tmp_path)
    assert (caught.value.code, caught.value.where) == ("WN-S03", str(tmp_path / "recipe.json"))
    assert (tmp_path / "recipe.json").read_text() == content


def test_the_identity_can_be_checked_again_under_the_lock(tmp_path: Path) -> None:
    run = make(tmp_path)
    run.check_identity(ID)
    with pytest.raises(WinnowError, match="WN-R03"):
        run.check_identity(OTHER)


def test_runs_are_listed_by_name_and_other_folders_are_not(tmp_path: Path) -> None:
    for name in ("b-run", "a-run"):
        make(tmp_path / name)
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").touch()
    make(tmp_path / "notes" / "deeper")
    assert [run.path.name for run in list_runs(tmp_path)] == ["a-run", "b-run"]
    assert list_runs(tmp_path / "missing") == []


def test_level_folders_sort_as_their_numbers(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    names = [run.level(number).name for number in range(30)]
    assert names == sorted(names)
