"""Pruning at initialisation: masks that are found without training."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.core import WinnowError, chosen
from winnow.grokking.masks.probing import NetworkProbe
from winnow.grokking.networks.network import Network
from winnow.grokking.stacks.choosing import kept_count
from winnow.grokking.stacks.losses import loss_named
from winnow.sparsity import Evidence, Mask, Pool, prune_in_rounds, score_named
from winnow.sparsity.scores import Score


def _flow(evidence: Evidence) -> dict[str, Tensor]:
    """SynFlow's scores; of a network of tokens with the flow of all tokens in place of an input of ones."""
    probe = evidence.probe
    if not isinstance(probe, NetworkProbe) or probe.inputs.is_floating_point():
        return score_named("synflow")(evidence)
    flow, weights = probe.output(probe.tokens(), torch.abs)
    gradients = torch.autograd.grad(flow, list(weights.values()))
    return {name: (w * g).detach().abs() for (name, w), g in zip(weights.items(), gradients, strict=True)}


METHODS: dict[str, Score] = {
    "random": score_named("random"),
    "snip": score_named("snip"),
    "grasp": score_named("grasp"),
    "synflow": _flow,
}
# Rounds that a method's authors take; the grokking paper's code takes one for every method.
ROUNDS = {"random": 1, "snip": 1, "grasp": 1, "synflow": 100}


def saliency_scores(
    method: str,
    network: Network,
    start: Mapping[str, Tensor],
    inputs: Tensor,
    targets: Tensor,
    *,
    mask: Mask | None = None,
    loss: str = "cross-entropy",
    seed: int = 0,
) -> dict[str, Tensor]:
    """A score per prunable weight of the network at its start, under a mask; the lowest go. In float64.

    - "random": uniform draws.
    - "snip": |w dL/dw| (Lee et al. 2019).
    - "grasp": w (H g) of the loss with outputs divided by 200 (Wang et al. 2020).
    - "synflow": |w dR/dw| with R the summed output of the network of absolute weights (Tanaka et al. 2020): for float
      inputs on an input of ones. Token ids cannot be ones; there R is summed over all tokens of the examples, each once
      at every place, which for embeddings that are added up is an input of ones to the embedding's rows. (The authors'
      code sends the training batch through the embedding, so that tokens weigh as often as they were drawn.)

    Args:
        method: a name of `METHODS`.
        network: the architecture.
        start: one network's tensors by name, on the device of the inputs.
        inputs: training inputs [n, ...], all of them as the authors do.
        targets: training targets [n] or [n, outputs].
        mask: what remains; all when None.
        loss: a name of `LOSSES`, for "snip" and "grasp".
        seed: for "random".

    Raises:
        WinnowError: WN-R02 for an unknown method, WN-T03 for an unknown loss.
    """
    score = chosen(METHODS, method, "method of pruning at the start", "WN-R02")
    whole = {name: _exact(tensor) for name, tensor in start.items()}
    mask = Mask.ones({name: start[name] for name in network.prunable}) if mask is None else mask
    probe = NetworkProbe(
        tensors=whole,
        mask=mask,
        inputs=_exact(inputs),
        labels=_exact(targets),
        network=network,
        criterion=loss_named(loss),
    )
    weights = {name: whole[name] for name in mask}
    return score(Evidence(weights, mask.applied(weights), seed, probe))


def saliency_mask(
    method: str,
    network: Network,
    start: Mapping[str, Tensor],
    inputs: Tensor,
    targets: Tensor,
    rate: float,
    *,
    loss: str = "cross-entropy",
    rounds: int | None = None,
    seed: int = 0,
) -> Mask:
    """The mask of a method that looks at the start, all matrices competing; exactly floor(rate * total) weights go.

    Args:
        rate: share of all prunable weights that goes, 0 to below 1.
        rounds: how often the scores are taken anew, of the network as pruned so far; the counts in between fall by one
            ratio (Tanaka et al. 2020, section 6). `ROUNDS` of the method when None; 1 is the paper's single shot.
        method, network, start, inputs, targets, loss, seed: as for `saliency_scores`.

    Raises:
        WinnowError: WN-R02 for an unknown method, a rate outside of [0, 1) or no rounds, WN-T03 for an unknown loss.
    """
    rounds = ROUNDS.get(method, 1) if rounds is None else rounds
    if rounds < 1:
        raise WinnowError("WN-R02", "a mask takes at least one round", where=f"rounds = {rounds}")

    def score(mask: Mask) -> Mapping[str, Tensor]:
        return saliency_scores(method, network, start, inputs, targets, mask=mask, loss=loss, seed=seed)

    whole = Mask.ones({name: start[name] for name in network.prunable})
    pools = [Pool(network.prunable, kept_count(whole.total, rate))]
    return prune_in_rounds(score, whole, pools, rounds=rounds)


def _exact(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor
