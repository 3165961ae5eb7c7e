"""`winnow trials match` and `winnow trials rescreen`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson, DryRun
from winnow.cli.output import print_facts, print_json, print_table
from winnow.cli.trials.options import DEFAULT_STORE, EngineFlags, MatchFlags, Operator, Patients, Store, Trials, Words
from winnow.core import plain
from winnow.storage import write_text

if TYPE_CHECKING:
    from winnow.trials.matching import Difference
    from winnow.trials.patients import Patient
    from winnow.trials.screening import MatchReport, MatchRequest

Out = Annotated[Path, Parameter(help="Folder of the worklists.")]
Only = Annotated[Words, Parameter(help="Only these patients of the store.", consume_multiple=True, negative=())]
OnlyTrials = Annotated[Words, Parameter(help="Only these trials of the store.", consume_multiple=True, negative=())]


def match(
    *,
    patients: Patients = None,
    trials: Trials = None,
    store: Store = DEFAULT_STORE,
    only: Only = (),
    only_trials: OnlyTrials = (),
    out: Out = Path("worklists"),
    flags: MatchFlags = MatchFlags(),  # noqa: B008 - frozen
    engine: EngineFlags = EngineFlags(),  # noqa: B008 - frozen
    operator: Operator = None,
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Rank trials for every patient, with quoted evidence for every criterion.

    Writes a page and a JSON file a patient, and two CSV files. Run again after a stop or a kill: what was answered is
    kept. Research use: decision support for trained staff, not a medical device; nobody is excluded automatically.
    """
    _run("match", patients, trials, store, only, only_trials, out, flags, engine, operator, dry_run, json)


def rescreen(
    *,
    patients: Patients = None,
    trials: Trials = None,
    store: Store = DEFAULT_STORE,
    only: Only = (),
    only_trials: OnlyTrials = (),
    out: Out = Path("worklists"),
    flags: MatchFlags = MatchFlags(),  # noqa: B008 - frozen
    engine: EngineFlags = EngineFlags(),  # noqa: B008 - frozen
    operator: Operator = None,
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Add new notes to stored patients, ask only the questions whose evidence changed, and show what differs."""
    _run("rescreen", patients, trials, store, only, only_trials, out, flags, engine, operator, dry_run, json)


def _run(
    kind: str,
    patients: Path | None,
    trials: Path | None,
    store: str,
    only: Words,
    only_trials: Words,
    out: Path,
    flags: MatchFlags,
    engine: EngineFlags,
    operator: str | None,
    dry_run: bool,
    json: bool,
) -> None:
    from winnow.trials.screening import MatchRequest, import_files, run_match
    from winnow.trials.store import open_store

    settings = flags.settings()
    request = MatchRequest(out, only, only_trials, engine.choice(), engine.encoder, settings, kind)
    if dry_run:
        return _show_plan(request, patients, trials, json)
    # Without files to read there is nothing but what a store holds.
    with open_store(store, operator, create=bool(patients or trials)) as opened:
        found = import_files(opened, patients, trials, merge=kind == "rescreen")
        own = only or tuple(patient.patient_id for patient in found.patients)
        theirs = only_trials or tuple(trial.trial_id for trial in found.trials)
        report = run_match(opened, dataclasses.replace(request, patients=own, trials=theirs), _progress)
    write_text(out / "changes.json", _changes_json(report))
    print_json(_result(report, found.unread)) if json else _print(report, found.unread, settings.by)
    return None


def _progress(patient: Patient, answered: int, questions: int) -> None:
    print(f"\r{patient.patient_id}: {answered} of {questions} questions", end="", file=sys.stderr, flush=True)
    if answered >= questions:
        print(file=sys.stderr)


def _show_plan(request: MatchRequest, patients: Path | None, trials: Path | None, json: bool) -> None:
    from winnow.trials.matching import prepare_trials
    from winnow.trials.patients import read_patients
    from winnow.trials.registry import read_trials

    # A dry run leaves the store alone, so it counts what the files hold.
    prepared = prepare_trials(read_trials(trials).trials if trials else (), tiers=request.settings.tiers)
    facts = {
        "patients": len(read_patients(patients)) if patients else 0,
        "trials": len(prepared),
        "criteria": sum(len(trial.composed) for trial in prepared),
        "questions": sum(trial.questions for trial in prepared),
        "engine": request.engine.name,
        "encoder": request.encoder,
        "ranked by": request.settings.by,
        "out": str(request.out),
    }
    print_json({**facts, "policy": plain(request.settings.policy)}) if json else print_facts(facts)


def _result(report: MatchReport, unread: Any) -> dict[str, Any]:
    return {
        "run": report.run_id,
        "pages": {name: str(page) for name, page in report.pages.items()},
        "sheets": [str(sheet) for sheet in report.sheets],
        "effort": plain(report.effort),
        "not_understood": list(unread),
        "changes": {name: plain(change) for name, change in report.changes.items()},
        "worklists": {
            name: [{"trial": s.trial_id, "scores": dict(s.scores), "summary": s.summary} for s in match.standings]
            for name, match in report.matches.items()
        },
    }


def _changes_json(report: MatchReport) -> str:
    import json

    changes = {name: plain(change) for name, change in report.changes.items()}
    return json.dumps(changes, indent=1, sort_keys=True) + "\n"


def _print(report: MatchReport, unread: Any, by: str) -> None:
    for line in unread:
        print(f"not understood: {line}")
    for name, match in report.matches.items():
        print(f"\nPatient {name}, as of {match.chart.as_of or 'no date'}")
        rows = [
            {
                "trial": s.trial_id,
                "score": s.scores[by],
                "conflicts": s.conflicts,
                "open": s.open,
                "standing": s.summary,
            }
            for s in match.standings[:10]
        ]
        print_table(rows, {name: name for name in ("trial", "score", "conflicts", "open", "standing")})
        if name in report.changes:
            _print_changes(report.changes[name])
        print(f"Page: {report.pages[name]}")
    effort = report.effort
    print(
        f"\n{effort.pairs} pairs, {effort.questions} questions, {effort.distinct} distinct, {effort.reused} from the "
        f"store, {effort.errors} errors, {effort.demoted} answers without their quote, {effort.tokens.prompt} + "
        f"{effort.tokens.completion} tokens, {effort.seconds:.1f} s"
    )
    print("Research use; decision support for trained staff, not a medical device; never an automatic exclusion.")


def _print_changes(change: Difference) -> None:
    print(f"{len(change.verdicts)} verdicts and {len(change.ranks)} places or scores changed since the run before")
    for one in change.verdicts:
        before = f"{one.before.outcome} ({one.before.reason})" if one.before else "not assessed"
        after = f"{one.after.outcome} ({one.after.reason})" if one.after else "not assessed"
        print(f"  {one.criterion_id}: {before} -> {after}")
