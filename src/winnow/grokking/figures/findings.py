"""What a study has found, in sentences that are true whatever came out."""

from __future__ import annotations

import math
from itertools import pairwise

from winnow.grokking.figures import families
from winnow.grokking.figures.bands import last_values
from winnow.grokking.figures.families import DENSE, TICKET
from winnow.grokking.figures.panels import Quality
from winnow.grokking.figures.summary import times_of, total
from winnow.grokking.figures.times import Times, race
from winnow.grokking.studies.result import StudyResult

_BAR = 7  # times sooner; what the paper's figure 1 shows is about nine


def findings(result: StudyResult) -> list[str]:
    """Dense and ticket, their cost, every control and accelerator, the sweeps, and how far all of it can be trusted."""
    there = result.branches
    found = [f"The dense network generalised {told(result, DENSE)}."] if DENSE in there else []
    found += _ticket(result) if TICKET in there else []
    for names in (families.NORMS, families.STRICTER, families.AT_INIT, families.SUPERMASKS):
        found += [_other(result, name) for name in families.plain(result, names)]
    found += [_other(result, name) for name in families.families(result).get("Other learning rate", [])]
    found += [_other(result, name) for name in families.accelerated(result)]
    return [*found, *_rates(result), *_steps(result), *_no_decay(result), *_trust(result)]


def told(result: StudyResult, branch: str) -> str:
    """In how many seeds a branch generalised, and when."""
    runs, times = result.of(branch), times_of(result, branch)
    longest = f"{max(run.steps for run in runs):,}"
    if times.reached == 0:
        return f"in none of {_seeds(times.runs)} within {longest} steps"
    if times.runs == 1:
        return f"after {times.low:,.0f} steps (one seed)"
    if times.reached == times.runs:
        span = f"{times.low:,.0f} to {times.high:,.0f}"
        return f"in {times.runs} of {times.runs} seeds, after a median of {times.median:,.0f} steps ({span})"
    middle = "half or more never did, so there is no median"
    middle = middle if times.median is None else f"the median over all {times.runs} is {times.median:,.0f} steps"
    return f"in {times.reached} of {times.runs} seeds within {longest} steps; {middle}, the soonest {times.low:,.0f}"


def _ticket(result: StudyResult) -> list[str]:
    sentence = f"The ticket (k = {result.recipe.rate:g}) generalised {told(result, TICKET)}."
    if DENSE not in result.branches:
        return [f"{sentence} {_cost(result, TICKET)}"]
    against = race(result, TICKET, DENSE)
    sentence += f" It was {_sooner(result, TICKET, DENSE)}, at least {_BAR} times sooner in {against.at_least(_BAR)}."
    return [f"{sentence} {_cost(result, TICKET)}", *_delay(result)]


def _delay(result: StudyResult) -> list[str]:
    """tau and t_mem of both."""
    taus = [Times.of([run.ratio for run in result.of(name)]).median for name in (DENSE, TICKET)]
    firsts = [Times.of([run.memorised for run in result.of(name)]).median for name in (DENSE, TICKET)]
    if None in taus or None in firsts:
        return []
    return [
        f"The delay tau = t_gen / t_mem is a median of {taus[0]:.1f} for the dense network and {taus[1]:.1f} for the "
        f"ticket; t_mem is a median of {firsts[0]:,.0f} and {firsts[1]:,.0f} steps."
    ]


def _cost(result: StudyResult, branch: str) -> str:
    """The total with the search, said of every branch that had one."""
    runs = result.of(branch)
    if not any(run.search_steps for run in runs):
        return ""
    search = max(run.search_steps for run in runs)
    whole, dense = total(runs).median, times_of(result, DENSE).median if DENSE in result.branches else None
    sentence = f"Its mask took {search:,} steps to find"
    if whole is None:
        return f"{sentence}."
    sentence += f": with them it generalised after a median of {whole:,.0f} steps"
    return f"{sentence}, {whole / dense:.2f} times the dense network's median." if dense else f"{sentence}."


