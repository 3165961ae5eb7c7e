"""One HTTP request to a chat model through the package openai: no redirects, a deadline, a limit on size, no log."""

from __future__ import annotations

import importlib
import json
import time
import weakref
from typing import Any

from winnow.core import Address, WinnowError
from winnow.language.chat_logs import nothing_logged

_MOST_BYTES = 8 << 20
# The last one is how the package tells itself, when the response is there, that it is to be read in parts.
_HEADERS = {
    "host",
    "accept",
    "accept-encoding",
    "connection",
    "user-agent",
    "content-type",
    "content-length",
    "authorization",
    "x-stainless-raw-response",
}
_AGAIN = {408, 409, 425, 429}


class WireFailure(Exception):  # noqa: N818  caught by the endpoint, which tries again or reports it
    """A request that brought no JSON back.

    Args:
        reason: in a few words; never the body, which may repeat the prompt.
        again: whether another attempt may do better.
        status: the HTTP status, when one came.
        retry_after: the header of that name.
    """

    def __init__(self, reason: str, *, again: bool, status: int | None = None, retry_after: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.again, self.status, self.retry_after = reason, again, status, retry_after


class Wire:
    """The client of one address.

    Args:
        address: where.
        secret: the key; handed to the client and not kept here.
        timeout: seconds for one request as a whole.

    Raises:
        WinnowError: WN-D07 without the package openai.
    """

    def __init__(self, address: Address, secret: str | None, timeout: float) -> None:
        self._timeout = timeout
        self._openai = _package()
        self._client = self._openai.OpenAI(
            base_url=address.url,
            # A word in the key's place: else the package would send whatever OPENAI_API_KEY holds.
            api_key=secret or "none",
            max_retries=0,
            timeout=timeout,
            http_client=self._openai.DefaultHttpxClient(
                trust_env=not address.loopback,  # a proxy of the environment would carry notes off this machine
                follow_redirects=False,
                event_hooks={"request": [_only_what_is_needed]},
            ),
        )

        self._closing = weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Close the connections."""
        self._closing()

    def send(self, body: dict[str, Any]) -> Any:
        """The response's JSON.

        Raises:
            WireFailure: anything else.
        """
        with nothing_logged():
            try:
                return self._read(body)
            except WireFailure:
                raise
            # What the packages say is not passed on: it quotes requests and responses.
            except self._openai.APIStatusError as error:
                raise _refused(error.status_code, error.response.headers.get("retry-after")) from None
            except self._openai.APITimeoutError:
                raise WireFailure("no answer in time", again=True) from None
            except self._openai.APIConnectionError:
                raise WireFailure("no connection, or it broke", again=True) from None
            except Exception as error:
                raise WireFailure(f"no answer that can be read ({type(error).__name__})", again=True) from None

    def _read(self, body: dict[str, Any]) -> Any:
        deadline = time.monotonic() + self._timeout
        content = bytearray()
        call = self._client.chat.completions.with_streaming_response.create
        fields = {name: body[name] for name in ("model", "messages")}
        with call(**fields, extra_body={k: v for k, v in body.items() if k not in fields}) as response:
            for part in response.iter_bytes():
                content += part
                if len(content) > _MOST_BYTES:
                    raise WireFailure("an answer of more than 8 MiB", again=False)
                if time.monotonic() > deadline:
                    raise WireFailure("no answer in time", again=True)
        try:
            return json.loads(content)
        except ValueError:
            raise WireFailure("the server's answer is no JSON", again=False) from None


def _only_what_is_needed(request: Any) -> None:
    """Take off other headers: the package adds what OPENAI_ORG_ID and the like hold, and tells of the machine."""
    for name in set(request.headers) - _HEADERS:
        del request.headers[name]


def _refused(status: int, retry_after: str | None) -> WireFailure:
    if 300 <= status < 400:
        return WireFailure(f"the server sends on to another address ({status})", again=False, status=status)
    again = status in _AGAIN or status >= 500
    return WireFailure(f"the server answered {status}", again=again, status=status, retry_after=retry_after)


def _package() -> Any:
    try:
        return importlib.import_module("openai")
    except ImportError as error:
        raise WinnowError(
            "WN-D07", "a chat model needs the package `openai`", where="llm", fix='pip install "winnow-lab[llm]"'
        ) from error
