"""How often keys that nobody signed with match a ticket: the match distribution against Bin(n, 1/2).

    python benchmarks/ownership_false_claims.py --keys 100000 --tickets 20
    python benchmarks/ownership_false_claims.py --keys 100000 --tickets-from runs/a/ticket runs/b/ticket

Without folders, half of the masks are uniform and half have rows and columns of very different density, of the shapes
of a ResNet-20. Each ticket has its own line: within one, keys are independent; across tickets of one recipe they are
not, so the smallest chi-square p-value is to be read times the number of lines.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.stats import binom, chisquare

from winnow.signing.code.layout import Layout, plan_layout
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import adjusted, log2_binomial_tail, read, sent_bits
from winnow.sparsity import Mask

Masks = Mapping[str, np.ndarray]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--keys", type=int, default=100_000)
    words.add_argument("--tickets", type=int, default=20)
    words.add_argument("--tickets-from", type=Path, nargs="+", default=[])
    words.add_argument("--code", default="bch-511-130")
    words.add_argument("--density", type=float, default=0.2)
    words.add_argument("--seed", type=int, default=0)
    given = words.parse_args()
    rng = np.random.default_rng(given.seed)
    tickets = {str(folder): loaded(folder) for folder in given.tickets_from} or {
        f"{'uniform' if at % 2 else 'uneven'} {at}": made_masks(rng, given.density, uneven=not at % 2)
        for at in range(given.tickets)
    }
    print(f"{given.keys} keys a ticket, {given.code}")
    print(f"{'ticket':40} {'mean':>8} {'sd':>7} {'chi2 p':>8} {'largest':>7} {'log2 p':>8} {'p_adj <= 2^-64':>14}")
    worst, grouped = 1.0, matches_by_layout(tickets, given.keys, given.code, given.seed)
    for name, (matches, total) in grouped.items():
        p = chi_square(matches, total)
        worst = min(worst, p)
        log2_p = log2_binomial_tail(int(matches.max()), total)
        # Each key stands for one claim, so one is accused when its own p-value passes, without a share in the others.
        accused = sum(adjusted(log2_binomial_tail(int(k), total), 1) <= -64 for k in matches)
        print(
            f"{name[-40:]:40} {matches.mean():8.3f} {matches.std():7.3f} {p:8.4f} {matches.max():7d} "
            f"{log2_p:8.1f} {accused:14d}"
        )
    print(f"smallest chi-square p-value times {len(grouped)} lines: {min(1.0, worst * len(grouped)):.4f}")


def matches_by_layout(tickets: Mapping[str, Masks], keys: int, code: str, seed: int) -> dict[str, tuple]:
    """Match counts (keys,) and bits by ticket; tickets of one layout share the drawing of positions."""
    groups: dict[Layout, list[str]] = {}
    for name, masks in tickets.items():
        kept = {own: int(mask.sum()) for own, mask in masks.items()}
        groups.setdefault(plan_layout({own: mask.shape for own, mask in masks.items()}, kept, code=code), []).append(
            name
        )
    found = {}
    for layout, names in groups.items():
        counts = match_counts([tickets[name] for name in names], layout, keys, seed)
        found |= {name: (count, layout.bits) for name, count in zip(names, counts, strict=True)}
    return {name: found[name] for name in tickets}


def match_counts(masks: list[Masks], layout: Layout, keys: int, seed: int) -> np.ndarray:
    """Matches of every key with every mask, int64 (masks, keys)."""
    counts = np.zeros((len(masks), keys), dtype=np.int64)
    for at in range(keys):
        key = hashlib.sha256(f"decoy {seed} {at}".encode()).digest()
        positions, sent = keyed_positions(key, layout), sent_bits(key, layout.code, key[:16])
        for ticket, own in enumerate(masks):
            counts[ticket, at] = read(own, positions, key, sent).matches
    return counts


def chi_square(matches: np.ndarray, total: int) -> float:
    """p-value of the match counts against Bin(total, 1/2), in classes that expect at least 10."""
    expected = len(matches) * binom.pmf(np.arange(total + 1), total, 0.5)
    inside = np.flatnonzero(expected >= 10)
    low, high = int(inside[0]), int(inside[-1])
    seen = np.bincount(np.clip(matches, low, high), minlength=high + 1)[low:]
    wanted = expected[low : high + 1].copy()
    wanted[0] += expected[:low].sum()
    wanted[-1] += expected[high + 1 :].sum()
    return float(chisquare(seen, wanted).pvalue)


def made_masks(rng: np.random.Generator, density: float, *, uneven: bool) -> dict[str, np.ndarray]:
    """Masks of a ResNet-20's shapes; uneven ones have dead and crowded rows and columns. Counts stay exact."""
    masks = {}
    for name, shape in resnet20_shapes().items():
        scores = rng.random(shape)
        if uneven:
            rows, columns = rng.exponential(1, shape[0]) ** 2, rng.exponential(1, shape[1]) ** 2
            scores = scores ** (1 / (1e-6 + np.multiply.outer(rows, columns)).reshape(*shape[:2], 1, 1))
        kept = round(density * scores.size)
        mask = np.zeros(scores.size, dtype=bool)
        mask[np.argsort(scores, axis=None, kind="stable")[-kept:]] = True
        masks[name] = mask.reshape(shape)
    return masks


def resnet20_shapes() -> dict[str, tuple[int, ...]]:
    """The convolutions of a ResNet-20 for 32 x 32 images."""
    shapes: dict[str, tuple[int, ...]] = {"stem": (16, 3, 3, 3)}
    for stage, (width, before) in enumerate(((16, 16), (32, 16), (64, 32))):
        for block in range(3):
            shapes[f"{stage}.{block}.first"] = (width, width if block else before, 3, 3)
            shapes[f"{stage}.{block}.second"] = (width, width, 3, 3)
    return shapes


def loaded(folder: Path) -> dict[str, np.ndarray]:
    """The masks of a ticket folder, by weight."""
    return {name: mask.numpy() for name, mask in Mask.load(folder / "mask.safetensors").items()}


if __name__ == "__main__":
    main()
