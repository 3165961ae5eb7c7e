"""A stamping authority behind an address: what is sent, what is refused, what is done when nobody answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from winnow.core import WinnowError
from winnow.signing.stamps.authorities import http_stamper
from winnow.signing.stamps.authority import TestAuthority
from winnow.signing.stamps.stamps import check_stamp, request


class _Server(HTTPServer):
    authority = TestAuthority()
    status = 200
    asked: list[tuple[str, bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["Content-Type"], body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        if self.server.status == 200:
            self.wfile.write(self.server.authority.stamp(body))

    def log_message(self, *args: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Tells nothing."""


@contextmanager
def served(status: int = 200) -> Iterator[tuple[_Server, str]]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.status, server.asked = status, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_request_goes_out_as_it_is_and_the_answer_holds() -> None:
    asked = request(b"a commitment")
    with served() as (server, url):
        answer = http_stamper(url)(asked)
    assert server.asked == [("application/timestamp-query", asked)]
    assert check_stamp(answer, b"a commitment", [server.authority.root], asked).accuracy == 1


@pytest.mark.parametrize("status", [302, 404, 500])
def test_anything_but_an_answer_is_told_and_redirects_are_not_followed(status: int) -> None:
    with served(status) as (server, url), pytest.raises(WinnowError, match=f"HTTP {status}") as caught:
        http_stamper(url)(request(b"x"))
    assert caught.value.code == "WN-O04" and len(server.asked) == 1


def test_nobody_there_is_told() -> None:
    with served() as (_, url):
        pass
    with pytest.raises(WinnowError, match="connection failed") as caught:
        http_stamper(url)(request(b"x"))
    assert caught.value.code == "WN-O04"


@pytest.mark.parametrize(
    ("url", "allowed", "code"),
    [
        ("http://stamps.example.com/", False, "WN-L04"),
        ("http://127.0.0.1@stamps.example.com/", False, "WN-L04"),
        ("ftp://stamps.example.com/", True, "WN-C01"),
        ("nothing", True, "WN-C01"),
    ],
)
def test_another_machine_needs_consent_and_an_address_must_be_plain(url: str, allowed: bool, code: str) -> None:
    with pytest.raises(WinnowError) as caught:
        http_stamper(url, allow_remote=allowed)
    assert caught.value.code == code
