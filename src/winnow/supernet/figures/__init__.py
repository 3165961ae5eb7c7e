"""Figures of supernets: the searched architecture as a picture, what it costs, how it moved, and the pages."""

from winnow.supernet.figures.comparison_page import write_ablation_page as write_ablation_page
from winnow.supernet.figures.comparison_page import write_transfer_page as write_transfer_page
from winnow.supernet.figures.dots import Outcome as Outcome
from winnow.supernet.figures.dots import dots as dots
from winnow.supernet.figures.drawn import Drawn as Drawn
from winnow.supernet.figures.drawn_page import write_draw_page as write_draw_page
from winnow.supernet.figures.examples import examples as examples
from winnow.supernet.figures.latency import latency as latency
from winnow.supernet.figures.layers import layer_densities as layer_densities
from winnow.supernet.figures.layers import layer_table as layer_table
from winnow.supernet.figures.movement import movement as movement
from winnow.supernet.figures.picture import picture as picture
from winnow.supernet.figures.tradeoff import NetworkPoint as NetworkPoint
from winnow.supernet.figures.tradeoff import tradeoff as tradeoff
