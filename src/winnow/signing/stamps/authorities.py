"""A time stamping authority behind an address (RFC 3161, section 3.4): a hash goes out, a token comes back.

Only the SHA-256 of a commitment leaves the machine, which tells nobody anything but that something is being signed.
Even that needs consent where the authority is on another machine. Redirects are never followed.
"""

from __future__ import annotations

import http.client
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from winnow.core import WinnowError
from winnow.signing.asking.endpoints import consented
from winnow.signing.stamps.stamps import LONGEST, Stamper

_ASKED, _ANSWERED = "application/timestamp-query", "application/timestamp-reply"


def http_stamper(url: str, *, allow_remote: bool = False, timeout: float = 30.0) -> Stamper:
    """Something that asks an authority. Nothing is sent before the first request.

    Args:
        url: of the authority.
        allow_remote: the consent to send hashes to another machine.
        timeout: seconds for one request.

    Returns:
        A function from a request (.tsq) to the answer (.tsr), which nothing has checked yet. It raises WN-O04 when
        the authority does not answer.

    Raises:
        WinnowError: WN-L04 for another machine without consent, WN-C01 for no plain http(s) address.
    """
    address, is_here = consented(
        url,
        allow_remote,
        "this time stamping authority is on another machine, and the hashes would be sent there",
        "Give --allow-remote when they may be, or carry the requests by hand: --stamp-dir FOLDER.",
    )
    opener = build_opener(_NoRedirect, *([ProxyHandler({})] if is_here else []))

    def stamp(request: bytes) -> bytes:
        asked = Request(address, request, {"Content-Type": _ASKED, "Accept": _ANSWERED})
        try:
            with opener.open(asked, timeout=timeout) as answer:
                return answer.read(LONGEST + 1)
        except HTTPError as error:
            error.close()
            raise _silent(f"HTTP {error.code}", address) from error
        except (OSError, http.client.HTTPException) as error:  # URLError and TimeoutError are OSErrors
            reason = error.reason if isinstance(error, URLError) else error
            raise _silent(f"the connection failed ({type(reason).__name__})", address) from error

    return stamp


class _NoRedirect(HTTPRedirectHandler):
    """Consent was given for one address."""

    def redirect_request(self, *_args: object, **_named: object) -> None:
        """None, which ends in an `HTTPError` of the redirect's own status."""


def _silent(why: str, where: str) -> WinnowError:
    return WinnowError(
        "WN-O04", f"the authority did not stamp: {why}", where=where, fix="Run the same command again, or carry it."
    )
