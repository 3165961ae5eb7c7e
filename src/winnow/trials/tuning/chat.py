"""A chat model tuned OncoLLM-style: supervised on records, reasoning before the answer, in the chat engine's own form.

The prompt is the one that `ChatEngine` sends and the completion is the JSON that it reads, so the tuned model can be
served behind the engine as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.trials.answering import Asked
from winnow.trials.answering.chat.prompt import messages_for
from winnow.trials.answering.chat.shown import Shown
from winnow.trials.composition import Question
from winnow.trials.retrieval import Chunk
from winnow.trials.tuning.records import Record, ShownChunk, check_record

if TYPE_CHECKING:
    from winnow.language.lora import ChatExample, LoraSettings, Tuned


def tune_chat(base: str, records: Sequence[Record], out: Path | str, settings: LoraSettings | None = None) -> Tuned:
    """Fit a LoRA adapter of a chat model to records; see `winnow.language.lora.tune_lora`.

    Raises:
        WinnowError: WN-C01 for a record that contradicts itself, and those of `tune_lora`.
    """
    from winnow.language.lora import tune_lora

    return tune_lora(base, examples_of(records), out, settings)


def examples_of(records: Sequence[Record]) -> list[ChatExample]:
    """The records as prompts and completions.

    Raises:
        WinnowError: WN-C01 for a record that contradicts itself.
    """
    return [_example(check_record(record, f"record {number}")) for number, record in enumerate(records, 1)]


def _example(record: Record) -> ChatExample:
    from winnow.language.lora import ChatExample

    asked = Asked(Question(record.question, record.question), record.kind, record.criterion)
    shown = [_shown(chunk) for chunk in record.chunks]
    system, user = messages_for([asked], shown, record.as_of)
    return ChatExample(system["content"], user["content"], _completion(record))


def _completion(record: Record) -> str:
    """The answer as the engine's schema has it: "reasoning" is written before "answer"."""
    quotes = [{"chunk": c.chunk, "text": c.text} for c in record.citations]
    told = {"reasoning": record.explanation, "answer": record.answer, "confidence": record.confidence}
    return json.dumps({**told, "quotes": quotes}, ensure_ascii=False)


def _shown(chunk: ShownChunk) -> Shown:
    whole = Chunk("", 0, len(chunk.text), chunk.text, chunk.header, (0, 0))
    return Shown(chunk.label, whole, chunk.text)
