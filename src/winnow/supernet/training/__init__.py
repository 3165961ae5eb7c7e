"""Two-in-one training: weights, architecture and mask in one loop, and the ticket that comes out of it."""

from winnow.supernet.training.averaging import decay_at as decay_at
from winnow.supernet.training.budget import within_budget as within_budget
from winnow.supernet.training.calibration import recalibrate as recalibrate
from winnow.supernet.training.calibration import ticket_network as ticket_network
from winnow.supernet.training.learner import Learner as Learner
from winnow.supernet.training.loop import Trained as Trained
from winnow.supernet.training.loop import train_phases as train_phases
from winnow.supernet.training.masking import Hidden as Hidden
from winnow.supernet.training.masking import masked as masked
from winnow.supernet.training.penalty import Penalty as Penalty
from winnow.supernet.training.penalty import token_penalties as token_penalties
from winnow.supernet.training.penalty import unit_penalties as unit_penalties
from winnow.supernet.training.phase import Phase as Phase
from winnow.supernet.training.rates import rate_factor as rate_factor
from winnow.supernet.training.searching import dense_macs as dense_macs
