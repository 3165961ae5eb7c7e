"""The numbers that a reader of "Grokking Tickets" checks first, from the run folder of a study.

    python benchmarks/grokking_checks.py runs/grok-mlp-add-c6306b374151

Prints, as medians over seeds with the least and the greatest: norms of the tickets' starts relative to the dense ones,
Jaccard distances of masks over the dense run, frequency entropy of dense and ticket, last norms, and periodicity of the
masked start. A study with "dense" and "ticket" is needed; norms of controls are printed where they are there.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

from torch import Tensor

from winnow.grokking.masks import magnitude_mask
from winnow.grokking.measures import (
    ALL,
    adjacent_distances,
    authors_entropy,
    distance_matrices,
    frequency_entropy,
    neuron_rows,
    norm_ratios,
    ticket_periodicity,
)
from winnow.grokking.studies import StudyResult, read_run
from winnow.sparsity import Mask


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("run", type=Path)
    result, _ = read_run(words.parse_args().run)
    seeds = [record.replicate for record in result.of("ticket")]
    _starts(result, seeds)
    _distances(result, seeds)
    _entropies(result, seeds)
    _last_norms(result)


def _starts(result: StudyResult, seeds: list[int]) -> None:
    ratios = [norm_ratios(result.weights("dense", seed, 0), _mask(result, seed)) for seed in seeds]
    _say("r_L1 of the ticket's start", (ratio.l1 for ratio in ratios))
    _say("r_L2 of the ticket's start", (ratio.l2 for ratio in ratios))
    found = [ticket_periodicity(result.weights("dense", seed, 0), _mask(result, seed)) for seed in seeds]
    _say("top share of the masked start's spectra", (one.share for one in found))
    _say("the same with the mask shuffled", (one.shuffled for one in found))


def _distances(result: StudyResult, seeds: list[int]) -> None:
    adjacent, far = [], []
    for seed in seeds:
        steps = [step for step in result.kept_steps("dense", seed) if step]
        masks = {step: _pruned(result, seed, step) for step in steps}
        adjacent.append(adjacent_distances(masks)[ALL])
        far.append(float(distance_matrices(masks)[ALL][0, -1]))
        generalised = next(r.generalised for r in result.of("dense") if r.replicate == seed)
        series = " ".join(f"{value:.3f}" for value in adjacent[-1])
        print(f"seed {seed}, t_gen {generalised}: adjacent distances from step {steps[0]}: {series}")
    _say("largest adjacent distance", (float(max(series)) for series in adjacent))
    _say("median adjacent distance", (statistics.median(map(float, series)) for series in adjacent))
    _say("distance of the first and the last mask", far)


def _entropies(result: StudyResult, seeds: list[int]) -> None:
    measures: dict[str, Callable[..., Tensor]] = {"authors' form": authors_entropy, "entropy": frequency_entropy}
    for name, measure in measures.items():
        for branch in ("dense", "ticket"):
            for step in (0, 2000, None):
                values = [_entropy(result, branch, seed, step, measure) for seed in seeds]
                at = "last step" if step is None else f"step {step}"
                _say(f"frequency {name}, {branch}, {at}", values)


def _entropy(result: StudyResult, branch: str, seed: int, step: int | None, measure: Callable[..., Tensor]) -> float:
    steps = result.kept_steps(branch, seed)
    at = steps[-1] if step is None else step
    return float(measure(neuron_rows(result.weights(branch, seed, at))))


def _last_norms(result: StudyResult) -> None:
    for branch in result.branches:
        last = [result.curves[branch, run.replicate] for run in result.of(branch)]
        for norm in ("l1", "l2"):
            _say(f"last {norm} norm, {branch}", (float(curve[norm][1][-1]) for curve in last))


def _mask(result: StudyResult, seed: int) -> Mask:
    found = result.mask("ticket", seed)
    assert found is not None
    return found


def _pruned(result: StudyResult, seed: int, step: int) -> Mask:
    weights = result.weights("dense", seed, step)
    return magnitude_mask(weights, list(weights), result.recipe.rate)


def _say(what: str, values: Iterable[float]) -> None:
    kept = sorted(values)
    print(f"{what}: {statistics.median(kept):.4g} ({kept[0]:.4g} to {kept[-1]:.4g}), {len(kept)} seeds")


if __name__ == "__main__":
    main()
