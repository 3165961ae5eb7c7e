"""`winnow grok ...`: grokking, its tickets, and what else accelerates it."""

from cyclopts import App

from winnow.cli.grok.comparing import compare
from winnow.cli.grok.drawing import figures
from winnow.cli.grok.sweeping import sweep
from winnow.cli.grok.training import run, ticket

app = App(name="grok", help="Study grokking: dense networks, grokked tickets, controls, accelerators.")
for command in (run, ticket, sweep, compare, figures):
    app.command(command)
