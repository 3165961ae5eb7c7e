"""One page of the registry's answer, with patience."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from winnow.core import WinnowError

_LARGEST = 256 * 2**20
_LATEST = 60.0
_PASSING = {429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Patience:
    """Seconds an answer may take, how often to try, and how to wait between tries."""

    timeout: float
    attempts: int
    wait: Callable[[float], object]


class _SameHost(HTTPRedirectHandler):
    """Follows no redirect to another host: consent was given for one address."""

    def redirect_request(  # the library's own signature
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        """The request to follow; None, which ends in an error, when it leads elsewhere."""
        if urlsplit(newurl).netloc != req.host:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def page(address: str, number: int, patience: Patience) -> dict[str, Any]:
    """The parsed page: a dict whose "studies" is a list.

    Raises:
        WinnowError: WN-L05 when no try brought one.
    """
    why = "no try was made"
    for attempt in range(max(1, patience.attempts)):
        pause = min(_LATEST, 2.0**attempt)
        try:
            return _parsed(_bytes(address, patience.timeout))
        except HTTPError as error:
            why = f"HTTP {error.code}"
            if error.code not in _PASSING:
                break
            pause = _asked_pause(error, pause)
        except (URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            why = f"the connection failed ({type(getattr(error, 'reason', error)).__name__})"
        except ValueError as error:
            why = f"it is broken ({error})"
        if attempt + 1 < patience.attempts:
            patience.wait(pause)
    where = address.partition("?")[0]
    raise WinnowError("WN-L05", f"page {number} did not come: {why}", where=where, fix="Check the search; try later.")


def _bytes(address: str, timeout: float) -> bytes:
    request = Request(address, headers={"Accept": "application/json", "User-Agent": "winnow-lab"})
    with _opener(address).open(request, timeout=timeout) as answer:
        body = answer.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise ValueError("larger than 256 MiB")
    return body


def _opener(address: str) -> OpenerDirector:
    """Remote addresses go through the environment's proxy; this machine's own never do."""
    is_remote = urlsplit(address).scheme == "https"
    return build_opener(_SameHost, *([] if is_remote else [ProxyHandler({})]))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        held = json.loads(body)
    except ValueError as error:
        raise ValueError("not JSON") from error
    if not isinstance(held, dict) or not isinstance(held.get("studies"), list):
        raise ValueError("no list of studies")
    return held


def _asked_pause(error: HTTPError, otherwise: float) -> float:
    """Seconds the server asks for in Retry-After, within a minute; `otherwise` when it names none."""
    try:
        return min(_LATEST, max(0.0, float(error.headers.get("Retry-After", ""))))
    except ValueError:
        return otherwise
