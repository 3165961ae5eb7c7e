"""A stand-in for a chat model's server: the standard library's HTTP server, answering as a script says.

A script is a list of steps; each request takes the next one and the last is repeated. A step is a text (a
well-formed answer with this content) or one of the functions below. What was asked is kept in `requests`, with headers.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROBE_OBEYED = '{"winnow_probe": "kept"}'
Step = str | Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Stub  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        step = self.server.take(body, {name.lower(): text for name, text in self.headers.items()})
        with contextlib.suppress(OSError):
            if callable(step):
                step(self)
            else:
                self.reply(completion(step))

    def reply(self, value: Any, status: int = 200, **headers: str) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name http.server gives
        return


class Stub(ThreadingHTTPServer):
    """The server; `url` is its address."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Sequence[Step], probe: Step) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.probe = list(script), probe
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.probes, self.under_way, self.most_under_way = 0, 0, 0
        self._lock = threading.Lock()
        self.free = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def take(self, body: dict[str, Any], headers: dict[str, str]) -> Step:
        with self._lock:
            self.headers.append(headers)
            if body["messages"][0]["content"].startswith("Say hello"):
                self.probes += 1
                return self.probe
            self.requests.append(body)
            return self.script[min(len(self.requests), len(self.script)) - 1]


@contextlib.contextmanager
def served(*script: Step, probe: Step = PROBE_OBEYED) -> Iterator[Stub]:
    """A server with this script on a free port of 127.0.0.1."""
    server = Stub(script, probe)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.free.set()
        server.shutdown()
        thread.join()
        server.server_close()


def completion(text: str, finish: str = "stop", prompt: int = 100, made: int = 20) -> dict[str, Any]:
    """A response in OpenAI's form."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": made,
        "total_tokens": prompt + made,
        "prompt_tokens_details": {"cached_tokens": 64},
    }
    return {"id": "x", "object": "chat.completion", "model": "stub-1", "choices": [choice], "usage": usage}


def answer(word: str = "yes", *quotes: tuple[str, str], confidence: Any = 5, reasoning: str = "c0 says so.") -> str:
    """A well-formed answer of the engine's schema; quotes are (label, words)."""
    given = [{"chunk": chunk, "text": text} for chunk, text in quotes]
    return json.dumps({"reasoning": reasoning, "answer": word, "confidence": confidence, "quotes": given})


def truncated(text: str) -> Step:
    return lambda handler: handler.reply(completion(text, finish="length"))


def status(code: int, body: Any = None, **headers: str) -> Step:
    return lambda handler: handler.reply(body or {"error": {"message": "no"}}, code, **headers)


def raw(body: Any) -> Step:
    return lambda handler: handler.reply(body)


def no_choices(handler: Handler) -> None:
    handler.reply({**completion(""), "choices": []})


def stalls(handler: Handler) -> None:
    handler.server.free.wait(30)


def drips(handler: Handler) -> None:
    """A byte now and then: no single read runs out of time, the whole does."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.free.wait(0.05):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def slow(text: str, seconds: float) -> Step:
    """A good answer after a while; counts how many are under way."""

    def step(handler: Handler) -> None:
        server = handler.server
        with server._lock:
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
        time.sleep(seconds)
        with server._lock:
            server.under_way -= 1
        handler.reply(completion(text))

    return step


def resets(handler: Handler) -> None:
    """The connection is reset before an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.rfile.close()
    handler.wfile.close()
    handler.connection.close()


def huge(handler: Handler) -> None:
    """More than anybody should read."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(64 << 20))
    handler.end_headers()
    for _ in range(64):
        handler.wfile.write(b" " * (1 << 20))


def sends_on(address: str) -> Step:
    return lambda handler: handler.reply({}, 307, Location=address)
