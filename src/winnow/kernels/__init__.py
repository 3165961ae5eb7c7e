"""Sparse execution: networks run and trained on their stored weights only. Nothing else here needs numba."""

from winnow.kernels.break_even import BreakEven as BreakEven
from winnow.kernels.break_even import break_even as break_even
from winnow.kernels.break_even import measured as measured
from winnow.kernels.network import SparseNetwork as SparseNetwork
