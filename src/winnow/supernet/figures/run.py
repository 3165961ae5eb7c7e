"""What the figures read of a finished run: its last network, its events, its measurements, its examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from winnow.storage import Metric, RunFolder, query, read_json
from winnow.supernet.compact.accounting import Accounting, accounting
from winnow.supernet.figures.drawn import Drawn
from winnow.supernet.figures.examples import examples
from winnow.supernet.network import importances
from winnow.supernet.space import Architecture
from winnow.supernet.studies import DrawResult, Problem, Source, read_source
from winnow.supernet.studies.training import EVENTS


@dataclass(frozen=True, eq=False)
class RunParts:
    """Of one finished run.

    Attributes:
        source: its last ticket.
        account: the ticket's layers.
        events: searches and prunings.
        metrics: all measurements, in order of steps.
        data: what `describe_vision` told when it began.
    """

    source: Source
    account: Accounting
    events: list[dict[str, Any]]
    metrics: list[Metric]
    data: Mapping[str, Any]

    @classmethod
    def of(cls, result: DrawResult) -> RunParts:
        """Read them.

        Raises:
            WinnowError: WN-R05 when something is missing, WN-S03 when it is damaged.
        """
        run, source = RunFolder(result.folder), read_source(result.folder)
        events = run.path / EVENTS
        rows = query(run.metrics, "select * from metrics order by step, level, split, metric")
        return cls(
            source,
            accounting(source.architecture, source.mask),
            read_json(events) if events.is_file() else [],
            [Metric(**row) for row in rows],
            run.header().get("data", {}),
        )

    @property
    def architecture(self) -> Architecture:
        """What search left."""
        return self.source.architecture

    def importances(self) -> dict[int, list[float]]:
        """|gamma| of all units by kernel size."""
        found: dict[int, list[float]] = {kernel: [] for kernel in self.architecture.space.kernels}
        gammas = importances(self.source.network())
        for place, widths in zip(self.architecture.places, self.architecture.widths, strict=True):
            if any(widths):
                for kernel, part in zip(found, gammas[place.name].detach().abs().split(list(widths)), strict=True):
                    found[kernel] += part.tolist()
        return found

    def examples(self, problem: Problem) -> Drawn | None:
        """The first test images with what the network says."""
        test = problem.data.test
        first = slice(0, 12)
        said: Tensor = problem.task.predict(self.source.network(), test.images[first])
        return examples(problem.data.task, test.images[first], test.targets[first], said, problem.data.classes)
