"""`shrink`: a narrower network in the middle of its training, with all that goes along with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from winnow.supernet.network import Supernet, assembled
from winnow.supernet.surgery.cuts import Cuts, cut_axes, cut_tensors, plan_cuts
from winnow.supernet.surgery.folding import folded


@dataclass(frozen=True, eq=False)
class Shrunk:
    """What `shrink` gives.

    Args:
        network: the narrower one.
        cuts: what was cut.
        companions: the dicts that were given, cut, in the same order.
    """

    network: Supernet
    cuts: Cuts
    companions: tuple[dict[str, Tensor], ...]


def shrink(
    network: Supernet,
    optimizer: torch.optim.Optimizer | None,
    alive: Mapping[str, Tensor],
    tokens_alive: Mapping[str, Tensor] | None = None,
    *,
    mask: Mapping[str, Tensor] | None = None,
    companions: Sequence[Mapping[str, Tensor]] = (),
) -> Shrunk:
    """Take dead units and tokens out; training goes on as if they had been 0.

    The constants of dead units are folded first (`fold_dead`), in the network and in every companion that holds the
    normalisations. Units are removed exactly; a token is not, for the others attended to it. A tensor that nothing is
    cut from is shared with the old network, which is of no use afterwards. Gradients are dropped.

    Args:
        network: stays as it was.
        optimizer: is changed in place: it holds the new parameters, each in the group of the old one, and its state is
            cut like them (moments; step counters stay).
        alive: per block, bool [units]; a block that is not named stays whole.
        tokens_alive: per block, bool [tokens].
        mask: of the weights that the network runs with, by name; None when nothing is pruned.
        companions: any dicts by the network's names: moving average, start, mask.

    Raises:
        WinnowError: WN-M02 when `alive` does not fit the network.
    """
    cuts = plan_cuts(network.architecture, alive, tokens_alive)

    def cut(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        ready = folded(tensors, network.architecture, alive, eps=network.norm.eps, mask=mask)
        return cut_tensors(ready, cuts)

    fresh = assembled(cuts.architecture, cut(network.state_dict()), norm=network.norm, dropout=network.dropout.p)
    fresh.train(network.training)
    old, new = dict(network.named_parameters()), dict(fresh.named_parameters())
    follows = {name: new[cuts.renamed.get(name, name)] for name in old if name not in cuts.removed}
    for name, parameter in follows.items():
        parameter.requires_grad_(old[name].requires_grad)
    if optimizer is not None:
        _exchange(optimizer, old, follows, cuts)
    return Shrunk(fresh, cuts, tuple(cut(tensors) for tensors in companions))


def _exchange(
    optimizer: torch.optim.Optimizer, old: Mapping[str, nn.Parameter], follows: Mapping[str, nn.Parameter], cuts: Cuts
) -> None:
    """Put the new parameters in the places of the old ones; parameters of other networks stay."""
    names = {parameter: name for name, parameter in old.items()}
    for group in optimizer.param_groups:
        kept = [parameter for parameter in group["params"] if names.get(parameter) not in cuts.removed]
        group["params"] = [follows[names[parameter]] if parameter in names else parameter for parameter in kept]
    for name, parameter in old.items():
        state = optimizer.state.pop(parameter, None)
        if state is not None and name in follows:
            axes = cuts.indices.get(name, ())
            optimizer.state[follows[name]] = {
                key: cut_axes(value, axes) if isinstance(value, Tensor) and value.shape == parameter.shape else value
                for key, value in state.items()
            }
