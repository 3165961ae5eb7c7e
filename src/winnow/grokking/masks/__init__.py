"""Masks of tickets and of their controls, and starts that are changed like a ticket's; of one network at a time."""

from winnow.grokking.masks.magnitude import iterative_rates as iterative_rates
from winnow.grokking.masks.magnitude import magnitude_mask as magnitude_mask
from winnow.grokking.masks.magnitude import next_iterative_mask as next_iterative_mask
from winnow.grokking.masks.matching import matched as matched
from winnow.grokking.masks.norms import norm_matched_start as norm_matched_start
from winnow.grokking.masks.saliency import METHODS as METHODS
from winnow.grokking.masks.saliency import ROUNDS as ROUNDS
from winnow.grokking.masks.saliency import saliency_mask as saliency_mask
from winnow.grokking.masks.saliency import saliency_scores as saliency_scores
