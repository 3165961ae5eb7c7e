"""Masks, pruning and the ticket as an artifact."""

from winnow.sparsity.distance import hamming as hamming
from winnow.sparsity.distance import jaccard as jaccard
from winnow.sparsity.files import load_tensors as load_tensors
from winnow.sparsity.files import save_tensors as save_tensors
from winnow.sparsity.layers import Layer as Layer
from winnow.sparsity.layers import LayerReport as LayerReport
from winnow.sparsity.layers import layer_report as layer_report
from winnow.sparsity.layers import prunable_layers as prunable_layers
from winnow.sparsity.layers import weights_of as weights_of
from winnow.sparsity.mask import Mask as Mask
from winnow.sparsity.modules import load_into as load_into
from winnow.sparsity.modules import tensors_of as tensors_of
from winnow.sparsity.pruning import ladder as ladder
from winnow.sparsity.pruning import prune as prune
from winnow.sparsity.schedules import SCHEDULES as SCHEDULES
from winnow.sparsity.schedules import schedule_named as schedule_named
from winnow.sparsity.scopes import SCOPES as SCOPES
from winnow.sparsity.scopes import Pool as Pool
from winnow.sparsity.scopes import scope_named as scope_named
from winnow.sparsity.scores import SCORES as SCORES
from winnow.sparsity.scores import Evidence as Evidence
from winnow.sparsity.scores import score_named as score_named
from winnow.sparsity.structures import structure_named as structure_named
from winnow.sparsity.ticket import Ticket as Ticket
from winnow.sparsity.torch_prune import from_torch_prune as from_torch_prune
from winnow.sparsity.torch_prune import to_torch_prune as to_torch_prune
