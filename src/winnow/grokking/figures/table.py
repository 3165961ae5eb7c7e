"""All figures of a study (reference: the figures of Minegishi et al. 2023, and two beyond them)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from winnow.grokking.figures.accelerated import accelerators_figure, costs_figure
from winnow.grokking.figures.controls import at_init_figure, norms_figure, stricter_figure
from winnow.grokking.figures.densities import densities_figure
from winnow.grokking.figures.distances import adjacent_figure, matrix_figure
from winnow.grokking.figures.entropy import entropy_figure
from winnow.grokking.figures.fans import rates_fan_figure, steps_figure
from winnow.grokking.figures.graphs import graphs_figure
from winnow.grokking.figures.heatmaps import heat_maps_figure
from winnow.grokking.figures.neurons import spectra_figure, weights_figure
from winnow.grokking.figures.norms import norm_trajectories_figure
from winnow.grokking.figures.rates import no_decay_figure, rates_figure
from winnow.grokking.figures.supermasks import edge_popup_figure
from winnow.grokking.figures.training import accuracy_figure, accuracy_log_figure, loss_figure
from winnow.grokking.figures.waves import waves_figure
from winnow.grokking.studies.result import StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAND = (
    "Lines are medians over seeds, shades run from the lowest to the highest; a run that ended holds its last value."
)
_NEVER = (
    "A point is a seed, a stroke the median over all of them, a shade their range where all got there; a hollow "
    "triangle is a run that ended without generalising, at what it had spent."
)


@dataclass(frozen=True)
class FigureKind:
    """One figure.

    Attributes:
        name: of its files.
        title: over it in the page.
        function: draws it; None when the result has not what it needs.
        caption: under it.
    """

    name: str
    title: str
    function: Callable[[StudyResult], Figure | None]
    caption: str


FIGURES: tuple[FigureKind, ...] = (
    FigureKind(
        "accuracy",
        "Accuracy",
        accuracy_figure,
        f"Training and test accuracy; dense is dashed grey, the ticket solid blue. {_BAND} Points on the height of the "
        "threshold are the median t_mem (left) and t_gen (right), bars their range; hollow: some seeds never got "
        "there; missing: half or more did not. The dotted line is a guess.",
    ),
    FigureKind(
        "accuracy_log",
        "Accuracy on a logarithmic axis",
        accuracy_log_figure,
        f"The same against the logarithm of the step, which shows memorising. {_BAND}",
    ),
    FigureKind("loss", "Loss", loss_figure, f"Training and test loss, both axes logarithmic. {_BAND}"),
    FigureKind(
        "rates",
        "What the pruning rate does",
        rates_figure,
        "Above: the delay tau = t_gen / t_mem, and both times, against the share k of weights that the ticket loses; "
        "points are seeds, lines medians over all seeds (missing where half of them or more never got there), hollow "
        "triangles runs that ended before, at what they had spent: lower bounds. Dashed: the dense network. "
        f"Below: training and test curves by k. {_BAND}",
    ),
    FigureKind(
        "masks_by_step",
        "Masks from different steps",
        steps_figure,
        "Left: tickets whose mask is from the weights at some step of the dense run, dark (early) to light (late). "
        "Right: where they end, points for seeds and the median as a line, beside the dense network's own test "
        f"accuracy at the step of the mask. {_BAND}",
    ),
    FigureKind(
        "fan_by_rate",
        "Tickets by pruning rate",
        rates_fan_figure,
        f"Left: test curves from the least (dark) to the most pruned (light). Right: where they end. {_BAND}",
    ),
    FigureKind(
        "equal_norm",
        "Dense networks of the ticket's norm",
        norms_figure,
        f"Dense starts scaled to the ticket's L1 and L2 norm. {_BAND} Right, which also names the colours: {_NEVER}",
    ),
    FigureKind(
        "at_init",
        "Pruning at initialisation",
        at_init_figure,
        f"Masks without training. {_BAND} Right, which also names the colours: {_NEVER}",
    ),
    FigureKind(
        "stricter",
        "Stricter controls",
        stricter_figure,
        "The ticket's density in every matrix with other masks, its mask on fresh weights, and iterative pruning. "
        f"{_BAND} Right, which also names the colours: {_NEVER}",
    ),
    FigureKind(
        "norms",
        "Norms",
        norm_trajectories_figure,
        f"Norms of the weights that remain, over all matrices together; pruned weights count as 0. {_BAND}",
    ),
    FigureKind(
        "mask_distance",
        "When the mask changes",
        adjacent_figure,
        "Jaccard distance between the masks that the dense network's neighbouring kept steps give, per matrix (solid), "
        f"beside the change of its test accuracy between them (dashed, right axis). {_BAND}",
    ),
    FigureKind(
        "mask_distances",
        "Distances of all masks",
        matrix_figure,
        "Left: Jaccard distance of every two steps' masks, the median over seeds. Right: the distance to the last "
        "mask, and what independent masks with the same densities per matrix would have (dashed). Shades run from the "
        "lowest to the highest seed.",
    ),
    FigureKind(
        "frequency_entropy",
        "Frequency entropy",
        entropy_figure,
        "How many frequencies neurons listen to, mean over neurons. Left: the authors' code, which takes the logarithm "
        "of a second softmax and is no entropy (2.52 to 3.47 nats at 32 frequencies). Right: the entropy itself (0 to "
        f"3.47). {_BAND}",
    ),
    FigureKind(
        "neuron_weights",
        "What neurons take from the tokens",
        weights_figure,
        "Each small line is a neuron: its input weight against the token, at the first, the second and the last kept "
        "step of the first seed; one scale per panel. Flat lines are neurons without weights.",
    ),
    FigureKind(
        "neuron_spectra",
        "Spectra of the neurons",
        spectra_figure,
        "The share of each frequency in the lines of the figure before, from 1 on the left; one scale per panel.",
    ),
    FigureKind(
        "graphs",
        "Masks as graphs",
        graphs_figure,
        "Dense: the mask that pruning at each kept step would give; ticket: its own mask on its weights. Thin lines "
        "are the dense network's matrices. Path length and clustering are of a relational graph of our construction: "
        f"the paper does not give its own. {_BAND}",
    ),
    FigureKind(
        "edge_popup",
        "Edge-popup",
        edge_popup_figure,
        "Test accuracy early on, with weight decay alone (dense, ticket), with masks that are trained on frozen "
        "weights (edge-popup), and with both (edge-popup-wd). Lines join means over seeds, as the paper's table has "
        "them; small points are seeds.",
    ),
    FigureKind(
        "heat_maps",
        "Weights and masks",
        heat_maps_figure,
        "Of the first seed, at the last step: weights (red above 0, blue below) and which of them remain (dark). "
        "W_inproj is the embedding times the input matrix, W_outproj the output matrix times the unembedding; the "
        "longer side lies across.",
    ),
    FigureKind(
        "no_weight_decay",
        "Without weight decay",
        no_decay_figure,
        "Test accuracy at the last step against k; points are seeds, the line their median, k = 0 dense.",
    ),
    FigureKind(
        "accelerators",
        "Accelerators side by side",
        accelerators_figure,
        f"{_NEVER} Seconds are a run's share of its stack's wall clock up to t_gen; the last panel adds the steps that "
        "found the mask.",
    ),
    FigureKind(
        "costs",
        "Costs of every branch",
        costs_figure,
        f"{_NEVER} Seconds are a run's share of its stack's wall clock up to t_gen; the last panel adds the steps that "
        "found the mask.",
    ),
    FigureKind(
        "densities",
        "Where the weights are left",
        densities_figure,
        "Percent of each matrix that each mask keeps: bars end at the median over seeds, points are seeds.",
    ),
    FigureKind(
        "waves",
        "Restricted and excluded loss",
        waves_figure,
        "Of the key frequencies at a run's last step (the fewest that hold 90 % of the power of waves in a + b): the "
        "loss with these waves alone falls as the circuit forms, the training loss without them rises as the network "
        f"comes to rely on it. {_BAND}",
    ),
)
