"""A run: many patients, many trials, one engine; worklists on disk, answers and a record in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import winnow
from winnow.core import digest, plain
from winnow.trials.matching import Difference, Effort, Matcher, MatchSettings, PatientMatch, difference, prepare_trials
from winnow.trials.matching.outcome import NO_EFFORT
from winnow.trials.patients import Patient
from winnow.trials.registry import Trial
from winnow.trials.report import worklist, write_sheets, write_worklist
from winnow.trials.scoring import Standing, ranked
from winnow.trials.screening.audits import overrides_of
from winnow.trials.screening.books import StoreBook
from winnow.trials.screening.engines import EngineChoice, build_composer, build_engine, sentence_encoder_named
from winnow.trials.screening.snapshots import snapshots_of, standings_of
from winnow.trials.store import Store

Progress = Callable[[Patient, int, int], None]


@dataclass(frozen=True)
class MatchRequest:
    """What to match.

    Attributes:
        out: folder of the worklists.
        patients: ids; every patient of the store when empty.
        trials: ids; every trial of the store when empty.
        engine: who answers.
        encoder: for retrieval: "auto", "minilm", `hf:FOLDER_OR_ID` or "none".
        settings: of matching and scoring.
        kind: "match" or "rescreen".
    """

    out: Path
    patients: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    engine: EngineChoice = field(default_factory=EngineChoice)
    encoder: str = "auto"
    settings: MatchSettings = field(default_factory=MatchSettings)
    kind: str = "match"


@dataclass(frozen=True)
class MatchReport:
    """What a run did.

    Attributes:
        run_id: its name in the store.
        pages: the worklist's page by patient id.
        sheets: CSV files of all patients.
        matches: by patient id.
        changes: against the latest earlier run on each patient; empty for a patient who was never matched.
        effort: of all patients together.
    """

    run_id: str
    pages: Mapping[str, Path]
    sheets: Sequence[Path]
    matches: Mapping[str, PatientMatch]
    changes: Mapping[str, Difference]
    effort: Effort


def run_match(store: Store, request: MatchRequest, progress: Progress | None = None) -> MatchReport:
    """Match, write the worklists, and record the run.

    Answers are stored batch by batch: a killed run goes on where it stopped, and ends with the same worklists.

    Raises:
        WinnowError: WN-L03 for an unknown id, and what engine, store and disk raise.
    """
    patients = store.patients(list(request.patients) or None)
    trials = store.trials(list(request.trials) or None)
    earlier = {p.patient_id: _latest_standings(store, p.patient_id, request.settings) for p in patients}
    matcher = _matcher(request, trials, progress)
    store.put_composed(one for trial in matcher.trials for one in trial.composed)
    run_id = _start(store, request, matcher, patients, trials)
    matcher.overrides = overrides_of(store)
    matcher.book = StoreBook(store, run_id, {p.patient_id: p for p in patients}, request.settings.as_of)
    matches = {}
    try:
        for patient in patients:
            matches[patient.patient_id] = matcher.match(patient)
            store.put_snapshots(run_id, snapshots_of(matches[patient.patient_id].standings))
    except BaseException as stopped:
        store.finish_run(run_id, outcome=f"stopped: {type(stopped).__name__}")
        raise
    report = _write(run_id, request, matcher.engine.name, matches, earlier)
    store.finish_run(run_id, counts=_counts(report.effort))
    return report


def _matcher(request: MatchRequest, trials: Sequence[Trial], progress: Progress | None) -> Matcher:
    encoder = sentence_encoder_named(request.encoder)
    settings = request.settings
    pool = None
    if settings.top is not None and settings.top < len(trials):
        from winnow.trials.retrieval import open_pool

        pool = open_pool(trials, encoder)
    return Matcher(
        trials=prepare_trials(trials, build_composer(request.engine, settings.tiers), settings.tiers),
        engine=build_engine(request.engine),
        settings=settings,
        encoder=encoder,
        pool=pool,
        progress=progress,
    )


def _start(
    store: Store, request: MatchRequest, matcher: Matcher, patients: Sequence[Patient], trials: Sequence[Trial]
) -> str:
    charts = {p.patient_id: [(n.note_id, n.digest) for n in p.notes] for p in patients}
    encoder = matcher.encoder.name if matcher.encoder else "none"
    return store.start_run(
        matcher.engine.name,
        request.settings.as_of,
        policy=plain(request.settings.policy),
        inputs={"charts": digest(charts), "trials": digest([plain(t) for t in trials])},
        versions={"winnow": winnow.__version__, "encoder": encoder},
        kind=request.kind,
    )


def _write(
    run_id: str,
    request: MatchRequest,
    engine: str,
    matches: Mapping[str, PatientMatch],
    earlier: Mapping[str, list[Standing]],
) -> MatchReport:
    documents = {name: worklist(match, request.settings, engine) for name, match in matches.items()}
    pages = {name: write_worklist(document, request.out) for name, document in documents.items()}
    sheets = write_sheets(list(documents.values()), request.out)
    by = request.settings.by
    changes = {name: difference(earlier[name], match.standings, by) for name, match in matches.items() if earlier[name]}
    effort = sum((match.effort for match in matches.values()), NO_EFFORT)
    return MatchReport(run_id, pages, sheets, matches, changes, effort)


def _latest_standings(store: Store, patient_id: str, settings: MatchSettings) -> list[Standing]:
    """What the latest finished run said of this patient, best first; empty when there was none.

    A killed run is no run to compare with: going on after it would look like a change.
    """
    finished = {run.run_id for run in store.runs() if run.outcome == "finished"}
    snapshots = [one for one in store.snapshots(patient_id=patient_id) if one.run_id in finished]
    last = [one for one in snapshots if one.run_id == snapshots[-1].run_id] if snapshots else []
    return ranked(standings_of(last, settings.policy), settings.by)


def _counts(effort: Effort) -> dict[str, Any]:
    return {name: value for name, value in plain(effort).items() if name != "seconds"}
