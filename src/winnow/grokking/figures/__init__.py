"""Figures of a grokking study, the sentences it comes to, its page and its animation."""

from winnow.grokking.figures.animation import write_animation as write_animation
from winnow.grokking.figures.drawn import drawn_rows as drawn_rows
from winnow.grokking.figures.findings import findings as findings
from winnow.grokking.figures.page import write_study_page as write_study_page
from winnow.grokking.figures.summary import run_rows as run_rows
from winnow.grokking.figures.summary import summary_rows as summary_rows
from winnow.grokking.figures.table import FIGURES as FIGURES
from winnow.grokking.figures.table import FigureKind as FigureKind
