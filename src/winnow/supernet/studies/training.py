"""Trains the legs of a pipeline, keeps the tickets, and at the end measures them on the test images."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from winnow.core import non_default_fields
from winnow.sparsity import Mask, Ticket
from winnow.storage import Metric, RunFolder, write_json, write_part
from winnow.supernet.compact.saved import Saved, save_network
from winnow.supernet.compact.ticket import to_ticket
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import costs_of
from winnow.supernet.studies.measured import DRAWN, RETRAINED, Measured, measured
from winnow.supernet.studies.pipelines import Leg, legs_of, pipeline_named
from winnow.supernet.studies.plan import DrawPlan
from winnow.supernet.studies.problem import Problem
from winnow.supernet.studies.result import DrawResult, write_result
from winnow.supernet.studies.source import RETRAINED as RETRAINED_TICKET
from winnow.supernet.studies.source import TICKET, read_source, source_of
from winnow.supernet.training import Learner, ticket_network, train_phases
from winnow.training import Progress

CHECKPOINTS, EVENTS, NETWORK = "checkpoints", "events.json", "network.safetensors"


@dataclass(frozen=True)
class Work:
    """How runs are worked on; nothing of it changes what they come to.

    Attributes:
        checkpoint_seconds: at least so long between two checkpoints.
        measure_every: steps between further measurements on validation images, for curves; 0: at ends of phases only.
    """

    checkpoint_seconds: float = 30.0
    measure_every: int = 0


def conduct(plan: DrawPlan, problem: Problem, work: Work, progress: Progress | None = None) -> DrawResult:
    """Train what is not trained yet, and write the run's tickets, events, metrics, export and result.

    Every leg has a checkpoint of its own, which stays until the result is written, so a killed run repeats no leg.

    Raises:
        WinnowError: WN-R05 when the run that this one starts from is not finished; WN-T01.
    """
    pipeline = pipeline_named(plan.pipeline)
    recipe = pipeline.recipe(plan.recipe)
    source = read_source(plan.source) if plan.source else None
    learner = pipeline.start(problem.dense, source, recipe.seed).learner(problem.task, recipe)
    run, rows, events = _Run(plan, problem, recipe, work, progress), [], []
    for number, leg in enumerate(legs_of(pipeline, recipe)):
        learner, told = run.train(learner, leg, number)
        events += told
        if learner.step == recipe.steps:
            rows.append(run.keep(learner, DRAWN, TICKET))
    if recipe.retrain_steps:
        rows.append(run.keep(learner, RETRAINED, RETRAINED_TICKET))
    write_json(plan.path / EVENTS, events)
    result = run.finish(rows)
    shutil.rmtree(plan.path / CHECKPOINTS, ignore_errors=True)
    return result


@dataclass(frozen=True)
class _Run:
    plan: DrawPlan
    problem: Problem
    recipe: SupernetRecipe
    work: Work
    progress: Progress | None

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.plan.path)

    def train(self, learner: Learner, leg: Leg, number: int) -> tuple[Learner, list[dict[str, Any]]]:
        """One leg; the learner after it, and its searches and prunings."""
        name = f"{number}-{leg.phase.name}"
        trained = train_phases(
            learner,
            [leg.phase],
            self.problem.task,
            self.problem.data,
            self.recipe,
            checkpoint=self.plan.path / CHECKPOINTS / f"{name}.safetensors",
            checkpoint_seconds=self.work.checkpoint_seconds,
            progress=self.progress,
            measure_every=self.work.measure_every or None,
        )
        write_part(self.folder.metrics, name, [row._replace(level=number) for row in trained.rows])
        events = list(trained.events)
        if leg.then is not None:
            happened = leg.then(trained.learner, self.problem, self.recipe)
            events.append({"phase": leg.phase.name, "step": trained.learner.step, **happened})
        return trained.learner, events

    def keep(self, learner: Learner, row: str, place: str) -> Measured:
        """Write the learner's ticket and measure it on validation images."""
        problem, recipe = self.problem, self.recipe
        network = ticket_network(learner, problem.task, problem.data, recipe)
        found = problem.task.measure(network, problem.data.validation, batch=recipe.batch)
        one = measured(row, learner.step, network, learner.mask, found)
        saved = Saved(network.architecture, network.state_dict(), Mask(learner.mask), {"results": one.to_plain()})
        to_ticket(saved, learner.start, source=self._provenance()).save_pretrained(self.plan.path / place)
        return one

    def finish(self, rows: Sequence[Measured]) -> DrawResult:
        """Measure the tickets on the test images, which nothing has seen before, and write what is left to write."""
        tested = [self._tested(row, place) for row, place in zip(rows, (TICKET, RETRAINED_TICKET), strict=False)]
        write_part(self.folder.metrics, "test", [metric for row in tested for metric in self._metrics(row)])
        dense = costs_of(self.problem.dense)
        plan, metric = self.plan, self.problem.task.metric
        result = DrawResult(
            plan.path, plan.run_id, plan.pipeline, plan.recipe, metric, dense.parameters, dense.macs, tuple(tested)
        )
        self._export(result)
        write_result(result)
        return result

    def _tested(self, row: Measured, place: str) -> Measured:
        path, problem = self.plan.path / place, self.problem
        ticket = Ticket.from_pretrained(path)
        network = source_of(ticket, path).network()
        test = problem.task.measure(network, problem.data.test, batch=self.recipe.batch)
        done = replace(row, test=test)
        replace(ticket, manifest={**ticket.manifest, "results": done.to_plain()}).save_pretrained(path)
        return done

    def _export(self, result: DrawResult) -> None:
        """The last network as one file."""
        data, source = self.problem.data, read_source(self.plan.path)
        report = {
            "names": list(data.classes),
            "mean": data.mean.tolist(),
            "deviation": data.deviation.tolist(),
            "provenance": self._provenance(),
            "results": result.last.to_plain(),
        }
        save_network(self.plan.path / NETWORK, source.architecture, source.trained, source.mask, report)

    def _provenance(self) -> dict[str, Any]:
        """Where a network comes from."""
        plan = self.plan
        recipe = {"name": plan.name, "fields": non_default_fields(plan.recipe)}
        about = {"study": "supernet", "run": plan.run_id, "pipeline": plan.pipeline, "recipe": recipe}
        return {**about, "data": {name: plan.data[name] for name in ("name", "fingerprint")}}

    def _metrics(self, row: Measured) -> list[Metric]:
        return [Metric(0, row.row, 0, row.steps, "test", name, value) for name, value in row.test.items()]
