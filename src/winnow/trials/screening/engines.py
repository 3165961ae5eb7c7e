"""The answering engine by name, with what it needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.core import WinnowError, chosen
from winnow.trials.answering import Engine
from winnow.trials.composition import Composed, TierRules, compose
from winnow.trials.criteria import Criterion
from winnow.trials.matching.prepared import Composer

if TYPE_CHECKING:
    from winnow.language import ChatEndpoint, SentenceEncoder

ENGINES = ("baseline", "reader", "chat")


@dataclass(frozen=True)
class EngineChoice:
    """Which engine answers.

    Attributes:
        name: "baseline" (rules, assertion and a calibrated head), "reader" (a fine-tuned encoder after the rules) or
            "chat" (a language model at an endpoint).
        model: a folder written by `winnow trials tune` for "baseline" (its head) and "reader"; the model's name at the
            endpoint for "chat".
        endpoint: base URL of an OpenAI-compatible server, for "chat".
        key_variable: environment variable that holds the endpoint's key.
        allow_remote: notes may leave this machine.
        concurrency: calls at a time.
        compose: who cuts criteria into questions: "grammar", or "chat" for the endpoint's model.
    """

    name: str = "baseline"
    model: str = ""
    endpoint: str = ""
    key_variable: str = ""
    allow_remote: bool = False
    concurrency: int = 4
    compose: str = "grammar"


def build_engine(choice: EngineChoice) -> Engine:
    """The engine.

    Raises:
        WinnowError: WN-C01 for an unknown name or a missing setting, and what loading the model raises.
    """
    return chosen({"baseline": _baseline, "reader": _reader, "chat": _chat}, choice.name, "engine", "WN-C01")(choice)


def sentence_encoder_named(reference: str) -> SentenceEncoder | None:
    """The encoder for retrieval: "minilm", `hf:FOLDER_OR_ID`, "none" for words alone, or "auto".

    "auto" is MiniLM where its package is installed, else words alone; the run's record says which.
    """
    if reference == "none":
        return None
    from winnow.language import sentence_encoder

    if reference != "auto":
        return sentence_encoder(reference)
    try:
        return sentence_encoder("minilm")
    except WinnowError as missing:
        if missing.code != "WN-D07":
            raise
        return None


def _baseline(choice: EngineChoice) -> Engine:
    from winnow.trials.answering.baseline import BaselineEngine

    return BaselineEngine.load(Path(choice.model)) if choice.model else BaselineEngine()


def _reader(choice: EngineChoice) -> Engine:
    from winnow.trials.answering.baseline import BaselineEngine
    from winnow.trials.answering.reader import ReaderEngine

    if not choice.model:
        raise WinnowError("WN-C01", "the reader engine needs a reader", where="--model", fix="`winnow trials tune`.")
    return ReaderEngine.load(Path(choice.model), first=BaselineEngine())


def build_composer(choice: EngineChoice, tiers: TierRules) -> Composer | None:
    """Who cuts criteria into questions; None for the grammar.

    Raises:
        WinnowError: WN-C01 for an unknown name or a missing endpoint.
    """
    if chosen({"grammar": False, "chat": True}, choice.compose, "composer", "WN-C01") is False:
        return None
    from winnow.language import AnswerCache, ChatFailure, composer
    from winnow.trials.composition import compose_with

    endpoint = _endpoint(choice)
    chat = composer(endpoint, AnswerCache())

    def composing(criterion: Criterion, conditions: tuple[str, ...]) -> Composed:
        try:
            return compose_with(chat, criterion, conditions, tiers, endpoint.model)
        except ChatFailure as failure:
            read = compose(criterion, conditions, tiers)
            return replace(read, remarks=(*read.remarks, f"the model did not answer ({failure}): read by grammar"))

    return composing


def _chat(choice: EngineChoice) -> Engine:
    from winnow.trials.answering.baseline import BaselineEngine
    from winnow.trials.answering.chat import ChatEngine

    # Numbers are compared in code, never by a model.
    return ChatEngine(_endpoint(choice), rules=BaselineEngine())


def _endpoint(choice: EngineChoice) -> ChatEndpoint:
    from winnow.language import ChatEndpoint

    if not (choice.endpoint and choice.model):
        raise WinnowError("WN-C01", "a chat model needs an endpoint and a name", where="--endpoint, --model")
    return ChatEndpoint(
        choice.endpoint,
        choice.model,
        key=choice.key_variable or None,
        allow_remote=choice.allow_remote,
        concurrency=choice.concurrency,
    )
