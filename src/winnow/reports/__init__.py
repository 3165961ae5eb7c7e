"""Plot theme, tables and self-contained pages. No torch, and no study: each study draws its own figures with these."""

from winnow.reports.axes import percent_remaining_axis as percent_remaining_axis
from winnow.reports.axes import thinned as thinned
from winnow.reports.figure import inline_svg as inline_svg
from winnow.reports.figure import save_figure as save_figure
from winnow.reports.page import Code as Code
from winnow.reports.page import Details as Details
from winnow.reports.page import Facts as Facts
from winnow.reports.page import Page as Page
from winnow.reports.page import Picture as Picture
from winnow.reports.page import Points as Points
from winnow.reports.page import Prose as Prose
from winnow.reports.page import Section as Section
from winnow.reports.page import write_page as write_page
from winnow.reports.spread import Spread as Spread
from winnow.reports.tables import Column as Column
from winnow.reports.tables import Table as Table
from winnow.reports.tables import write_table as write_table
from winnow.reports.words import margin as margin
from winnow.reports.words import percent as percent
from winnow.reports.words import replicates as replicates
from winnow.reports.words import short_percent as short_percent
