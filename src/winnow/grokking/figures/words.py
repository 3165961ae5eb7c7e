"""What the words of a study's page mean."""

from __future__ import annotations

from winnow.grokking.branches.name import Branch
from winnow.grokking.studies.result import StudyResult
from winnow.reports import Details, Points

_BASES = {
    "dense": "dense: all weights, from the seed's own start.",
    "ticket": "ticket: the largest weights of the dense network after it grokked, over all matrices together, set back "
    "to the start and trained again.",
    "iterative": "iterative: the same in several rounds of pruning, each a whole training.",
    "reinit": "reinit: the ticket's mask on a fresh start.",
    "shuffled": "shuffled: the ticket's mask shuffled within each matrix, so its density there stays.",
    "norm-l1": "norm-l1: dense, its start scaled to the ticket's L1 norm.",
    "norm-l2": "norm-l2: dense, its start scaled to the ticket's L2 norm.",
    "random": "random: a random mask over all matrices together.",
    "snip": "snip: a mask from |gradient times weight| at the start (Lee et al. 2019).",
    "grasp": "grasp: a mask from the change of the gradient's norm at the start (Wang et al. 2020).",
    "synflow": "synflow: a mask from synaptic flow in 100 rounds (Tanaka et al. 2020).",
    "synflow-once": "synflow-once: the same in one round, as in the authors' code.",
    "edge-popup": "edge-popup: the mask is trained and the weights stay as they started (Ramanujan et al. 2020).",
    "edge-popup-wd": "edge-popup-wd: mask and weights are trained together, with weight decay.",
}
_MATCHED = "NAME-matched: the scores of NAME, with the ticket's density in every matrix."
_OPTIONS = (
    "@STEP: the mask is from that step of the dense run; ,kRATE: so large a share of the weights is pruned; ,wdDECAY "
    "and ,lrRATE: another weight decay or learning rate; +NAME: with that accelerator."
)
_TIMES = (
    "t_mem and t_gen: the first evaluation above the threshold on training and on test examples; tau: t_gen / t_mem.",
    "Median: over all seeds, one that never got there being later than any; none where half or more did not.",
    "Steps of the search: updates of the dense run, and of rounds of pruning, that found the mask.",
)


def legend(result: StudyResult) -> Details:
    """The branches that a study has, and the words of its page, folded."""
    bases = list(dict.fromkeys(Branch.parse(name).base for name in result.branches))
    matched = [_MATCHED] if any(base.endswith("-matched") for base in bases) else []
    return Details(
        "What the words mean", (Points((*(_BASES[b] for b in bases if b in _BASES), *matched, _OPTIONS, *_TIMES)),)
    )
