"""The live client against a server on this machine: pages, patience, and no word to other machines unasked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from winnow.core import WinnowError
from winnow.trials.registry import Reading, fetch_trials

Reply = tuple[int, bytes, dict[str, str]]
Answer = Callable[[dict[str, str], int], Reply]


def study(number: int) -> dict[str, Any]:
    section = {
        "identificationModule": {"nctId": f"NCT9{number:07d}"},
        "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* Gout"},
    }
    return {"protocolSection": section}


def sent(held: Any, code: int = 200, **headers: str) -> Reply:
    return code, held if isinstance(held, bytes) else json.dumps(held).encode(), headers


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a server, and the queries it was asked."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})
            code, body, headers = answer(asked[-1], len(asked))
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name http.server gives
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v2", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def three_pages(query: dict[str, str], _: int) -> Reply:
    page = int(query.get("pageToken", "0"))
    held: dict[str, Any] = {"studies": [study(2 * page), study(2 * page + 1)]}
    return sent(held | ({"nextPageToken": str(page + 1)} if page < 2 else {}))


def fetched(answer: Answer, **options: Any) -> tuple[Reading, list[dict[str, str]], list[float]]:
    waits: list[float] = []
    with serving(answer) as (address, asked):
        return fetch_trials(base_url=address, wait=waits.append, **options), asked, waits


def refused(answer: Answer, **options: Any) -> WinnowError:
    with serving(answer) as (address, _), pytest.raises(WinnowError) as caught:
        fetch_trials(base_url=address, wait=lambda _: None, **options)
    return caught.value


def test_pages_are_followed_to_the_last_with_the_same_query() -> None:
    reading, asked, waits = fetched(three_pages, condition="gout", term="joint", status=["RECRUITING", "COMPLETED"])
    assert [trial.trial_id for trial in reading.trials] == [f"NCT9{n:07d}" for n in range(6)]
    assert [query.pop("pageToken", None) for query in asked] == [None, "1", "2"]
    assert asked[0] == asked[1] == asked[2]
    assert asked[0]["query.cond"] == "gout"
    assert asked[0]["query.term"] == "joint"
    assert asked[0]["filter.overallStatus"] == "RECRUITING|COMPLETED"
    assert "filter.advanced" not in asked[0]
    assert (waits, reading.unread) == ([], [])


def test_an_age_lets_absent_bounds_through() -> None:
    _, asked, _ = fetched(three_pages, age=58)
    assert "AREA[MinimumAge]RANGE[MIN, 58 years] OR AREA[MinimumAge]MISSING" in asked[0]["filter.advanced"]
    assert "AREA[MaximumAge]RANGE[58 years, MAX] OR AREA[MaximumAge]MISSING" in asked[0]["filter.advanced"]


def test_a_limit_stops_and_says_so() -> None:
    reading, asked, _ = fetched(three_pages, limit=3)
    assert (len(reading.trials), len(asked)) == (3, 2)
    assert "limit of 3" in reading.unread[-1].reason


def test_a_busy_server_is_asked_again_later() -> None:
    def busy(query: dict[str, str], count: int) -> Reply:
        if count <= 2:
            return sent(b"", 429 if count == 1 else 503, **({"Retry_After": "7"} if count == 1 else {}))
        return three_pages(query, count)

    reading, asked, waits = fetched(busy)
    assert (len(reading.trials), len(asked)) == (6, 5)
    assert waits == [7.0, 2.0]


def test_a_broken_page_is_asked_again() -> None:
    def broken(query: dict[str, str], count: int) -> Reply:
        return sent(b'{"studies": [') if count == 2 else three_pages(query, count)

    reading, asked, waits = fetched(broken)
    assert (len(reading.trials), len(asked), waits) == (6, 4, [1.0])


@pytest.mark.parametrize("body", [b'{"studies": [', b"[]", b'{"studies": 3}', b"\xff"])
def test_a_server_that_never_answers_well_is_given_up(body: bytes) -> None:
    error = refused(lambda *_: sent(body), attempts=3)
    assert error.code == "WN-L05"
    assert "page 1" in error.what


def test_a_refusal_is_not_tried_again() -> None:
    asked: list[int] = []

    def no(_: dict[str, str], count: int) -> Reply:
        asked.append(count)
        return sent(b"bad", 400)

    assert "HTTP 400" in refused(no).what
    assert asked == [1]


def test_a_token_that_comes_twice_ends_the_search() -> None:
    error = refused(lambda *_: sent({"studies": [], "nextPageToken": "again"}))
    assert error.code == "WN-L05"
    assert "repeats a page token" in error.what


def test_nobody_there_is_an_error_with_a_code() -> None:
    with pytest.raises(WinnowError, match="WN-L05"):
        fetch_trials(base_url="http://127.0.0.1:9/api", attempts=2, wait=lambda _: None)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://clinicaltrials.gov/api/v2", False),
        ("http://registry.example/api", True),
        ("file:///etc/passwd", True),
        ("http://127.0.0.1.registry.example/api", False),
    ],
)
def test_no_other_machine_is_asked_without_consent_or_encryption(address: str, allowed: bool) -> None:
    with pytest.raises(WinnowError, match="WN-L04"):
        fetch_trials(base_url=address, allow_remote=allowed)


def test_consent_does_not_follow_a_redirect_elsewhere() -> None:
    error = refused(lambda *_: sent(b"", 302, Location="http://localhost:1/api"))
    assert error.code == "WN-L05"
    assert "HTTP 302" in error.what


def test_what_is_no_study_on_a_page_is_listed() -> None:
    reading, _, _ = fetched(lambda *_: sent({"studies": [study(1), {"x": 1}, study(1)]}))
    assert len(reading.trials) == 1
    assert [one.source for one in reading.unread] == ["page 1[1]", "page 1[2]"]
