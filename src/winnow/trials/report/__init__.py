"""The worklist as a self-contained page, JSON and CSV."""

from winnow.trials.report.document import worklist as worklist
from winnow.trials.report.files import write_sheets as write_sheets
from winnow.trials.report.files import write_worklist as write_worklist
from winnow.trials.report.notice import NOTICE as NOTICE
from winnow.trials.report.page import render_worklist as render_worklist