def _sooner(result: StudyResult, branch: str, other: str) -> str:
    """Seed by seed: in how many, by which factor."""
    found = race(result, branch, other)
    if not found.seeds:
        return f"not run on any seed of {other}"
    sentence = f"sooner than {other} in {found.sooner} of {_seeds(found.seeds)}"
    if found.median is None:
        return sentence
    sentence += f", {other}'s t_gen being a median of {found.median:.1f} times its own where it generalised"
    if len(found.factors) > 1:
        sentence += f" ({min(found.factors):.1f} to {max(found.factors):.1f})"
    if found.bounds:
        sentence += f", a lower bound in {_seeds(found.bounds)} whose {other} run never generalised"
    return sentence


def _other(result: StudyResult, branch: str) -> str:
    against = [name for name in (DENSE, TICKET) if name in result.branches]
    parts = [f"{branch} generalised {told(result, branch)}", *(_sooner(result, branch, name) for name in against)]
    return f"{'; '.join(parts)}. {_cost(result, branch)}".strip()


def _rates(result: StudyResult) -> list[str]:
    branches = families.by_rate(result)
    if len(branches) < 2:
        return []
    taus = {k: Times.of([run.ratio for run in result.of(name)]).median for k, name in branches.items()}
    there = {k: tau for k, tau in taus.items() if tau is not None}
    firsts = [Times.of([run.memorised for run in result.of(name)]).median for name in branches.values()]
    counts = ", ".join(f"{k:g} in {_share(result, name)}" for k, name in branches.items())
    sentence = f"By pruning rate k, tickets generalised: {counts}."
    if there:
        best = min(there, key=lambda k: there[k])
        sentence += f" The median delay tau is smallest at k = {best:g} ({there[best]:.1f})."
    if None not in firsts:
        rising = all(later >= earlier for earlier, later in pairwise([first for first in firsts if first is not None]))
        sentence += f" The median t_mem {'rises' if rising else 'does not rise'} with every step of k."
    return [sentence]


def _steps(result: StudyResult) -> list[str]:
    branches = families.by_step(result)
    counts = ", ".join(f"{step:,} in {_share(result, name)}" for step, name in branches.items())
    return (
        [f"By the step of the dense network that the mask is from, tickets generalised: {counts}."]
        if len(branches) > 1
        else []
    )


def _no_decay(result: StudyResult) -> list[str]:
    dense = f"{DENSE},wd0"
    branches = {f"k = {k:g}": name for k, name in families.by_rate(result, weight_decay=0.0).items()}
    branches = {"dense": dense, **branches} if dense in result.branches else branches
    counts = ", ".join(f"{word} in {_share(result, name)}" for word, name in branches.items())
    return [f"Without weight decay, networks generalised: {counts}."] if branches else []


def _trust(result: StudyResult) -> list[str]:
    recipe, quality = result.recipe, Quality.of(result)
    passed = f"above {quality.threshold:g}%" if quality.metric == "accuracy" else f"below {quality.threshold:g}"
    return [
        f"A run has memorised (t_mem) or generalised (t_gen) at the first evaluation with training or test "
        f"{quality.metric} {passed}; evaluations are {recipe.evaluate_early} steps apart in the first thousand steps "
        f"and {recipe.evaluate_every} after, and no time is known better than that.",
        _splits(result),
        *_broken(result),
    ]


def _splits(result: StudyResult) -> str:
    """Whether all branches of a seed saw the same examples."""
    found: dict[int, set[str]] = {}
    for run in result.records:
        found.setdefault(run.replicate, set()).add(run.split)
    unequal = [str(replicate) for replicate, splits in found.items() if len(splits) > 1]
    if unequal:
        return f"Branches of seed {', '.join(unequal)} were trained on different splits: there they do not compare."
    digests = ", ".join(next(iter(splits))[:12] for _, splits in sorted(found.items()))
    return f"All branches of a seed share one split of training and test examples (SHA-256 {digests})."


def _broken(result: StudyResult) -> list[str]:
    sentences = []
    for name in result.branches:
        ends = [*last_values(result, name, "train_loss").items(), *last_values(result, name, "test_loss").items()]
        seeds = sorted({replicate for replicate, value in ends if not math.isfinite(value)})
        if seeds:
            sentences.append(
                f"{name} ended with a loss that is not a number in {len(seeds)} of {_seeds(len(result.of(name)))}."
            )
    return sentences


def _share(result: StudyResult, branch: str) -> str:
    times = times_of(result, branch)
    return f"{times.reached} of {times.runs}"


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"
