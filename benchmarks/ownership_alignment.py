"""The judge's alignment: does it make innocents match, and does it bring a disguised copy back?

    python benchmarks/ownership_alignment.py SIGNED RUN/level-01/replicate-* --keys 50 --trials 100

SIGNED is a folder of `winnow ownership sign`; the tickets are innocent and of the same architecture. Every innocent is
aligned to SIGNED's reference once for each of `--keys` fresh keys, with that key's places covered up, and then read;
the match counts are compared with Bin(n, 1/2). Then SIGNED itself is disguised in `--trials` random ways (all hidden
channels permuted, rescaled, signs flipped, BatchNorm folded), 20 % of what remains is pruned by magnitude, and the
owner's mark is read as the judge reads it.
"""

from __future__ import annotations

import argparse
import os
import secrets
import time
from pathlib import Path

import numpy as np
import torch

from ownership_false_claims import chi_square
from winnow.ownership.attacks.disguising import disguised_pruned
from winnow.ownership.attacks.looking import looked
from winnow.ownership.attacks.opening import opened_target
from winnow.ownership.attacks.target import Target
from winnow.ownership.sources import open_source
from winnow.signing.alignment.alignment import align
from winnow.signing.claims.vault import load_secrets
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import log2_binomial_tail, read, sent_bits
from winnow.sparsity import Ticket
from winnow.training import TrainingPlan


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("signed", type=Path)
    words.add_argument("innocents", type=Path, nargs="*")
    words.add_argument("--source", type=Path, required=True, help="the ticket that was signed, in its run")
    words.add_argument("--keys", type=int, default=50)
    words.add_argument("--trials", type=int, default=100)
    given = words.parse_args()
    target = opened(given.signed, given.source)
    if given.innocents:
        innocent(target, given.innocents, given.keys)
    disguised(target, given.trials)


def opened(signed: Path, folder: Path) -> Target:
    """The signed ticket with its key; the passphrase is read from WINNOW_PASSPHRASE."""
    source = open_source(folder)
    prepared = source.prepared()
    assert prepared is not None
    held = load_secrets(signed / "secrets.json", os.environ["WINNOW_PASSPHRASE"])
    ticket = Ticket.from_pretrained(signed / "ticket")
    build, plan = prepared.model.build, TrainingPlan(steps=1, batch=1)
    return opened_target(ticket, signed / "claim", held[0], build=build, data=prepared.data, budget=plan)


def innocent(target: Target, folders: list[Path], keys: int) -> None:
    """Matches of fresh keys with innocents that were aligned for each of them."""
    reference, layout, began = target.reference, target.layout, time.perf_counter()
    shapes = {layer.name: layer.shape for layer in layout.layers}
    counts = []
    for folder in folders:
        weights = Ticket.from_pretrained(folder).trained or {}
        arrays = {name: tensor.numpy() for name, tensor in weights.items()}
        for _ in range(keys):
            key = secrets.token_bytes(32)
            positions, sent = keyed_positions(key, layout), sent_bits(key, layout.code, key[:16])
            moved = align(
                arrays, shapes, reference.masks, positions.blanked(), target.claim.coupled, reference.weights or None
            )
            seen = {name: np.nan_to_num(moved.tensors[name]) != 0 for name in shapes}
            counts.append(read(seen, positions, key, sent).matches)
    matches = np.array(counts)
    each, most = (time.perf_counter() - began) / len(matches), int(matches.max())
    print(
        f"{len(folders)} innocents x {keys} keys, aligned for each ({each:.2f} s): mean {matches.mean():.2f} of "
        f"{layout.bits} bits, sd {matches.std():.2f}, largest {most} (2^{log2_binomial_tail(most, layout.bits):.1f}), "
        f"chi-square p {chi_square(matches, layout.bits):.3f}"
    )


def disguised(target: Target, trials: int) -> None:
    """How many disguised and pruned copies are found."""
    outcomes, ps = [], []
    for seed in range(trials):
        attacked = disguised_pruned(target, 0.2, torch.Generator().manual_seed(seed))
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in attacked.tensors.items()}
        found = looked(target, arrays)
        outcomes.append(found["outcome"])
        ps.append(found["log2_p_adjusted"])
    print(
        f"{trials} disguised copies, 20 % pruned: {outcomes.count('match')} matches, "
        f"log2 p {np.median(ps):.0f} ({min(ps):.0f} to {max(ps):.0f})"
    )


if __name__ == "__main__":
    main()
