"""What an attack did to the evidence and to the model's worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from winnow.data import Split
from winnow.ownership.attacks.looking import looked
from winnow.ownership.attacks.target import Attacked, Forged, Target
from winnow.signing.asking.triggers import test_answers
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import adjusted, read

_CHUNK = 1000


def measured(target: Target, attacked: Attacked) -> dict[str, Any]:
    """One row of an audit: the model's worth, the mark as a judge reads it, the triggers, and what was claimed.

    Returns:
        accuracy_before, accuracy, accuracy_lost: fractions of the test split; lost is None on another task, and all
            are None for an accusation, which changes no model.
        kept_before, kept, density_before, density: weights that are not 0, of those that can be pruned.
        outcome, reason, errors, bits, matches, log2_p, log2_p_adjusted, tests, decoded, read: of the reading with the
            smallest p; see `winnow.ownership.attacks.looking`.
        trigger_hits, trigger_total, trigger_log2_p: None without triggers.
        claimed_log2_p, refusal: of an accusation.
        note.
    """
    arrays = {name: _array(tensor) for name, tensor in attacked.tensors.items()}
    if attacked.forged is not None:
        return {"note": attacked.note, **_accused(target, arrays, attacked.forged)}
    network = (attacked.network or target.network(attacked.tensors)).eval()
    return {
        "note": attacked.note,
        **_worth(target, attacked, network),
        **_remaining(target, attacked),
        **looked(target, arrays),
        **_triggered(target, network),
    }


@torch.no_grad()
def accuracy(network: nn.Module, split: Split) -> float:
    """The fraction of right answers of a network in eval mode, on the CPU."""
    right = 0
    for inputs, labels in zip(split.inputs.split(_CHUNK), split.labels.split(_CHUNK), strict=True):
        right += int((network(inputs.cpu()).argmax(-1) == labels.cpu()).sum())
    return right / len(split)


def _worth(target: Target, attacked: Attacked, network: nn.Module) -> dict[str, Any]:
    before = accuracy(target.network(target.tensors), target.data.test)
    now = accuracy(network, (attacked.data or target.data).test)
    lost = None if attacked.data is not None else before - now
    return {"accuracy_before": before, "accuracy": now, "accuracy_lost": lost}


def _remaining(target: Target, attacked: Attacked) -> dict[str, Any]:
    """Weights that are not 0. Shapes may have changed, so density is that of the suspect's own tensors."""
    own = [attacked.tensors[name] for name in target.mask if name in attacked.tensors]
    kept, total = sum(int((t != 0).sum()) for t in own), sum(t.numel() for t in own)
    return {
        "kept_before": target.mask.kept,
        "kept": kept,
        "density_before": target.mask.density,
        "density": kept / max(total, 1),
    }


@torch.no_grad()
def _triggered(target: Target, network: nn.Module) -> dict[str, Any]:
    triggers = target.triggers
    if triggers is None:
        return {}
    answers = network(torch.from_numpy(triggers.inputs)).argmax(-1).numpy()
    found = test_answers(triggers.labels, answers, triggers.rule.classes)
    return {"trigger_hits": found.hits, "trigger_total": found.total, "trigger_log2_p": found.log2_p}


def _accused(target: Target, arrays: dict[str, np.ndarray], forged: Forged) -> dict[str, Any]:
    """What the accuser shows, and what a judge makes of it: the tries counted, or the model read in his own way."""
    masks = forged.masks or {layer.name: arrays[layer.name] != 0 for layer in target.layout.layers}
    shown = read(masks, keyed_positions(forged.key, target.layout), forged.key, forged.sent)
    claimed = {"claimed_log2_p": shown.log2_p, "refusal": forged.refusal}
    if forged.refusal:
        return {**looked(target, arrays), **claimed}
    p = adjusted(min(shown.log2_p, shown.log2_p_signed), 2 * forged.tests)
    matched = p <= target.claim.threshold_log2
    return {
        "outcome": "match" if matched else "no match",
        "errors": shown.total - shown.matches,
        "bits": shown.total,
        "matches": shown.matches,
        "log2_p": shown.log2_p,
        "log2_p_adjusted": p,
        "tests": 2 * forged.tests,
        "decoded": False,
        **claimed,
    }


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
