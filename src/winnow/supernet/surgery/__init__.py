"""Taking dead units out of a supernet while it trains: the cuts, the constants that dead units leave, the optimizer."""

from winnow.supernet.surgery.cuts import Cuts as Cuts
from winnow.supernet.surgery.cuts import cut_tensors as cut_tensors
from winnow.supernet.surgery.cuts import plan_cuts as plan_cuts
from winnow.supernet.surgery.folding import fold_dead as fold_dead
from winnow.supernet.surgery.folding import folded as folded
from winnow.supernet.surgery.shrinking import Shrunk as Shrunk
from winnow.supernet.surgery.shrinking import shrink as shrink
