"""The answering engine by name, with what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.core import WinnowError, chosen
from winnow.trials.answering import Engine

if TYPE_CHECKING:
    from winnow.language import SentenceEncoder

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
    """

    name: str = "baseline"
    model: str = ""
    endpoint: str = ""
    key_variable: str = ""
    allow_remote: bool = False
    concurrency: int = 4


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
    from winnow.language import PairReader
    from winnow.trials.answering.baseline import BaselineEngine
    from winnow.trials.answering.reader import ReaderEngine

    if not choice.model:
        raise WinnowError("WN-C01", "the reader engine needs a reader", where="--model", fix="`winnow trials tune`.")
    return ReaderEngine(PairReader.load(Path(choice.model)), first=BaselineEngine())


def _chat(choice: EngineChoice) -> Engine:
    from winnow.language import ChatEndpoint
    from winnow.trials.answering.chat import ChatEngine

    if not (choice.endpoint and choice.model):
        raise WinnowError("WN-C01", "the chat engine needs an endpoint and a model", where="--endpoint, --model")
    return ChatEngine(
        ChatEndpoint(
            choice.endpoint,
            choice.model,
            key_variable=choice.key_variable,
            allow_remote=choice.allow_remote,
            concurrency=choice.concurrency,
        )
    )
