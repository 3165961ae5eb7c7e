"""A suspect behind an address: POST {"inputs": [[...]]}, answered by {"labels": [...]} or {"logits": [[...]]}.

Triggers are a secret until they are sent. So an address on another machine needs consent, by the rule of Winnow's
other endpoints (`winnow.core.address`), and redirects are never followed.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError, checked_address
from winnow.signing.asking.answers import BATCH, Answers, answers_of, no_answers

_LARGEST = 64 * 2**20
_PASSING = {408, 429, 500, 502, 503, 504}


def http_answers(
    url: str,
    *,
    allow_remote: bool = False,
    batch: int = BATCH,
    timeout: float = 30.0,
    attempts: int = 4,
    wait: Callable[[float], object] = time.sleep,
) -> Answers:
    """A network behind an address. Nothing is sent before the first question.

    Args:
        url: such as http://127.0.0.1:8000/predict.
        allow_remote: the consent to send the triggers to another machine.
        batch: inputs a request.
        timeout: seconds for one attempt.
        attempts: tries per batch: 408, 429, 5xx, timeouts and broken connections are tried again, ever later.
        wait: how to wait, in seconds.

    Returns:
        See `answers_of`; it raises WN-L05 when the last attempt failed, or an answer is not of the form above.

    Raises:
        WinnowError: WN-L04 for another machine without consent, WN-C01 for no plain http(s) address.
    """
    address, is_here = consented(
        url,
        allow_remote,
        "this suspect is on another machine, and the triggers would be sent there",
        "Give --allow-remote when they may be shown: whoever has seen them can filter them.",
    )
    # This machine's own address never goes through a proxy of the environment.
    opener = build_opener(_NoRedirect, *([ProxyHandler({})] if is_here else []))

    def send(inputs: NDArray[np.float32]) -> Any:
        body = json.dumps({"inputs": inputs.tolist()}).encode()
        request = Request(address, body, {"Content-Type": "application/json", "Accept": "application/json"})
        why = "no attempt was made"
        for attempt in range(attempts):
            if attempt:
                wait(min(60.0, 2.0 ** (attempt - 1)))
            try:
                return _parsed(_body(opener.open(request, timeout=timeout), timeout), address)
            except HTTPError as error:
                error.close()
                why = f"HTTP {error.code}"
                if error.code not in _PASSING:
                    break
            except (OSError, http.client.HTTPException) as error:  # URLError and TimeoutError are OSErrors
                reason = error.reason if isinstance(error, URLError) else error
                why = f"the connection failed ({type(reason).__name__})"
        raise no_answers(why, address)

    return answers_of(send, where=address, batch=batch)


class _NoRedirect(HTTPRedirectHandler):
    """Consent was given for one address."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """None, which ends in an `HTTPError` of the redirect's own status."""


def _body(answer: Any, timeout: float) -> bytes:
    """The answer's bytes, within the time that an attempt may take and no more than a judge's memory can bear."""
    until, parts, size = time.monotonic() + timeout, [], 0
    with answer:
        while part := answer.read1(2**16):
            parts.append(part)
            size += len(part)
            if size > _LARGEST or time.monotonic() > until:
                raise TimeoutError("too long, or too slow")
    return b"".join(parts)


def _parsed(body: bytes, where: str) -> Any:
    try:
        held = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise no_answers("the answer is not JSON", where) from error
    if not isinstance(held, dict) or not ({"labels", "logits"} & held.keys()):
        raise no_answers('the answer has neither "labels" nor "logits"', where)
    return held["labels"] if "labels" in held else held["logits"]


def consented(url: str, allow_remote: bool, what: str, fix: str) -> tuple[str, bool]:
    """The address to call, and whether it is this machine.

    Args:
        url: as the user gave it.
        allow_remote: the consent to call another machine.
        what, fix: told where that consent is missing.

    Raises:
        WinnowError: WN-L04 for another machine without consent, WN-C01 for no plain http(s) address.
    """
    broken = WinnowError(
        "WN-C01",
        "no plain http or https address",
        where="url",
        fix="Such as http://127.0.0.1:8000/predict; without user name, query or backslash.",
    )
    found = checked_address(url, allow_remote, remote=WinnowError("WN-L04", what, fix=fix), broken=broken)
    return found.origin + (found.path or "/"), found.loopback
