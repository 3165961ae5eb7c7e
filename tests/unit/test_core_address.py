"""Where something may be sent: this machine by rule, others by consent, and no address that can be read in two ways."""

from __future__ import annotations

import pytest

from winnow.core import WinnowError, checked_address, is_loopback

REMOTE = WinnowError("WN-L04", "it would be sent to another machine", fix="Consent.")
BROKEN = WinnowError("WN-C01", "no plain address", where="url")


def refused(given: str, allow_remote: bool = False) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        checked_address(given, allow_remote, remote=REMOTE, broken=BROKEN)
    return caught.value


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("http://LOCALHOST:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1/"),
        ("https://127.8.9.1/openai", "https://127.8.9.1/openai"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://[::ffff:127.0.0.1]:80/", "http://[::ffff:127.0.0.1]:80/"),
    ],
)
def test_this_machine_needs_no_consent(given: str, url: str) -> None:
    found = checked_address(given, False, remote=REMOTE, broken=BROKEN)
    assert (found.url, found.loopback) == (url, True)


@pytest.mark.parametrize(
    "given",
    [
        "http://api.example.com/v1",
        "https://10.0.0.5:8000/v1",
        "https://models.example/p",
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
def test_every_other_machine_needs_consent(given: str) -> None:
    error = refused(given)
    assert (error.code, error.fix) == ("WN-L04", "Consent.")
    # A host is told only where all readers of the address would see the same one.
    assert (error.where is None) == ("@" in given)


@pytest.mark.parametrize(
    "given",
    [
        "http://evil.com\\@127.0.0.1/v1",
        "http://user:secret@127.0.0.1/v1",
        "http://a:b@127.0.0.1/",
        "http://127.0.0.1/v1?to=evil.com",
        "http://127.0.0.1/v1#x",
        "http://127.0.0.1\t.evil.com/v1",
        "ftp://127.0.0.1/v1",
        "file:///v1",
        "127.0.0.1:80",
        "http://127.0.0.1:99999/v1",
        "http://127.0.0.1:x/",
        "http://[::1%25lo]/v1",
        "",
    ],
)
def test_what_two_readers_may_read_differently_is_refused_even_with_consent(given: str) -> None:
    error = refused(given, allow_remote=True)
    assert error.code == "WN-C01" and "secret" not in str(error)


def test_with_consent_another_machine_may_be_named() -> None:
    found = checked_address("https://LLM.example:444/v1", True, remote=REMOTE, broken=BROKEN)
    assert (found.origin, found.path, found.host) == ("https://llm.example:444", "/v1", "llm.example")
    assert not found.loopback


def test_nothing_is_looked_up_to_know_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("a name was looked up"))
    assert is_loopback("localhost") and is_loopback("127.3.2.1") and not is_loopback("example.com")
