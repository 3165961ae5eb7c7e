"""What of a chart a chat model is shown: passages in the chart's order, without what looks like an instruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from winnow.core import digest
from winnow.trials.answering.answer import Asked
from winnow.trials.retrieval import Chunk, looks_like_instruction
from winnow.trials.retrieval.chart import Chart

LEFT_OUT = "[...]"


@dataclass(frozen=True)
class Shown:
    """A passage as the model sees it.

    Attributes:
        label: what the model cites, "c12": its place among the chart's chunks, the same for every question.
        chunk: whose words.
        text: the chunk's text with flagged sentences left out; all else as in the note, so that it can be quoted.
    """

    label: str
    chunk: Chunk
    text: str


def shown_for(asked: Sequence[Asked], chart: Chart, k: int, whole: int) -> tuple[Shown, ...]:
    """The chart's passages for these questions, in the chart's order.

    A chart of at most `whole` characters is shown as it is, whatever is asked: a server then reads it once and finds it
    in its prefix cache for every other question. Of a longer one, the `k` best passages of each question; where fewer
    have a word of it, the latest ones fill up, since other words may say the same.
    """
    chunks = chart.chunks
    if sum(len(chunk.text) for chunk in chunks) > whole:
        best = chart.passages([one.question.statement or one.question.text for one in asked], k)
        wanted = dict.fromkeys(chunk for hits in best for chunk in hits)
        for chunk in reversed(chunks):
            if len(wanted) < k:
                wanted[chunk] = None
    else:
        wanted = dict.fromkeys(chunks)
    return tuple(
        Shown(f"c{place}", chunk, _without_flagged(chunk, chart))
        for place, chunk in enumerate(chunks)
        if chunk in wanted
    )


def as_blocks(shown: Sequence[Shown]) -> str:
    """The passages, each between marks that no note can forge: they hold a digest of all that is shown."""
    mark = digest([(one.label, one.chunk.header, one.text) for one in shown])[:12]
    return "\n".join(
        f"[[{one.label} {mark}]] {_header(one.chunk)}\n{one.text}\n[[end {one.label} {mark}]]" for one in shown
    )


def _header(chunk: Chunk) -> str:
    return "" if looks_like_instruction(chunk.header) else " ".join(chunk.header.split())


def _without_flagged(chunk: Chunk, chart: Chart) -> str:
    spans = sorted((s.start, s.end) for s in chart.flagged if s.note_id == chunk.note_id)
    text, at = "", chunk.start
    for start, end in spans:
        if start < chunk.end and end > at:
            text += chunk.text[at - chunk.start : max(at, start) - chunk.start] + LEFT_OUT
            at = min(end, chunk.end)
    return text + chunk.text[at - chunk.start :]
