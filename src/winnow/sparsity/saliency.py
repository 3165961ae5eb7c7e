"""Scores that run the network: SNIP, GraSP, SynFlow, Wanda, and BatchNorm's scales for channels.

Each is taken at the current weights (`Evidence.trained`; of an untrained network these are the initial ones).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.sparsity.probe import Probe
from winnow.sparsity.scores import Evidence

_TEMPERATURE = 200.0


def snip(evidence: Evidence) -> dict[str, Tensor]:
    """|w dL/dw|, the first-order effect of removing a weight (Lee et al. 2019, "SNIP", equation 5)."""
    probe = _probe(evidence, "snip")
    weights = probe.living()
    gradients = torch.autograd.grad(probe.loss(weights), list(weights.values()))
    return {name: (w * g).detach().abs() for (name, w), g in zip(weights.items(), gradients, strict=True)}


def grasp(evidence: Evidence) -> dict[str, Tensor]:
    """w (H g), what removing a weight takes from the norm of the gradient (Wang et al. 2020, "GraSP", equation 8).

    Logits are divided by 200, as its authors do. The lowest go: their removal raises the gradient's norm.
    """
    probe = _probe(evidence, "grasp")
    weights = probe.living()
    leaves = list(weights.values())
    gradients = torch.autograd.grad(probe.loss(weights, _TEMPERATURE), leaves, create_graph=True)
    norm = torch.stack([(g.detach() * g).sum() for g in gradients]).sum()
    products = torch.autograd.grad(norm, leaves)
    return {name: (w * hg).detach() for (name, w), hg in zip(weights.items(), products, strict=True)}


def synflow(evidence: Evidence) -> dict[str, Tensor]:
    """|w dR/dw| with R the summed output of the network of absolute weights on an input of ones (Tanaka et al. 2020).

    In evaluation mode and float64: R is a product over layers and soon leaves the range of float32. One call is one
    round; the method takes 100 (`score_rounds`).
    """
    probe = _probe(evidence, "synflow")
    if not probe.inputs.is_floating_point():
        raise WinnowError("WN-P03", "synflow sends ones through the network, which token ids cannot be")
    ones = torch.ones(1, *probe.inputs.shape[1:], dtype=torch.float64, device=probe.inputs.device)
    flow, weights = probe.output(ones, lambda tensor: tensor.double().abs())
    gradients = torch.autograd.grad(flow, list(weights.values()))
    return {name: (w * g).detach().abs() for (name, w), g in zip(weights.items(), gradients, strict=True)}


def wanda(evidence: Evidence) -> dict[str, Tensor]:
    """|w| times the norm of its input over the examples (Sun et al. 2023, "Wanda", equation 1); linear layers only.

    Its comparison group is the output unit: structure "row".
    """
    probe = _probe(evidence, "wanda")
    norms = probe.input_norms()
    missing = [name for name in evidence.trained if name not in norms]
    if missing:
        raise WinnowError(
            "WN-P03", "wanda scores linear layers", where=missing[0], fix="Choose the layers with --prunable."
        )
    return {name: w.abs() * norms[name] for name, w in evidence.trained.items()}


def bn_scale(evidence: Evidence) -> dict[str, Tensor]:
    """|gamma| of the BatchNorm behind a convolution, for all weights of the channel (Liu et al. 2017, section 3).

    You et al. (2020) draw early-bird tickets with it; structure "channel". The BatchNorm is the next module in the
    order in which they were made.
    """
    probe = _probe(evidence, "bn-scale")
    scales = _scales(probe)
    missing = [name for name in evidence.trained if name not in scales]
    if missing:
        raise WinnowError(
            "WN-P03", "no BatchNorm follows this layer", where=missing[0], fix="Choose the layers with --prunable."
        )
    return {n: scales[n].abs().view(-1, *[1] * (w.dim() - 1)).expand_as(w) for n, w in evidence.trained.items()}


def _scales(probe: Probe) -> dict[str, Tensor]:
    """BatchNorm's scale per convolution weight's name."""
    leaves = [(name, part) for name, part in probe.module.named_modules() if not list(part.children())]
    return {
        f"{name}.weight": probe.tensors[f"{follower}.weight"]
        for (name, part), (follower, norm) in pairwise(leaves)
        if isinstance(part, nn.modules.conv._ConvNd)
        and isinstance(norm, nn.modules.batchnorm._BatchNorm)
        and norm.affine
        and norm.num_features == part.out_channels
    }


def _probe(evidence: Evidence, name: str) -> Probe:
    if evidence.probe is None:
        raise WinnowError("WN-P02", f"{name} needs a network and examples: Evidence(..., probe=Probe(...))")
    return evidence.probe
