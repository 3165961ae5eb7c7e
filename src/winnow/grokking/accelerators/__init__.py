"""Accelerators of grokking: changes to gradients, updates or the loss."""

from winnow.grokking.accelerators.accelerator import Accelerator as Accelerator
from winnow.grokking.accelerators.grids import GRIDS as GRIDS
from winnow.grokking.accelerators.grids import accelerator_named as accelerator_named
from winnow.grokking.accelerators.methods import ACCELERATORS as ACCELERATORS
