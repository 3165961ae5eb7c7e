"""Where a chat model may be: on this machine, or elsewhere with consent.

Notes are health data. An address counts as this machine only when nothing has to be looked up to say so: the name
`localhost`, 127.0.0.0/8 and ::1. The address that is called is put together again from the parts that were checked, so
that no two readers of it can disagree about the host.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from winnow.core import WinnowError

# What makes two readers of an address see two hosts: spaces, backslashes, user names, anything outside of ASCII.
_PLAIN = re.compile(r"[!-~]+")
_DOUBTFUL = re.compile(r"[\\@%?#]")


@dataclass(frozen=True)
class Address:
    """A checked address.

    Attributes:
        url: scheme, host, port and path ("/v1" when none was given), without a slash at the end.
        host: in lower case.
        loopback: whether it is this machine.
    """

    url: str
    host: str
    loopback: bool


def checked_address(base_url: str, allow_remote: bool) -> Address:
    """The address, when it may be called.

    Raises:
        WinnowError: WN-C01 for something that is no plain http(s) address, WN-L04 for another machine without
            `allow_remote`. What was given is not repeated: it may hold a password.
    """
    doubtful = not _PLAIN.fullmatch(base_url) or _DOUBTFUL.search(base_url)
    try:
        parts = urlsplit(base_url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise _no_address() from error
    if not allow_remote and not _is_loopback(host):
        raise WinnowError(
            "WN-L04",
            "this chat model is on another machine, and the notes would be sent there",
            where=host if not doubtful else None,
            fix="Use an endpoint on 127.0.0.1, or give --allow-remote when the notes may leave this machine.",
        )
    if doubtful or parts.scheme not in ("http", "https") or not host:
        raise _no_address()
    place = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/") or "/v1"
    return Address(f"{parts.scheme}://{place}{f':{port}' if port else ''}{path}", host, _is_loopback(host))


def secret_in(key: str | None) -> str | None:
    """The key in the environment. Neither it nor the name is told in an error: the name may be the key by mistake."""
    if key is None:
        return None
    if not (secret := os.environ.get(key)):
        raise WinnowError(
            "WN-C01",
            "there is no such environment variable, or it is empty",
            where="key",
            fix="Give the name of the variable that holds the key, such as WINNOW_CHAT_KEY; not the key itself.",
        )
    return secret


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _no_address() -> WinnowError:
    return WinnowError(
        "WN-C01",
        "no plain http or https address of an OpenAI-compatible server",
        where="base_url",
        fix="Such as http://127.0.0.1:8000/v1; without user name, query or backslash. The key has a place of its own.",
    )
