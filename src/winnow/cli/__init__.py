"""The `winnow` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import winnow
from winnow.cli import analyse, bench, compare, connect, exports, sweep, tickets, transfer
from winnow.cli.doctor import doctor
from winnow.cli.grok import app as grok
from winnow.cli.output import INTERRUPTED, USER_ERROR, print_error
from winnow.cli.ownership import app as ownership
from winnow.cli.runs import report, runs
from winnow.cli.supernet import app as supernet
from winnow.cli.tour import tour
from winnow.cli.trials import app as trials
from winnow.core import WinnowError

app = App(
    name="winnow",
    help="Keeps the few that matter: finds the small network inside a big one that trains as well as the whole.",
    version=winnow.__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
tickets.app.command(exports.export)
tickets.app.command(bench.bench)
tickets.app.command(analyse.analyse)
tickets.app.command(compare.compare)
tickets.app.command(connect.connect)
tickets.app.command(transfer.transfer)
tickets.app.command(sweep.sweep)
app.command(tour)
app.command(tickets.app)
app.command(grok)
app.command(supernet)
app.command(ownership)
app.command(trials)
app.command(runs)
app.command(report)
app.command(doctor)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. A user's mistake is 2, an interruption 130, never a traceback."""
    given = list(sys.argv[1:] if words is None else words)
    try:
        code = app(given, exit_on_error=False, print_error=True, result_action="return_value")
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except CycloptsError:
        return USER_ERROR
    except WinnowError as error:
        print_error(error, "--json" in given)
        return USER_ERROR
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted; Python must not complain again while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    return 0
