"""What comes back from a chat model: a completion, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from winnow.language.chat_wire import WireFailure


@dataclass(frozen=True)
class Completion:
    """A model's text as it came.

    Attributes:
        text: what it wrote.
        model: the model's id as the server tells it; the one asked for when it does not.
        finish_reason: "stop", "length" (cut off at max_tokens), ...
        prompt, completion, cached: tokens, as the server counted them; 0 when it does not.
    """

    text: str
    model: str
    finish_reason: str
    prompt: int = 0
    completion: int = 0
    cached: int = 0


class ChatFailure(Exception):  # noqa: N818  a result to be recorded, not a mistake of the user's
    """No answer that can be used. The reason never holds words of the prompt or of the answer.

    Args:
        reason: in a few words.
        status: the HTTP status, when one came.
        asked: whether the model was asked at all.
        completions: what the model wrote, when it wrote something that could not be used.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        asked: bool = True,
        completions: tuple[Completion, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.reason, self.status, self.asked, self.completions = reason, status, asked, completions


def read_completion(body: Any, asked_for: str) -> Completion:
    """The completion in a response's JSON; fields that are missing or of another type are taken as not told.

    Raises:
        WireFailure: when there is no choice with a message in it.
    """
    try:
        choice = body["choices"][0]
        content = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise WireFailure("the server's answer holds no message", again=False) from None
    usage = body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    details = usage.get("prompt_tokens_details")
    model = body.get("model")
    return Completion(
        text=content if isinstance(content, str) else "",
        model=model if isinstance(model, str) and model else asked_for,
        finish_reason=str(choice.get("finish_reason") or "stop"),
        prompt=_count(usage, "prompt_tokens"),
        completion=_count(usage, "completion_tokens"),
        cached=_count(details, "cached_tokens") if isinstance(details, Mapping) else 0,
    )


def _count(usage: Mapping[str, Any], name: str) -> int:
    count = usage.get(name)
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else 0
