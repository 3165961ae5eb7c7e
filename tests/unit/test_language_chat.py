"""A chat endpoint: where it may be, what it sends, how it waits, what it keeps, and what it never tells."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import stub_chat as stub
from winnow.core import WinnowError
from winnow.language.chat import ChatEndpoint
from winnow.language.chat_address import chat_address
from winnow.language.chat_cache import AnswerCache
from winnow.language.chat_json import ask_json, composer
from winnow.language.chat_patience import Breaker, Waits
from winnow.language.chat_reply import ChatFailure

SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["word"],
    "additionalProperties": False,
}
GOOD = '{"word": "yes"}'
CANARY = "zebrafish-in-ward-nine"
ASK = ({"role": "system", "content": "One word."}, {"role": "user", "content": CANARY})


def endpoint(server: stub.Stub, **settings: Any) -> ChatEndpoint:
    return ChatEndpoint(server.url, "tiny", **{"first_wait": 0.01, "timeout": 5.0, **settings})


def refused(address: str, allow_remote: bool = False) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        chat_address(address, allow_remote)
    return caught.value


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("http://LOCALHOST:8000", "http://localhost:8000/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://127.8.9.1/openai", "https://127.8.9.1/openai"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://[::ffff:127.0.0.1]:80/v1", "http://[::ffff:127.0.0.1]:80/v1"),
    ],
)
def test_this_machine_needs_no_consent(address: str, url: str) -> None:
    found = chat_address(address, allow_remote=False)
    assert (found.url, found.loopback) == (url, True)


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.com/v1",
        "https://10.0.0.5:8000/v1",
        "http://localhost.evil.com/v1",
        "http://evil.localhost/v1",
        "http://127.0.0.1@evil.com/v1",
        "http://127.0.0.1:80@evil.com/v1",
        "http://127.0.0.1.evil.com/v1",
        "http://2130706433/v1",
        "http://0x7f.1/v1",
        "http://0.0.0.0:8000/v1",
        "http://[::]:8000/v1",
        "http://[fe80::1]:8000/v1",
        "http://localhost./v1",
    ],
)
def test_every_other_machine_needs_consent(address: str) -> None:
    assert refused(address).code == "WN-L04"


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.com\\@127.0.0.1/v1",
        "http://user:secret@127.0.0.1/v1",
        "http://127.0.0.1/v1?to=evil.com",
        "http://127.0.0.1/v1#x",
        "http://127.0.0.1\t.evil.com/v1",
        "ftp://127.0.0.1/v1",
        "file:///v1",
        "http://127.0.0.1:99999/v1",
        "http://[::1%25lo]/v1",
        "",
    ],
)
def test_addresses_that_two_readers_may_read_differently_are_refused(address: str) -> None:
    for allow_remote in (False, True):
        error = refused(address, allow_remote)
        assert error.code in ("WN-C01", "WN-L04")
        assert "secret" not in str(error)


def test_with_consent_another_machine_may_be_named() -> None:
    found = chat_address("https://llm.hospital.example/v1", allow_remote=True)
    assert (found.host, found.loopback) == ("llm.hospital.example", False)
    assert refused("http://127.0.0.1@evil.com/v1", allow_remote=True).code == "WN-C01"


def test_a_completion_brings_text_model_and_tokens() -> None:
    with stub.served(GOOD) as server:
        model = endpoint(server, max_tokens=77, extra={"top_k": 3})
        done = model.complete(ASK, SCHEMA)
        model.complete(ASK, SCHEMA)
        assert (done.text, done.model, done.finish_reason) == (GOOD, "stub-1", "stop")
        assert (done.prompt, done.completion, done.cached) == (100, 20, 64)
        assert (model.schema_kept, server.probes) == ("obeyed", 1)
        assert (model.usage.calls, model.usage.attempts, model.usage.failures) == (3, 3, 0)
        assert (model.usage.prompt, model.usage.completion, model.usage.cached) == (300, 60, 192)
        sent = server.requests[0]
    assert sent["messages"] == [dict(m) for m in ASK]
    assert (sent["model"], sent["max_tokens"], sent["temperature"], sent["top_k"]) == ("tiny", 77, 0.0, 3)
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("probe", "found"),
    [(stub.PROBE_OBEYED, "obeyed"), ("Hello to you.", "ignored"), (stub.status(422), "refused")],
    ids=["obeys", "ignores", "refuses"],
)
def test_the_probe_finds_out_whether_a_schema_is_kept(probe: stub.Step, found: str) -> None:
    calls = 0

    def fussy(handler: stub.Handler) -> None:
        nonlocal calls
        calls += 1
        probe(handler) if callable(probe) and calls == 1 else handler.reply(stub.completion("Hello."))

    with stub.served(GOOD, probe=fussy if callable(probe) else probe) as server:
        model = endpoint(server)
        model.complete(ASK, SCHEMA)
        assert model.schema_kept == found
        assert ("response_format" in server.requests[0]) == (found != "refused")


@pytest.mark.parametrize("probe", [stub.status(401), stub.status(404), stub.resets, stub.no_choices])
def test_an_endpoint_that_does_not_answer_is_told_at_the_start(probe: stub.Step) -> None:
    with stub.served(GOOD, probe=probe) as server:
        with pytest.raises(WinnowError) as caught:
            endpoint(server, retries=3).complete(ASK, SCHEMA)
        assert caught.value.code == "WN-L05"
        assert not server.requests


def test_a_port_where_nobody_listens_is_told_at_the_start() -> None:
    with stub.served(GOOD) as server:
        url = server.url
    with pytest.raises(WinnowError) as caught:
        ChatEndpoint(url, "tiny", first_wait=0.01).start()
    assert caught.value.code == "WN-L05"


def test_the_key_is_sent_and_neither_kept_nor_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_CHAT_KEY", "sesame-4711")
    with stub.served(GOOD) as server:
        model = endpoint(server, key="MY_CHAT_KEY")
        model.complete(ASK, SCHEMA)
        assert {h["authorization"] for h in server.headers} == {"Bearer sesame-4711"}
    held = repr(model) + json.dumps({k: repr(v) for k, v in {**vars(model), **vars(model._wire)}.items()})
    assert "sesame" not in held + model.key_of(ASK, SCHEMA) + model.settings_id
    with pytest.raises(WinnowError) as caught:
        ChatEndpoint("http://127.0.0.1:1/v1", "tiny", key="sk-given-by-mistake")
    assert "mistake" not in str(caught.value)


def test_what_the_environment_holds_for_others_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "for-somebody-else")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Other: for-somebody-else")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with stub.served(GOOD) as server:
        endpoint(server).complete(ASK, SCHEMA)
        assert server.requests
        assert "for-somebody-else" not in json.dumps(server.headers)


def test_no_proxy_carries_a_note_off_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub.served("") as proxy, stub.served(GOOD) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert endpoint(server).complete(ASK, SCHEMA).text == GOOD
        assert not proxy.headers


def test_a_redirect_is_not_followed() -> None:
    with stub.served(GOOD) as other, stub.served(stub.sends_on(other.url + "/chat/completions")) as server:
        with pytest.raises(ChatFailure, match="another address") as caught:
            endpoint(server).complete(ASK, SCHEMA)
        assert caught.value.status == 307
        assert not other.headers and len(server.requests) == 1


@pytest.mark.parametrize(
    ("step", "attempts", "reason"),
    [
        (stub.status(500), 3, "500"),
        (stub.status(503), 3, "503"),
        (stub.status(429), 3, "429"),
        (stub.resets, 3, "connection"),
        (stub.stalls, 3, "in time"),
        (stub.drips, 3, "in time"),
        (stub.status(400), 1, "400"),
        (stub.no_choices, 1, "no message"),
        (stub.raw(b"<html>"), 1, "no JSON"),
        (stub.raw([1]), 1, "no message"),
        (stub.huge, 1, "8 MiB"),
    ],
    ids=["500", "503", "429", "reset", "stall", "drip", "400", "no choices", "no JSON", "list", "huge"],
)
def test_what_may_get_better_is_tried_again_and_the_rest_is_not(step: stub.Step, attempts: int, reason: str) -> None:
    with stub.served(step) as server:
        model = endpoint(server, retries=2, timeout=0.4 if reason == "in time" else 5.0)
        started = time.monotonic()
        with pytest.raises(ChatFailure, match=re.escape(reason)):
            model.complete(ASK, SCHEMA)
        assert time.monotonic() - started < 4
        assert len(server.requests) == attempts
        assert (model.usage.attempts, model.usage.failures) == (attempts + 1, 1)


def test_a_server_that_recovers_is_waited_for() -> None:
    with stub.served(stub.status(500), stub.resets, stub.status(429), GOOD) as server:
        assert endpoint(server, retries=3).complete(ASK, SCHEMA).text == GOOD
        assert len(server.requests) == 4


def test_retry_after_is_respected() -> None:
    with stub.served(stub.status(429, Retry_After="1"), GOOD) as server:
        model = endpoint(server)
        model.start()
        started = time.monotonic()
        model.complete(ASK, SCHEMA)
        assert 1.0 <= time.monotonic() - started < 3


def test_waits_double_with_a_seeded_jitter() -> None:
    waits = [Waits(1.0, 7).seconds(0)] + [Waits(1.0, 7).seconds(n) for n in (0, 1, 2, 3)]
    assert waits[0] == waits[1]
    for attempt, seconds in enumerate(waits[1:]):
        assert 2**attempt <= seconds <= 1.25 * 2**attempt
    assert Waits(1.0, 7).seconds(0) != Waits(1.0, 8).seconds(0)
    assert Waits(1.0, 0).seconds(0, "12") == 12
    assert Waits(1.0, 0).seconds(0, "99999") == 300
    assert Waits(1.0, 0).seconds(0, "soon") < 2
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    assert 55 < Waits(1.0, 0).seconds(0, later) <= 60


def test_the_breaker_opens_closes_and_lets_one_through() -> None:
    now = 0.0
    breaker = Breaker(2, 10.0, lambda: now)
    breaker.tell(worked=False)
    breaker.tell(worked=True)
    breaker.tell(worked=False)
    assert breaker.lets_through()
    breaker.tell(worked=False)
    assert not breaker.lets_through()
    now = 10.0
    assert breaker.lets_through() and not breaker.lets_through()
    breaker.tell(worked=True)
    assert breaker.lets_through() and breaker.lets_through()


def test_after_failures_in_a_row_nothing_is_sent() -> None:
    with stub.served(stub.status(500)) as server:
        model = endpoint(server, retries=0, breaker=2)
        asked = []
        for _ in range(4):
            with pytest.raises(ChatFailure) as caught:
                model.complete(ASK, SCHEMA)
            asked.append(caught.value.asked)
        assert asked == [True, True, False, False]
        assert len(server.requests) == 2


def test_no_more_calls_are_under_way_than_wanted() -> None:
    with stub.served(stub.slow(GOOD, 0.05)) as server:
        model = endpoint(server, concurrency=2)
        threads = [threading.Thread(target=model.complete, args=(ASK, SCHEMA)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.most_under_way == 2
        assert model.usage.calls == 7


def test_stop_ends_the_waiting() -> None:
    with stub.served(stub.status(500)) as server:
        model = endpoint(server, first_wait=30.0)
        model.start()
        threading.Timer(0.1, model.stop).start()
        started = time.monotonic()
        with pytest.raises(ChatFailure):
            model.complete(ASK, SCHEMA)
        assert time.monotonic() - started < 5


def test_logs_at_every_level_hold_neither_prompt_nor_key(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_CHAT_KEY", "sesame-4711")
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "openai._base_client", "httpx2", "httpcore2", "httpcore2.http11"):
        caplog.set_level(logging.DEBUG, logger=name)
    with stub.served(GOOD, stub.status(500, {"error": {"message": CANARY}}), stub.raw(b"<html>")) as server:
        model = endpoint(server, key="MY_CHAT_KEY", retries=0)
        model.complete(ASK, SCHEMA)
        for _ in range(2):
            with pytest.raises(ChatFailure) as caught:
                model.complete(ASK, SCHEMA)
            assert CANARY not in str(caught.value)
    assert CANARY not in caplog.text and "sesame" not in caplog.text
    logging.getLogger("httpx2").debug("the packages' own lines are still there for others")
    assert "for others" in caplog.text


def test_an_object_is_read_checked_and_kept(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers")
    with stub.served(GOOD) as server:
        model = endpoint(server)
        first = ask_json(model, ASK, SCHEMA, cache)
        again = ask_json(endpoint(server), ASK, SCHEMA, cache)
        assert (first.value, first.from_cache) == ({"word": "yes"}, False)
        assert (again.value, again.from_cache, again.prompt) == ({"word": "yes"}, True, 100)
        assert len(server.requests) == cache.count() == 1


@pytest.mark.parametrize(
    "change", [{"max_tokens": 5}, {"temperature": 0.5}, {"seed": 1}, {"extra": {"top_k": 1}}], ids=str
)
def test_other_settings_are_other_answers(change: dict[str, Any]) -> None:
    address = "http://127.0.0.1:1/v1"
    key = ChatEndpoint(address, "tiny").key_of(ASK, SCHEMA)
    assert ChatEndpoint(address, "tiny", **change).key_of(ASK, SCHEMA) != key
    assert ChatEndpoint(address, "other").key_of(ASK, SCHEMA) != key
    assert ChatEndpoint("http://127.0.0.1:2/v1", "tiny", timeout=1).key_of(ASK, SCHEMA) == key
    assert ChatEndpoint(address, "tiny").key_of(ASK[1:], SCHEMA) != key
    assert ChatEndpoint(address, "tiny").key_of(ASK, {**SCHEMA, "title": "x"}) != key


@pytest.mark.parametrize(
    "text",
    [f"```json\n{GOOD}\n```", f"```\n{GOOD}\n```\n", f"<think>yes? {{no}}</think>\n{GOOD}", f"\n  {GOOD} \n"],
    ids=["fence", "bare fence", "thoughts", "space"],
)
def test_what_models_put_around_an_object_is_taken_off(text: str) -> None:
    with stub.served(text) as server:
        reply = ask_json(endpoint(server), ASK, SCHEMA)
        assert (reply.value, reply.repaired, len(server.requests)) == ({"word": "yes"}, False, 1)


BAD = [
    "Certainly! The word is yes.",
    f"Here: {GOOD}",
    '{"word": "maybe"}',
    "{}",
    '{"word": "yes", "more": 1}',
    "[]",
    "",
]


@pytest.mark.parametrize("text", BAD)
def test_a_misfit_is_asked_for_once_more_and_told_what_was_wrong(text: str, tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    with stub.served(text, GOOD) as server:
        reply = ask_json(endpoint(server), ASK, SCHEMA, cache)
        assert (reply.value, reply.repaired) == ({"word": "yes"}, True)
        assert (reply.prompt, reply.completion) == (200, 40)
        second = server.requests[1]["messages"]
    assert second[: len(ASK)] == [dict(m) for m in ASK]  # the prefix stays, so that it is found in a server's cache
    assert second[-2] == {"role": "assistant", "content": text}
    assert "cannot be used" in second[-1]["content"]
    assert cache.count() == 1


@pytest.mark.parametrize("step", [*BAD, stub.truncated('{"word": "yes"')])
def test_a_second_misfit_is_a_failure_and_is_not_kept(step: stub.Step, tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    with stub.served(step) as server:
        with pytest.raises(ChatFailure, match="after one repair") as caught:
            ask_json(endpoint(server), ASK, SCHEMA, cache)
        assert len(server.requests) == len(caught.value.completions) == 2
        assert cache.count() == 0


def test_the_cache_is_its_owners_alone_and_can_be_purged(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        cache = AnswerCache(tmp_path / "deep" / "answers")
        cache.put("ab" * 32, {"word": CANARY})
    finally:
        os.umask(old)
    files = [p for p in cache.folder.rglob("*") if p.is_file()]
    assert [stat.S_IMODE(p.stat().st_mode) for p in files] == [0o600]
    assert {stat.S_IMODE(p.stat().st_mode) for p in (cache.folder, files[0].parent)} == {0o700}
    files[0].with_name(".part-left-by-a-kill.json").write_text("{")
    keep = cache.folder / "mine.json"
    keep.write_text("{}")
    assert cache.purge(older_than_days=1) == 0
    assert cache.purge() == 2
    assert cache.get("ab" * 32) is None
    assert keep.exists()


def test_the_default_cache_lies_in_winnows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path))
    assert AnswerCache().folder.is_relative_to(tmp_path)


@pytest.mark.parametrize("content", ["", "{", '{"value": 3}', '{"value": {"word": "maybe"}, "model": "m"}', "[]"])
def test_a_damaged_or_outdated_entry_is_asked_again(content: str, tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    with stub.served(GOOD) as server:
        model = endpoint(server)
        ask_json(model, ASK, SCHEMA, cache)
        next(tmp_path.glob("*/*.json")).write_text(content)
        assert ask_json(model, ASK, SCHEMA, cache).value == {"word": "yes"}
        assert len(server.requests) == 2
        assert ask_json(model, ASK, SCHEMA, cache).from_cache


def _fill(folder: Path, start: int) -> None:
    cache = AnswerCache(folder)
    for number in range(40):
        cache.put(f"{(start + number) % 40:064x}", {"number": (start + number) % 40, "text": "x" * 5000})


def test_processes_may_fill_one_cache_and_be_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(tmp_path, start)) for start in (0, 13)]
    for worker in workers:
        worker.start()
    while not (AnswerCache(tmp_path).count() or workers[0].exitcode):
        time.sleep(0.01)
    workers[0].kill()
    for worker in workers:
        worker.join()
    cache = AnswerCache(tmp_path)
    assert workers[1].exitcode == 0
    assert [cache.get(f"{n:064x}")["number"] for n in range(40)] == list(range(40))  # pyright: ignore[reportOptionalSubscript]


def test_a_composer_is_a_plain_function() -> None:
    with stub.served("no object", GOOD) as server:
        compose = composer(endpoint(server))
        assert compose("Be brief.", "A word?", SCHEMA) == {"word": "yes"}
        assert [m["role"] for m in server.requests[0]["messages"]] == ["system", "user"]
