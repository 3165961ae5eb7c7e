"""Coded errors: the table and the code agree, and an error survives the way to another process."""

import copy
import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

import winnow
from winnow.core import CODES, Step, WinnowError

SOURCE = Path(winnow.__file__).parent
TABLE = SOURCE / "core" / "errors.py"


def raised_codes() -> dict[str, str]:
    """Code to the file that uses it, the table itself left out."""
    files = [file for file in SOURCE.rglob("*.py") if file != TABLE]
    return {code: file.name for file in files for code in re.findall(r'"(WN-\w+)"', file.read_text())}


def test_every_code_that_is_raised_is_in_the_table() -> None:
    assert {code: file for code, file in raised_codes().items() if code not in CODES} == {}


def test_every_code_in_the_table_is_raised_somewhere() -> None:
    assert sorted(set(CODES) - set(raised_codes())) == []


def test_every_code_that_a_docstring_promises_is_in_the_table() -> None:
    promised = {c for file in SOURCE.rglob("*.py") for c in re.findall(r"\bWN-[A-Z]\d\d\b", file.read_text())}
    assert sorted(promised - set(CODES)) == []


def test_a_code_is_listed_once() -> None:
    listed = re.findall(r'^    "(WN-\w+)":', TABLE.read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed)) == len(CODES)


def test_the_message_says_what_where_and_what_to_do() -> None:
    error = WinnowError("WN-S01", "no space left", where=Path("/runs/a"), fix="Free some space.")
    first, second = str(error).splitlines()
    assert first == "WN-S01 the disk is full: no space left [/runs/a]"
    assert second.strip() == "Free some space."
    assert error.as_dict() == {"code": "WN-S01", "what": "no space left", "where": "/runs/a", "fix": "Free some space."}


def test_without_place_and_advice_it_is_one_line() -> None:
    assert str(WinnowError("WN-M03", "no weights")) == "WN-M03 nothing to prune: no weights"


def test_an_unknown_code_is_the_programmers_mistake() -> None:
    with pytest.raises(KeyError, match="WN-X99"):
        WinnowError("WN-X99", "?")


@pytest.mark.parametrize("code", CODES)
def test_pickle_keeps_every_part(code: str) -> None:
    error = WinnowError(code, "what", where=["a", 1], fix="fix")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is WinnowError
        assert other.as_dict() == error.as_dict()
        assert str(other) == str(error)


def test_a_worker_process_hands_the_error_on() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(WinnowError, match="'soon' is no training length") as caught,
    ):
        pool.submit(Step.parse, "soon").result()
    assert caught.value.code == "WN-C01"
