"""`ChatEndpoint`: a chat model at an OpenAI-compatible address, on this machine unless remote ones are allowed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from winnow.core import WinnowError, digest
from winnow.language.chat_address import chat_address, secret_in
from winnow.language.chat_patience import Breaker, Waits
from winnow.language.chat_reply import ChatFailure, Completion, read_completion
from winnow.language.chat_usage import ChatUsage, UsageCounter
from winnow.language.chat_wire import Wire, WireFailure

Messages = Sequence[Mapping[str, str]]
_PROBE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"winnow_probe": {"type": "string", "enum": ["kept"]}},
    "required": ["winnow_probe"],
    "additionalProperties": False,
}
# Without a status, without leave, without such a model, too busy: asking without a schema would not help.
_NO_MATTER_OF_SCHEMA = (None, 401, 403, 404, 429)
_PROBE = ({"role": "user", "content": "Say hello in three words."},)


class ChatEndpoint:
    """A chat model behind an OpenAI-compatible server (vLLM, llama-server, transformers serve, Ollama, hosted ones).

    Nothing is sent before the first completion, which is preceded by a probe: does the server answer, and does it keep
    to a JSON schema? Some take `response_format` and ignore it, some refuse it; answers are checked here either way.
    Redirects are never followed; for this machine no proxy is used. No log line is written by the HTTP packages.

    Args:
        base_url: such as http://127.0.0.1:8000/v1.
        model: the model's name at the server.
        key: the NAME of the environment variable that holds the key; read when a client is made, never kept.
        allow_remote: whether notes may be sent to another machine.
        timeout: seconds for one attempt as a whole.
        concurrency: calls under way at once.
        retries: attempts after the first, on 429, 408, 5xx, timeouts and broken connections.
        first_wait: seconds before the second attempt, then doubling; a server's Retry-After is respected.
        breaker: calls failing in a row after which no more are made; one is tried every `rest` seconds.
        rest: see `breaker`.
        max_tokens: length of an answer.
        temperature, seed: how the model samples; the seed is also that of the jitter.
        extra: further fields of the request's body, such as {"chat_template_kwargs": {"enable_thinking": False}}.

    Raises:
        WinnowError: WN-L04 for another machine without consent, WN-C01 for an address or key name of the wrong form,
            WN-D07 without the package openai.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        key: str | None = None,
        allow_remote: bool = False,
        timeout: float = 120.0,
        concurrency: int = 4,
        retries: int = 4,
        first_wait: float = 1.0,
        breaker: int = 5,
        rest: float = 60.0,
        max_tokens: int = 1024,
        temperature: float = 0.0,
        seed: int = 0,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.address = chat_address(base_url, allow_remote)
        self.model, self.concurrency = model, concurrency
        self._settings = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed, **(extra or {})}
        self._retries, self._waits, self._breaker = retries, Waits(first_wait, seed), Breaker(breaker, rest)
        self._wire = Wire(self.address, secret_in(key), timeout)
        self._slots = threading.BoundedSemaphore(concurrency)
        self._starting = threading.Lock()
        self._stopped = threading.Event()
        self._schema_kept: str | None = None
        self._counter = UsageCounter()

    @property
    def usage(self) -> ChatUsage:
        """What was asked so far."""
        return self._counter.usage

    @property
    def schema_kept(self) -> str | None:
        """What the probe found: "obeyed", "ignored" or "refused"; None before it."""
        return self._schema_kept

    @property
    def settings_id(self) -> str:
        """Eight hexadecimal digits of the settings that an answer depends on."""
        return digest(self._settings)[:8]

    def key_of(self, messages: Messages, schema: Mapping[str, Any]) -> str:
        """SHA-256 of model, messages, schema and settings: what an answer depends on, the server's address left out."""
        return digest({"model": self.model, "messages": messages, "schema": schema, "settings": self._settings})

    def start(self) -> str:
        """Probe the server once; returns what `schema_kept` then says.

        Raises:
            WinnowError: WN-L05 when it does not answer, or not as a chat model.
        """
        with self._starting:
            if self._schema_kept is None:
                self._schema_kept = self._probe()
            return self._schema_kept

    def complete(self, messages: Messages, schema: Mapping[str, Any]) -> Completion:
        """One completion, with the schema asked for where the server takes it. The text is not checked against it.

        Raises:
            ChatFailure: no completion came, after all attempts; "asked" tells whether one was asked for.
            WinnowError: WN-L05 when the server does not even answer the probe before the first call.
        """
        keeps = self.start()
        if self._stopped.is_set():
            raise ChatFailure("the run was stopped", asked=False)
        if not self._breaker.lets_through():
            raise ChatFailure("the endpoint failed too often in a row", asked=False)
        return self._completion(messages, None if keeps == "refused" else schema)

    def stop(self) -> None:
        """Give up: waits end, and no further attempt is made. For Ctrl-C."""
        self._stopped.set()

    def close(self) -> None:
        """Close the connections; also done when the endpoint is forgotten."""
        self._wire.close()

    def __repr__(self) -> str:
        """Model and address; never the key."""
        return f"ChatEndpoint({self.address.url!r}, {self.model!r})"

    def _probe(self) -> str:
        for schema, held in ((_PROBE_SCHEMA, None), (None, "refused")):
            try:
                text = self._completion(_PROBE, schema, retries=min(1, self._retries)).text
            except ChatFailure as failure:
                if schema is not None and failure.status not in _NO_MATTER_OF_SCHEMA:
                    continue
                raise WinnowError(
                    "WN-L05",
                    failure.reason,
                    where=self.address.url,
                    fix="Start the server, and check address, model name and key.",
                ) from None
            return held or ("obeyed" if text.strip().replace(" ", "") == '{"winnow_probe":"kept"}' else "ignored")
        raise AssertionError("the second attempt returns or raises")

    def _completion(
        self, messages: Messages, schema: Mapping[str, Any] | None, retries: int | None = None
    ) -> Completion:
        body = {"model": self.model, "messages": [dict(m) for m in messages], **self._settings}
        if schema is not None:
            held = {"name": "answer", "strict": True, "schema": dict(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": held}
        self._counter.add(calls=1)
        with self._slots:
            try:
                done = self._attempts(body, self._retries if retries is None else retries)
            except ChatFailure as failure:
                self._breaker.tell(worked=failure.status is not None and failure.status < 429)
                self._counter.add(failures=1)
                raise
        self._breaker.tell(worked=True)
        self._counter.add(prompt=done.prompt, completion=done.completion, cached=done.cached)
        return done

    def _attempts(self, body: dict[str, Any], retries: int) -> Completion:
        for attempt in itertools.count():
            self._counter.add(attempts=1)
            try:
                return read_completion(self._wire.send(body), self.model)
            except WireFailure as failure:
                last = not failure.again or attempt >= retries
                if last or self._stopped.wait(self._waits.seconds(attempt, failure.retry_after)):
                    raise ChatFailure(failure.reason, status=failure.status) from None
        raise AssertionError("the loop returns or raises")
