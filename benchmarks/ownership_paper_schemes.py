"""What the schemes of Chen et al. 2021 hold: a QR symbol in a mask (V2), and a withheld key mask (V1).

    python benchmarks/ownership_paper_schemes.py symbol --seeds 20
    python benchmarks/ownership_paper_schemes.py key --density 0.04 --seeds 3

`symbol` draws masks of a ResNet-20 at one density, writes "signature" (version 3, level H) into the layers of the
second stage, as the paper does, and reads it blind at its place after weights were pruned at random, added at random,
or channels permuted. The control is the same attack on the same mask with no symbol in it.

`key` finds a ticket of LeNet-300-100 by one round of pruning, withholds a part by each score, and trains what an honest
user and a thief have.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from winnow.core import derive_seed
from winnow.data import DataSet, load
from winnow.models import lenet_300_100
from winnow.models.resnet import resnet_20
from winnow.ownership.paper.code import Symbol, symbol
from winnow.ownership.paper.embedding import Embedded, embed
from winnow.ownership.paper.locked import lock
from winnow.ownership.paper.reading import read_at
from winnow.ownership.paper.regrow import WAYS, Recovery, recovered_gap, regrow
from winnow.ownership.paper.scores import KEY_SCORES, Scored, key_score_named
from winnow.sparsity import Mask, Pool, prunable_layers, prune, tensors_of, weights_of
from winnow.training import Member, TrainingPlan, train

TEXT, VERSION, STAGE = "signature", 3, "stages.1"
PRUNED = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
ADDED = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05)
Attack = Callable[[Mask, torch.Generator], Mask]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scheme", choices=("symbol", "key"))
    parser.add_argument("--seeds", type=int, default=20, help="at least 2")
    parser.add_argument("--density", type=float, default=0.2)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=2.4e-3, help="learning rate of Adam")
    parser.add_argument("--shares", type=float, nargs="*", default=[0.05, 0.15])
    parser.add_argument("--scores", nargs="*", default=list(KEY_SCORES), choices=list(KEY_SCORES))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.scheme == "symbol":
        _symbol(chosen.seeds, chosen.density)
    else:
        _key(chosen)


def _symbol(seeds: int, density: float) -> None:
    made = symbol(TEXT, version=VERSION)
    drawn = [_resnet_mask(density, seed) for seed in range(seeds)]
    layers = [name for name in drawn[0] if name.startswith(STAGE)]
    marked = [embed(mask, made, layers=layers, seed=seed) for seed, mask in enumerate(drawn)]
    whole = statistics.mean(mask.kept for mask in drawn)
    print(f"ResNet-20 at density {density}, {whole:.0f} weights, {seeds} masks; {made.data.sum()} data modules")
    for what in ("agreed", "lit", "emptied", "removed", "added"):
        values = [getattr(one, what) for one in marked]
        print(f"{what}: {statistics.mean(values):.1f} ({min(values)} to {max(values)})")
    print("\n| attack | strength | data modules wrong | read | read unmarked |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for share in PRUNED:
        _tell(f"pruned at random | {share:.1%}", made, drawn, marked, _pruning(share))
    for share in ADDED:
        _tell(f"added at random | {share:.1%}", made, drawn, marked, _adding(share))
    _tell("outputs permuted | all", made, drawn, marked, _permuted)


def _resnet_mask(density: float, seed: int) -> Mask:
    generator = torch.Generator().manual_seed(derive_seed(seed, "mask"))
    return Mask(
        {one.name: torch.rand(one.shape, generator=generator) < density for one in prunable_layers(resnet_20())}
    )


def _pruning(share: float) -> Attack:
    def attack(mask: Mask, generator: torch.Generator) -> Mask:
        return Mask({n: t & (torch.rand(t.shape, generator=generator) >= share) for n, t in mask.items()})

    return attack


def _adding(share: float) -> Attack:
    """Weights come to life on this share of the dead positions."""

    def attack(mask: Mask, generator: torch.Generator) -> Mask:
        return Mask({n: t | (torch.rand(t.shape, generator=generator) < share) for n, t in mask.items()})

    return attack


def _permuted(mask: Mask, generator: torch.Generator) -> Mask:
    def shuffled(tensor: Tensor) -> Tensor:
        return tensor[torch.randperm(len(tensor), generator=generator)]

    return Mask({name: shuffled(tensor) for name, tensor in mask.items()})


def _tell(title: str, made: Symbol, drawn: list[Mask], marked: list[Embedded], attack: Attack) -> None:
    wrong, texts, blanks = [], [], []
    for seed, (mask, one) in enumerate(zip(drawn, marked, strict=True)):
        # Both masks meet the same draws.
        attacked, control = (
            attack(m, torch.Generator().manual_seed(derive_seed(seed, title))) for m in (one.mask, mask)
        )
        part = attacked[one.place.layer][one.place.row :, one.place.column :][: made.format.size, : made.format.size]
        wrong.append(((part.flatten(2).any(2).numpy() != made.modules) & made.data).sum() / made.data.sum())
        texts.append(read_at(attacked, one.place, made.format))
        blanks.append(read_at(control, one.place, version=VERSION))
    others = sum(text not in (None, TEXT) for text in texts)
    told = f"{texts.count(TEXT)} of {len(texts)}" + (f", {others} other texts" if others else "")
    print(f"| {title} | {statistics.mean(wrong):.2%} | {told} | {len(blanks) - blanks.count(None)} |", flush=True)


def _key(chosen: argparse.Namespace) -> None:
    data = load(chosen.data, validation=5000 if chosen.data != "digits" else 287, seed=0)
    plan = TrainingPlan(steps=chosen.steps, batch=60, learning_rate=chosen.rate, evaluate_every=chosen.steps)
    print(
        f"LeNet-300-100 on {data.name} at density {chosen.density}, {chosen.steps} steps, {chosen.seeds} seeds; test %"
    )
    print("| key | share | " + " | ".join(WAYS) + " | gap fake | gap gradient | gap rigl |")
    print("| --- | ---: |" + " ---: |" * (len(WAYS) + 3))
    tickets = [_ticket(data, plan, chosen.density, seed) for seed in range(chosen.seeds)]
    for name in chosen.scores:
        for share in chosen.shares:
            _tell_key(name, share, [_attacked(name, share, *one, data, plan) for one in tickets])


def _ticket(data: DataSet, plan: TrainingPlan, density: float, seed: int) -> tuple[Member, dict[str, Tensor]]:
    """A member with its mask and start, and the dense network after training."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = lenet_300_100(data.image_shape, data.class_count)
    start = tensors_of(module)
    weights = weights_of(start, prunable_layers(module))
    dense = Member(branch="dense", replicate=seed, start=start, mask=Mask.ones(weights), order_seed=seed)
    tensors = dict(train(module, [dense], data, plan, execution="dense").trained[0].tensors)
    pools = [Pool((name,), round(weight.numel() * density)) for name, weight in weights.items()]
    mask = prune({name: tensors[name].abs() for name in weights}, dense.mask, pools)
    return replace(dense, mask=mask, start=mask.applied(start)), tensors


def _attacked(
    name: str, share: float, owner: Member, tensors: dict[str, Tensor], data: DataSet, plan: TrainingPlan
) -> list[Recovery]:
    module, seed = lenet_300_100(data.image_shape, data.class_count), owner.replicate
    scored = Scored(tensors, owner.mask, module, data.input_shape, seed=seed)
    locked = lock(owner.mask, key_score_named(name)(scored), share)
    return regrow(module, owner, locked, data, plan, seed=seed, execution="dense")


def _tell_key(name: str, share: float, told: list[list[Recovery]]) -> None:
    """Accuracies over seeds; gaps of their means, as a gap of one seed may be nothing but noise."""
    of = {way: [one.accuracy for group in told for one in group if one.way == way] for way in WAYS}
    spreads = [f"{100 * statistics.mean(v):.2f} +- {100 * statistics.stdev(v):.2f}" for v in of.values()]
    means = [replace(one, accuracy=statistics.mean(of[one.way])) for one in told[0]]
    gaps = [f"{recovered_gap(means, way):.0%}" for way in WAYS[2:]]
    print(f"| {name} | {share:.0%} | " + " | ".join(spreads + gaps) + " |", flush=True)


if __name__ == "__main__":
    main()
