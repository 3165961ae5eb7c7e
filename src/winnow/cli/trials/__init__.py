"""`winnow trials ...`: from a patient's notes to a worklist of trials."""

from __future__ import annotations

from cyclopts import App

from winnow.cli.trials import asking, auditing, forgetting, importing, matching, measuring, ranking, tuning

app = App(name="trials", help="Match patients and clinical trials, every answer with its quoted evidence.")
app.command(importing.import_files, name="import")
app.command(matching.match)
app.command(ranking.rank)
app.command(asking.ask)
app.command(measuring.evaluate)
app.command(matching.rescreen)
app.command(auditing.audit)
app.command(tuning.tune)
app.command(forgetting.forget)
