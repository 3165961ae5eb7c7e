"""`winnow tour`: every chapter of Winnow on data that it carries, in about a minute."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson, Device, DryRun, Out
from winnow.cli.output import print_json
from winnow.cli.tickets import found_tickets, result_of, run_find, said
from winnow.recipes import RECIPES
from winnow.recipes.grokking import GROK_RECIPES
from winnow.storage import RunFolder

if TYPE_CHECKING:
    from winnow.cli.ownership.touring import Owned
    from winnow.cli.supernet.touring import Drawn
    from winnow.trials.screening import MatchReport

# The rest of a study's figures take longer to draw than these two runs to train.
_GROK_FIGURES = ("accuracy", "neuron_weights")
_SIGNED_LEVEL = 7


def tour(
    *,
    out: Out = None,
    seed: Annotated[int, Parameter(help="Root of every random stream.")] = 0,
    replicates: Annotated[int, Parameter(help="Repetitions.")] = 3,
    device: Device = "auto",
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Draw a real winning ticket, watch a network grok, match three fictional patients to twelve trials, sign a ticket,
    search and prune a supernet.

    LeNet on handwritten digits, with controls, in under a minute; modular addition and its grokked ticket, in half of
    one; worklists with quoted evidence, in seconds; the ticket signed, attacked three ways and judged; and one supernet
    for three tasks on scenes of digits, in a minute.
    """
    recipe = RECIPES["lenet-digits"](seed=seed, replicates=replicates)
    run = run_find(recipe, "lenet-digits", out, device, dry_run, json)
    if run is None:
        return
    report = found_tickets(run)
    root = out or Path("runs")
    grokked, grok_page = _grok(root / "tour-grok", seed, device)
    worklists = _match(root / "tour-trials")
    owned = _own(root / "tour-ownership", run)
    drawn = _draw(root / "tour-supernet", seed)
    if json:
        grok = {"report": str(grok_page), "findings": grokked}
        told = {
            "grok": grok,
            "trials": _told(worklists),
            "ownership": {"page": str(owned.page), "judged": owned.judged},
            "supernet": [one.told() for one in drawn],
        }
        print_json({**result_of(run.path, report), **told})
        return
    said(run, report)
    print("", *grokked[:2], f"Report: {grok_page}", "", *_lines(worklists), "", *owned.lines(), sep="\n")
    print("", *(line for one in drawn for line in (one.line(), f"Report: {one.page}")), sep="\n")


def _grok(folder: Path, seed: int, device: str) -> tuple[list[str], Path]:
    """Addition modulo 67 on half of all pairs: dense, and the ticket of its last weights, two of each."""
    from winnow.grokking.figures import findings, write_study_page
    from winnow.grokking.studies import Work, plan_study, run_study
    from winnow.training import progress_for

    recipe = GROK_RECIPES["mlp-add-half"](replicates=2, steps=8000, snapshot_every=1000, rest=500, seed=seed)
    plan = plan_study(recipe, ("dense", "ticket"), name="mlp-add-half", out=folder)
    result = run_study(plan, work=Work(device), progress=progress_for(sys.stderr.isatty()))
    page = write_study_page(result, "winnow grok ticket mlp-add-half --controls none", only=_GROK_FIGURES)
    return findings(result), page


def _match(folder: Path) -> MatchReport:
    """The three patients against the twelve trials, in a store of their own."""
    from winnow.trials.matching import MatchSettings
    from winnow.trials.screening import MatchRequest, import_files, run_match
    from winnow.trials.store import open_store
    from winnow.trials.tour import AS_OF, tour_patients, tour_trials

    folder.mkdir(parents=True, exist_ok=True)
    with open_store(folder / "store.db", operator="tour") as store:
        import_files(store, tour_patients(), tour_trials())
        return run_match(store, MatchRequest(folder, settings=MatchSettings(as_of=AS_OF)))


def _own(folder: Path, run: RunFolder) -> Owned:
    """The first replicate's ticket at a fifth of its weights, signed; the second replicate's is the innocent one."""
    from winnow.cli.ownership.touring import own

    level = run.level(_SIGNED_LEVEL)
    return own(folder, level / "replicate-0", level / "replicate-1")


def _draw(folder: Path, seed: int) -> list[Drawn]:
    """One supernet for each of three tasks, on scenes composed of digits."""
    from winnow.cli.supernet.touring import drawn

    return drawn(folder, seed)


def _told(report: MatchReport) -> dict[str, Any]:
    return {
        "pages": {name: str(page) for name, page in report.pages.items()},
        "worklists": {name: [s.trial_id for s in match.standings] for name, match in report.matches.items()},
    }


def _lines(report: MatchReport) -> list[str]:
    """One sentence a patient, and where to look."""
    lines = []
    for name, match in report.matches.items():
        best, chart = match.standings[0], match.chart
        quotes = sum(len(answer.quotes) for answers in match.answers.values() for answer in answers)
        title = match.trials[best.trial_id].trial.title
        lines.append(
            f"{name} (fictional), {len(chart.notes)} notes, {len(match.standings)} trials: first {best.trial_id} "
            f"({title}), {best.summary}; {quotes} quotes."
        )
        lines.append(f"Worklist: {report.pages[name]}")
    return [*lines, "Research use; decision support for trained staff, not a medical device."]
