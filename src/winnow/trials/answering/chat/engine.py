"""`ChatEngine`: questions answered by a chat model, every answer checked before it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from winnow.language.chat import ChatEndpoint
from winnow.language.chat_cache import AnswerCache
from winnow.language.chat_json import Reply, ask_json
from winnow.language.chat_reply import ChatFailure
from winnow.trials.answering.answer import (
    ERROR,
    NOT_DOCUMENTED,
    NOT_EVALUATED,
    Answer,
    Asked,
    Engine,
    TellsEvidence,
    Tokens,
)
from winnow.trials.answering.chat.counts import Counter, EngineUsage
from winnow.trials.answering.chat.prompt import PROMPT_ID, messages_for, schema_for
from winnow.trials.answering.chat.reading import unchecked
from winnow.trials.answering.chat.shown import Shown, shown_for
from winnow.trials.answering.chat.workers import run_at_once
from winnow.trials.answering.quotes import DEMOTED, UNQUOTED, check_quotes
from winnow.trials.retrieval import Sentence, looks_like_instruction
from winnow.trials.retrieval.chart import Chart

IN_NOTE, IN_CRITERION, REPAIRED = "instruction in a note", "instruction in a criterion", "repaired"


class ChatEngine:
    """Puts questions to a chat model with the chart's best passages, and checks what comes back.

    An answer that is cut off, no JSON, or does not fit the schema is asked for once more with what was wrong; after
    that its status is "error", never "no". A quote has to stand in the notes, else the answer is demoted to "not
    documented". Silence of the chart is never a "no" here: whether it counts as one is the scoring's policy.

    Args:
        endpoint: the model.
        k: passages shown for a question.
        batch: questions of one criterion asked in one call.
        whole: charts of at most this many characters are shown whole, which lets a server's prefix cache work.
        cache: kept answers; those of Winnow's cache when True, none when False.
        rules: asked first; what it answers is not put to the model (numbers and dates are better compared in code).
    """

    reads_criterion = True  # what it answers depends on the criterion's words too, not on the question alone

    def __init__(
        self,
        endpoint: ChatEndpoint,
        *,
        k: int = 6,
        batch: int = 1,
        whole: int = 12_000,
        cache: AnswerCache | bool = True,
        rules: Engine | None = None,
    ) -> None:
        self._endpoint, self._k, self._batch, self._whole = endpoint, k, batch, whole
        self._cache = AnswerCache() if cache is True else (None if cache is False else cache)
        self._rules = rules
        self._counter = Counter()

    @property
    def name(self) -> str:
        """The model, its settings, the prompt's digest and what is shown."""
        shown = f"k={self._k},batch={self._batch},whole={self._whole}"
        before = f",after={self._rules.name}" if self._rules else ""
        return f"chat:{self._endpoint.model},{self._endpoint.settings_id},prompt={PROMPT_ID},{shown}{before}"

    @property
    def usage(self) -> EngineUsage:
        """Questions, errors, quotes, calls and tokens so far."""
        return self._counter.usage(self._endpoint.usage)

    def evidence_of(self, asked: Sequence[Asked], chart: Chart) -> list[list[Sentence]]:
        """All of a chart that is shown whole; else the passages of each question, and what its rules read."""
        if not asked or sum(len(chunk.text) for chunk in chart.chunks) <= self._whole:
            return [list(chart.sentences) for _ in asked]
        best = chart.passages([one.question.statement or one.question.text for one in asked], self._k)
        shown = [[s for chunk in own for s in chart.sentences[slice(*chunk.sentences)]] for own in best]
        ruled = self._rules.evidence_of(asked, chart) if isinstance(self._rules, TellsEvidence) else [[] for _ in asked]
        return [list(dict.fromkeys([*own, *more])) for own, more in zip(shown, ruled, strict=True)]

    def answer(self, asked: Sequence[Asked], chart: Chart) -> list[Answer]:
        """One answer a question, in order.

        Raises:
            WinnowError: WN-L05 when the endpoint does not answer at all at the start; later failures are answers.
        """
        answers = self._ruled(asked, chart)
        left = [place for place in range(len(asked)) if place not in answers]
        groups = list(_groups(left, asked, self._batch))
        tasks = [partial(self._group, [asked[place] for place in group], chart) for group in groups]
        done = run_at_once(tasks, self._endpoint.concurrency, self._endpoint.stop)
        for group, made in zip(groups, done, strict=True):
            answers.update(zip(group, made, strict=True))
        return [answers[place] for place in range(len(asked))]

    def _ruled(self, asked: Sequence[Asked], chart: Chart) -> dict[int, Answer]:
        if self._rules is None:
            return {}
        typed = [place for place, one in enumerate(asked) if one.question.comparison is not None]
        made = self._rules.answer([asked[place] for place in typed], chart)
        return {place: answer for place, answer in zip(typed, made, strict=True) if answer.value != "n/a"}

    def _group(self, asked: list[Asked], chart: Chart) -> list[Answer]:
        self._counter.add(questions=len(asked))
        shown = shown_for(asked, chart, self._k, self._whole)
        if not shown:
            return [_without(one, NOT_DOCUMENTED, "the chart holds nothing to read") for one in asked]
        flags = _flags(asked, shown, chart)
        messages, schema = messages_for(asked, shown, chart.as_of), schema_for(len(asked))
        try:
            reply = ask_json(self._endpoint, messages, schema, self._cache)
        except ChatFailure as failure:
            return self._failed(asked, failure, flags)
        return self._answered(asked, reply, shown, chart, flags)

    def _answered(
        self, asked: list[Asked], reply: Reply, shown: Sequence[Shown], chart: Chart, flags: tuple[str, ...]
    ) -> list[Answer]:
        count = len(asked)
        self._counter.add(repaired=count * reply.repaired, cache_hits=count * reply.from_cache)
        flags = (*flags, REPAIRED) if reply.repaired else flags
        values = [reply.value] if count == 1 else [reply.value[f"q{number}"] for number in range(1, count + 1)]
        # The call's tokens are told once: summed over the answers they are what was spent.
        tokens = [Tokens(reply.prompt, reply.completion, reply.cached), *[None] * (count - 1)]
        answers = []
        for one, value, cost in zip(asked, values, tokens, strict=True):
            made, invented = unchecked(value, one, shown, chart, by=reply.model, flags=flags, tokens=cost)
            checked = check_quotes(made, chart, invented)
            demoted = bool({DEMOTED, UNQUOTED} & set(checked.answer.flags))
            self._counter.add(quotes=checked.given, moved=checked.moved, dropped=checked.dropped, demoted=demoted)
            answers.append(checked.answer)
        return answers

    def _failed(self, asked: list[Asked], failure: ChatFailure, flags: tuple[str, ...]) -> list[Answer]:
        status = ERROR if failure.asked else NOT_EVALUATED
        self._counter.add(**{"errors" if failure.asked else "not_evaluated": len(asked)})
        made = failure.completions
        spent = Tokens(sum(c.prompt for c in made), sum(c.completion for c in made), sum(c.cached for c in made))
        tokens = [spent if made else None, *[None] * (len(asked) - 1)]
        by = made[-1].model if made else self._endpoint.model
        return [_without(one, status, failure.reason, by, flags, cost) for one, cost in zip(asked, tokens, strict=True)]


def _groups(places: Sequence[int], asked: Sequence[Asked], size: int) -> Iterator[list[int]]:
    """Places of questions asked together: neighbours of one criterion and population, at most `size`."""
    group: list[int] = []
    for place in places:
        if group and (len(group) >= size or not _together(asked[group[0]], asked[place])):
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def _together(first: Asked, other: Asked) -> bool:
    return (first.kind, first.criterion, first.only_if) == (other.kind, other.criterion, other.only_if)


def _flags(asked: Sequence[Asked], shown: Sequence[Shown], chart: Chart) -> tuple[str, ...]:
    notes = {one.chunk.note_id for one in shown}
    trial = [text for one in asked for text in (one.criterion, one.question.text, one.only_if)]
    found = {
        IN_NOTE: any(sentence.note_id in notes for sentence in chart.flagged),
        IN_CRITERION: any(map(looks_like_instruction, trial)),
    }
    return tuple(flag for flag, there in found.items() if there)


def _without(
    asked: Asked, status: str, reason: str, by: str = "", flags: tuple[str, ...] = (), tokens: Tokens | None = None
) -> Answer:
    return Answer(asked.question.question_id, "n/a", status, 0.5, reasoning=reason, by=by, flags=flags, tokens=tokens)
