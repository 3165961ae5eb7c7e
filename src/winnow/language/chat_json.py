"""A JSON object out of a chat model: asked for by schema, checked here, repaired once, else a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from winnow.language.chat import ChatEndpoint, Messages
from winnow.language.chat_cache import AnswerCache
from winnow.language.chat_reply import ChatFailure, Completion

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)
_SHOWN_AGAIN = 4000


@dataclass(frozen=True)
class Reply:
    """An object that fits its schema.

    Attributes:
        value: the object.
        model: who made it.
        prompt, completion, cached: tokens of all calls it took.
        repaired: whether it took a second call.
        from_cache: whether it took no call at all.
    """

    value: Any
    model: str
    prompt: int
    completion: int
    cached: int
    repaired: bool = False
    from_cache: bool = False


def ask_json(
    endpoint: ChatEndpoint, messages: Messages, schema: Mapping[str, Any], cache: AnswerCache | None = None
) -> Reply:
    """Ask, check, ask once more with what was wrong, and keep the answer if it is valid.

    A fence of Markdown or a block of thoughts around the object is taken off; anything else around it is not.

    Raises:
        ChatFailure: no valid object came; `completions` holds what the model wrote.
        WinnowError: WN-L05 when the server does not answer at all, before its first completion.
    """
    key = endpoint.key_of(messages, schema)
    if cache is not None and (held := _kept(cache.get(key), schema)) is not None:
        return held
    first = endpoint.complete(messages, schema)
    value, wrong = read_json_answer(first, schema)
    made = [first]
    if wrong:
        made.append(_second(endpoint, messages, schema, first, wrong))
        value, wrong = read_json_answer(made[1], schema)
        if wrong:
            raise ChatFailure(f"no valid answer after one repair: {wrong}", completions=tuple(made))
    totals = (sum(c.prompt for c in made), sum(c.completion for c in made), sum(c.cached for c in made))
    reply = Reply(value, made[-1].model, *totals, repaired=len(made) > 1)
    if cache is not None:
        cache.put(key, {**vars(reply)})
    return reply


def composer(
    endpoint: ChatEndpoint, cache: AnswerCache | None = None
) -> Callable[[str, str, Mapping[str, Any]], dict[str, Any]]:
    """A function (system, user, schema) -> object, for whoever wants an object and knows nothing of endpoints.

    It raises what `ask_json` raises.
    """

    def compose(system: str, user: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        messages = ({"role": "system", "content": system}, {"role": "user", "content": user})
        return ask_json(endpoint, messages, schema, cache).value

    return compose


def read_json_answer(completion: Completion, schema: Mapping[str, Any]) -> tuple[Any, str]:
    """The object in a completion and "", or None and what is wrong with it, without its words."""
    if completion.finish_reason == "length":
        return None, "it was cut off before its end"
    text = _THOUGHT.sub("", completion.text, count=1)
    if fenced := _FENCED.match(text):
        text = fenced[1]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None, "it is not a JSON object and nothing else"
    return (None, wrong) if (wrong := _misfit(value, schema)) else (value, "")


def _misfit(value: Any, schema: Mapping[str, Any]) -> str:
    """Where a value does not fit its schema, and what the schema wants there; "" when it fits."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(dict(schema)).iter_errors(value))
    if error is None:
        return ""
    wanted = json.dumps(error.validator_value)
    return f"at {error.json_path} the schema wants {error.validator} {wanted[:200]}"


def _second(
    endpoint: ChatEndpoint, messages: Messages, schema: Mapping[str, Any], first: Completion, wrong: str
) -> Completion:
    told = (
        f"Your answer cannot be used: {wrong}. Answer again: one JSON object that fits this schema, in short words, "
        f"with nothing before or after it.\n{json.dumps(schema)}"
    )
    again = [{"role": "assistant", "content": first.text[:_SHOWN_AGAIN]}, {"role": "user", "content": told}]
    try:
        return endpoint.complete([*messages, *again], schema)
    except ChatFailure as failure:
        reason = f"no valid answer ({wrong}), and none to the repair: {failure.reason}"
        raise ChatFailure(reason, status=failure.status, completions=(first,)) from None


def _kept(held: Any, schema: Mapping[str, Any]) -> Reply | None:
    """The reply in a cache's entry; None when it is not one, or no longer fits."""
    try:
        reply = Reply(**{**held, "from_cache": True})
    except TypeError:
        return None
    return None if _misfit(reply.value, schema) else reply
