"""Early-bird tickets: how soon the mask that pruning would give stops moving (You et al. 2020, section 3).

The drawn weights are what is pruned. Training goes on to its end all the same: level 0 is the dense network that every
ticket is compared with, and a shorter one would flatter them. What stopping would have saved stands in the metrics, in
the split "mask": `early_bird_step`, and `early_bird_cost`, that step as a fraction of all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Layer, Mask, Pool, hamming, load_tensors, save_tensors
from winnow.storage import Metric
from winnow.training import Member, StackResult, TrainingPlan
from winnow.training.watching import Sight

# The paper keeps the masks of five looks: the newest is compared with four earlier ones (section 3.3).
_KEPT = 5
_PREFIX = "early-bird"


class EarlyBird:
    """A `Watch` that draws a network once its mask is within a distance of each of the four masks before it.

    The distance is the normalised Hamming distance over all prunable weights: the fraction of positions that differ.
    The paper takes it over channels; with whole channels pruned, a channel counts here by its weights.

    Args:
        draw: the mask that pruning would give a member with such tensors.
        threshold: the distance (the paper: 0.1).
        every: steps between two looks (the paper: an epoch).
    """

    def __init__(self, draw: Callable[[Member, Mapping[str, Tensor]], Mask], threshold: float, every: int) -> None:
        self._draw, self._threshold, self.every = draw, threshold, every
        self._masks: dict[int, list[Mask]] = {}
        self.drawn: dict[int, int] = {}

    def look(self, row: int, member: Member, step: int, tensors: Callable[[], Mapping[str, Tensor]]) -> Sight:
        """See `Watch.look`; a network that was drawn is not looked at again."""
        if row in self.drawn:
            return Sight()
        mask, before = self._draw(member, tensors()), self._masks.get(row, [])
        self._masks[row] = [*before, mask][1 - _KEPT :]
        if not before:
            return Sight()
        farthest = max(hamming(mask, other) for other in before)
        values = {"mask_distance": farthest}
        if len(before) < _KEPT - 1 or farthest > self._threshold:
            return Sight(values)
        self.drawn[row] = step
        return Sight({**values, "early_bird_step": float(step)}, keep=True)

    def state(self) -> dict[str, Tensor]:
        """See `Watch.state`."""
        drawn = {f"{_PREFIX}.drawn.{row}": torch.tensor(step) for row, step in self.drawn.items()}
        masks = {
            f"{_PREFIX}.mask.{row}.{place}.{name}": tensor
            for row, kept in self._masks.items()
            if row not in self.drawn
            for place, mask in enumerate(kept)
            for name, tensor in mask.items()
        }
        return {**drawn, **masks}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Watch.load_state`."""
        found: dict[int, dict[int, dict[str, Tensor]]] = {}
        for name, tensor in state.items():
            prefix, _, rest = name.partition(".")
            kind, _, rest = rest.partition(".")
            if prefix == _PREFIX and kind == "drawn":
                self.drawn[int(rest)] = int(tensor)
            elif prefix == _PREFIX:
                row, place, own_name = rest.split(".", 2)
                found.setdefault(int(row), {}).setdefault(int(place), {})[own_name] = tensor
        self._masks = {row: [Mask(kept[place]) for place in sorted(kept)] for row, kept in found.items()}


def early_bird_file(level: Path, replicate: int) -> Path:
    """Where a level's folder holds the drawn tensors of a replicate."""
    return level / f"early-bird-{replicate}.safetensors"


def early_bird_weights(level: Path, replicate: int) -> dict[str, Tensor] | None:
    """All tensors of a replicate's network at the step at which it was drawn; None when none was kept."""
    file = early_bird_file(level, replicate)
    return load_tensors(file)[0] if file.exists() else None


def keep_early_birds(level: Path, result: StackResult, watch: EarlyBird, plan: TrainingPlan) -> StackResult:
    """Write the drawn tensors of every network, and complete the metrics.

    A network whose mask never settled is drawn at the end, at the whole cost.

    Returns:
        The result with a row `early_bird_cost` for every network, and `early_bird_step` where it was still missing.
    """
    rows = list(result.rows)
    for row, network in enumerate(result.trained):
        member, step = network.member, watch.drawn.get(row, plan.steps)
        tensors = network.snapshots[step] if row in watch.drawn else network.tensors
        notes = {"step": str(step), "settled": str(row in watch.drawn).lower()}
        save_tensors(early_bird_file(level, member.replicate), tensors, notes)
        place = (member.replicate, member.branch, rows[0].level, step, "mask")
        if row not in watch.drawn:
            rows.append(Metric(*place, "early_bird_step", float(step)))
        rows.append(Metric(*place, "early_bird_cost", step / plan.steps))
    return replace(result, rows=rows)


def check_threshold(threshold: float, pools: Sequence[Pool], layers: Sequence[Layer]) -> None:
    """Refuse a distance that two unrelated masks of these densities would meet: the first masks would then be drawn.

    Raises:
        WinnowError: WN-R02.
    """
    unrelated = unrelated_distance(pools, layers)
    if threshold >= unrelated:
        raise WinnowError(
            "WN-R02",
            f"two random masks of the first level differ in {unrelated:.3f} of the weights, no more than {threshold}",
            where="--early-bird",
            fix=f"Give a smaller distance, such as {unrelated / 4:.2g}, or prune to a middle density at level 1.",
        )


def unrelated_distance(pools: Sequence[Pool], layers: Sequence[Layer]) -> float:
    """The expected normalised Hamming distance of two random masks with such counts: the mean of 2 d (1 - d)."""
    sizes = {layer.name: layer.weights for layer in layers}
    totals = [sum(sizes[name] for name in pool.names) for pool in pools]
    densities = [pool.keep / total for pool, total in zip(pools, totals, strict=True)]
    return sum(2 * d * (1 - d) * total for d, total in zip(densities, totals, strict=True)) / sum(totals)
