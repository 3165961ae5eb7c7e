"""Asking a suspect: a function, an ONNX file, an address; what is no answer is an error, never a miss."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

from winnow.core import WinnowError
from winnow.signing.asking.answers import answers_of, onnx_answers
from winnow.signing.asking.endpoints import http_answers

INPUTS = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
WEIGHT = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
LABELS = (INPUTS @ WEIGHT).argmax(1)


def code_of(call) -> str:
    with pytest.raises(WinnowError) as caught:
        call()
    return caught.value.code


def test_labels_and_logits_are_both_answers_in_batches():
    seen = []

    def logits(inputs):
        seen.append(len(inputs))
        return inputs @ WEIGHT

    assert np.array_equal(answers_of(logits, batch=4)(INPUTS), LABELS)
    assert seen == [4, 4, 2]
    assert np.array_equal(answers_of(lambda x: (x @ WEIGHT).argmax(1).tolist())(INPUTS), LABELS)
    assert answers_of(logits)(INPUTS[:0]).shape == (0,)


@pytest.mark.parametrize(
    "reply",
    [
        [1, 2],
        [[0.1, 0.2]] * 9,
        [[float("nan"), 1.0]] * 10,
        [[float("inf"), 1.0]] * 10,
        [0.5] * 10,
        ["cat"] * 10,
        [[1], [1, 2]] * 5,
        [[]] * 10,
        [[["deep"]]] * 10,
        None,
        7,
        [10**400] * 10,
        [True] * 10,
    ],
)
def test_what_is_no_answer_is_refused(reply):
    assert code_of(lambda: answers_of(lambda _: reply)(INPUTS)) == "WN-L05"


def test_a_function_that_fails_is_told():
    def fails(_):
        raise RuntimeError("no weights")

    with pytest.raises(WinnowError, match="no weights"):
        answers_of(fails)(INPUTS)


def _onnx(path, rows):
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "linear",
        [helper.make_tensor_value_info("x", kind, [rows, 3])],
        [helper.make_tensor_value_info("y", kind, [rows, 4])],
        [helper.make_tensor("w", kind, [3, 4], WEIGHT.ravel())],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("rows", ["batch", 4])
def test_an_onnx_file_answers_whatever_its_batch(tmp_path, rows):
    pytest.importorskip("onnxruntime")
    assert np.array_equal(onnx_answers(_onnx(tmp_path / "m.onnx", rows))(INPUTS), LABELS)


def test_a_broken_onnx_file_is_no_suspect(tmp_path):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x08\x07 no graph")
    assert code_of(lambda: onnx_answers(path)) == "WN-O05"
    assert code_of(lambda: onnx_answers(tmp_path / "none.onnx")) == "WN-O05"
    wrong = onnx_answers(_onnx(tmp_path / "n.onnx", "batch"))
    assert code_of(lambda: wrong(INPUTS[:, :2].copy())) == "WN-L05"


class _Server:
    """Answers each request with the next of `replies`: (status, body), or a function of the inputs."""

    def __init__(self, *replies: Any):
        self.replies, self.bodies = list(replies), []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(json.loads(body))
                reply = outer.replies.pop(0) if len(outer.replies) > 1 else outer.replies[0]
                if reply is None:
                    return
                found: Any = reply(outer.bodies[-1]["inputs"]) if callable(reply) else reply
                status, content = found
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/elsewhere")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(content)

            def log_message(self, format, *args):  # noqa: A002  (the library's own signature)
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def ask(self, **options):
        waits = []
        settings = {"timeout": 5.0, "attempts": 3, "wait": waits.append, **options}
        return http_answers(f"http://127.0.0.1:{self.port}/predict", **settings), waits


def _right(inputs):
    return 200, json.dumps({"labels": (np.asarray(inputs, np.float32) @ WEIGHT).argmax(1).tolist()}).encode()


def _logits(inputs):
    return 200, json.dumps({"logits": (np.asarray(inputs, np.float32) @ WEIGHT).tolist()}).encode()


@pytest.mark.parametrize("reply", [_right, _logits])
def test_an_address_answers_in_batches(reply):
    with _Server(reply) as server:
        ask, waits = server.ask(batch=4)
        assert np.array_equal(ask(INPUTS), LABELS)
    assert [len(body["inputs"]) for body in server.bodies] == [4, 4, 2]
    assert waits == []


def test_a_server_that_is_busy_is_asked_again():
    with _Server((503, b""), (500, b""), _right) as server:
        ask, waits = server.ask()
        assert np.array_equal(ask(INPUTS), LABELS)
    assert waits == [1.0, 2.0]


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (404, 1), (401, 1), (302, 1)])
def test_a_server_that_will_not_answer(status, tries):
    with _Server((status, b"")) as server:
        ask, _ = server.ask()
        assert code_of(lambda: ask(INPUTS)) == "WN-L05"
    # A redirect is not followed either: the server was asked once.
    assert len(server.bodies) == tries


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b'{"label": [1]}',
        b"[1, 2]",
        b'{"labels": [1]}',
        b'{"labels": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]}',
        b'{"logits": [[NaN, 1]' + b", [0, 1]" * 9 + b"]}",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_answer(body):
    with _Server((200, body)) as server:
        ask, _ = server.ask()
        assert code_of(lambda: ask(INPUTS)) == "WN-L05"
    assert len(server.bodies) == 1


def test_a_connection_that_breaks_or_is_not_there():
    with _Server(None) as server:
        ask, waits = server.ask(attempts=2)
        assert code_of(lambda: ask(INPUTS)) == "WN-L05"
    assert len(server.bodies) == 2
    ask, waits = server.ask(attempts=2)
    assert code_of(lambda: ask(INPUTS)) == "WN-L05"
    assert waits == [1.0]


def test_a_slow_server_is_given_up():
    held = threading.Event()

    def slow(_):
        held.wait(5)
        return 200, b"{}"

    with _Server(slow) as server:
        ask, _ = server.ask(timeout=0.1, attempts=1)
        assert code_of(lambda: ask(INPUTS)) == "WN-L05"
        held.set()


@pytest.mark.parametrize("url", ["http://10.0.0.7/p", "https://models.example/p", "http://127.0.0.1.example/p"])
def test_another_machine_needs_consent(url):
    assert code_of(lambda: http_answers(url)) == "WN-L04"
    http_answers(url, allow_remote=True)


@pytest.mark.parametrize(
    "url", ["http://localhost:8/p", "http://127.9.9.9/", "http://[::1]:8", "http://[::ffff:127.0.0.1]/"]
)
def test_this_machine_needs_none(url):
    assert callable(http_answers(url))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://127.0.0.1/",
        "127.0.0.1:80",
        "http://127.0.0.1\\@evil/",
        "http://a:b@127.0.0.1/",
        "http://127.0.0.1:x/",
    ],
)
def test_what_is_no_plain_address(url):
    assert code_of(lambda: http_answers(url, allow_remote=True)) == "WN-C01"
