"""A real server of the OpenAI kind (`transformers serve`) with a tiny random model: wiring, counts, and no "no"."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tiny_chat import make_tiny_chat
from winnow.language import AnswerCache, ChatEndpoint, ChatFailure, composer
from winnow.trials.answering import Asked
from winnow.trials.answering.chat import ChatEngine
from winnow.trials.composition import Question
from winnow.trials.patients import Note, Patient
from winnow.trials.retrieval import open_chart

for _package in ("openai", "fastapi", "uvicorn", "transformers"):
    pytest.importorskip(_package)
_WAIT = 120.0
# Synthetic: nobody's chart.
NOTE = "Seen in the clinic. Invasive ductal carcinoma of the left breast. HER2 is negative."


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and model name of a server that this test owns and ends."""
    folder = make_tiny_chat(tmp_path_factory.mktemp("tiny-chat"))
    log = folder / "serve.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(folder)]
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
            env={**os.environ, **offline},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", server, log)
        yield f"http://127.0.0.1:{port}/v1", str(folder)
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    last = time.monotonic() + _WAIT
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < last, "the server did not come up"
            time.sleep(0.1)


def test_a_real_servers_nonsense_is_an_error_with_its_tokens_counted(served: tuple[str, str], tmp_path: Path) -> None:
    url, name = served
    chart = open_chart(Patient("synthetic", (Note("n1", NOTE, date(2024, 1, 1)),)), as_of=date(2024, 6, 1))
    asked = [Asked(Question(f"Is HER2 {word}?", f"HER2 {word}"), "inclusion", "HER2") for word in ("low", "positive")]
    endpoint = ChatEndpoint(url, name, max_tokens=24, timeout=60, retries=0, concurrency=2)
    cache = AnswerCache(tmp_path / "answers")
    engine = ChatEngine(endpoint, cache=cache)
    answers = engine.answer(asked, chart)

    assert endpoint.schema_kept == "ignored"  # transformers serve takes response_format with a 200 and drops it
    assert [a.status for a in answers] == ["error", "error"]
    assert {a.value for a in answers} == {"n/a"}
    assert all("after one repair" in a.reasoning for a in answers)
    assert all(re.search("tiny-chat", a.by) for a in answers)
    spent = [a.tokens for a in answers if a.tokens]
    assert len(spent) == 2
    assert all(t.completion == 2 * 24 and t.prompt > 1000 for t in spent)
    usage = engine.usage
    assert (usage.questions, usage.errors, usage.repaired) == (2, 2, 0)
    assert (usage.endpoint.calls, usage.endpoint.failures) == (5, 0)  # the probe, and two calls a question
    assert usage.endpoint.prompt > sum(t.prompt for t in spent)
    assert cache.count() == 0


def test_a_composer_on_a_real_server_fails_in_its_own_words(served: tuple[str, str]) -> None:
    endpoint = ChatEndpoint(*served, max_tokens=8, timeout=60, retries=0)
    schema = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
    with pytest.raises(ChatFailure, match="after one repair"):
        composer(endpoint)("Be brief.", "A word?", schema)
    assert endpoint.usage.calls == 3
