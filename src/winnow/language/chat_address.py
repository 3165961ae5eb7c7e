"""Where a chat model may be: on this machine, or elsewhere with consent, since notes are health data."""

from __future__ import annotations

import os
from dataclasses import replace

from winnow.core import Address, WinnowError, checked_address


def chat_address(base_url: str, allow_remote: bool) -> Address:
    """The address, when it may be called; its path is "/v1" when none was given, and has no slash at the end.

    Raises:
        WinnowError: WN-C01 for something that is no plain http(s) address, WN-L04 for another machine without
            `allow_remote`. What was given is not repeated: it may hold a password.
    """
    remote = WinnowError(
        "WN-L04",
        "this chat model is on another machine, and the notes would be sent there",
        fix="Use an endpoint on 127.0.0.1, or give --allow-remote when the notes may leave this machine.",
    )
    broken = WinnowError(
        "WN-C01",
        "no plain http or https address of an OpenAI-compatible server",
        where="base_url",
        fix="Such as http://127.0.0.1:8000/v1; without user name, query or backslash. The key has a place of its own.",
    )
    found = checked_address(base_url, allow_remote, remote=remote, broken=broken)
    return replace(found, path=found.path.rstrip("/") or "/v1")


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
