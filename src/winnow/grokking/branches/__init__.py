"""Branches of a study: the dense network, its tickets and every control, each under a name that can be typed."""

from winnow.grokking.branches.bases import BASES as BASES
from winnow.grokking.branches.bases import Done as Done
from winnow.grokking.branches.bases import Given as Given
from winnow.grokking.branches.bases import Made as Made
from winnow.grokking.branches.bases import base_named as base_named
from winnow.grokking.branches.bases import needs as needs
from winnow.grokking.branches.bases import supermask_kind as supermask_kind
from winnow.grokking.branches.material import Problem as Problem
from winnow.grokking.branches.material import Streams as Streams
from winnow.grokking.branches.name import Branch as Branch
