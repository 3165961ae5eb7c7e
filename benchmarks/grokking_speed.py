"""Seconds per 1,000 steps of the paper's MLP: one run, stacks of 8 and 32, and the plain loop they are compared with.

    python benchmarks/grokking_speed.py [--threads 2] [--repeats 5]

The plain loop is what one would write: two embeddings, three matrix products, a log-softmax in float64, torch's AdamW,
and the test loss and accuracy at every step. A stack is measured with its usual evaluations (every 5 steps here, as in
the first thousand) and once more with an evaluation at every step. Every case runs in a process of its own, the plain
loop as Python starts it, stacks with memory held as `winnow grok` does, and the plain loop once more like that. All
take turns, so that a slow moment of the machine meets all of them; medians, and the least and the greatest.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import torch

from winnow.execution import hold_memory
from winnow.grokking.networks import network_named
from winnow.grokking.stacks import Member, Plan, train
from winnow.grokking.tasks import task_named

_STEPS = {1: 150, 8: 60, 32: 20}
_PLAIN_STEPS = 40


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--threads", type=int, default=torch.get_num_threads())
    words.add_argument("--repeats", type=int, default=5)
    words.add_argument("--network", default="mlp")
    words.add_argument("--device", default="cpu")
    given = words.parse_args()
    cases = [Case(0, 1, False), Case(0, 1, True)] + [Case(runs, every, True) for every in (5, 1) for runs in _STEPS]
    seconds: dict[Case, list[float]] = {case: [] for case in cases}
    for _ in range(given.repeats):
        for case in cases:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                seconds[case].append(pool.submit(measure, case, given.network, given.threads, given.device).result())
    plain = statistics.median(seconds[cases[0]])
    print(f"{given.network}, {given.threads} threads, seconds per 1,000 steps of one run, {given.repeats} repeats")
    for case, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{case!s:38} {median:7.2f}  ({min(taken):.2f} to {max(taken):.2f})  {plain / median:5.1f}x")


class Case(NamedTuple):
    """What is measured: a stack of so many runs, 0 for the plain loop."""

    runs: int
    every: int
    held: bool

    def __str__(self) -> str:
        if self.runs:
            return f"stack of {self.runs}, evaluated every {self.every} steps"
        return "plain loop, memory held" if self.held else "plain loop"


def measure(case: Case, network_name: str, threads: int, device_name: str) -> float:
    """Seconds per 1,000 steps of one run, after a warm-up."""
    torch.set_num_threads(threads)
    if case.held:
        hold_memory()
    task = task_named("add-67")
    network, device = network_named(network_name, task), torch.device(device_name)
    taken = [
        _stack(task, network, case.runs, case.every, device) if case.runs else _plain(task, network, device)
        for _ in range(2)
    ]
    return taken[-1]


def _plain(task: Any, network: Any, device: torch.device) -> float:
    """Seconds per 1,000 steps of the plain loop."""
    member = _member(task, network, 0)
    weights = {name: torch.nn.Parameter(t.to(device)) for name, t in member.start.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98))
    inputs, targets = task.inputs.to(device), task.targets.to(device)
    train_rows, test_rows = member.split.train.to(device), member.split.test.to(device)
    begin = time.perf_counter()
    for _ in range(_PLAIN_STEPS):
        optimizer.zero_grad()
        outputs = network.plain(weights, inputs[train_rows])
        loss = torch.nn.functional.cross_entropy(outputs.double(), targets[train_rows])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            outputs = network.plain(weights, inputs[test_rows])
            torch.nn.functional.cross_entropy(outputs.double(), targets[test_rows]).item()
            (outputs.argmax(-1) == targets[test_rows]).float().mean().item()
    return 1000 * (time.perf_counter() - begin) / _PLAIN_STEPS


def _stack(task: Any, network: Any, runs: int, every: int, device: torch.device) -> float:
    """Seconds per 1,000 steps of each run of a stack."""
    members = [_member(task, network, replicate) for replicate in range(runs)]
    steps = _STEPS[runs]
    plan = Plan(steps=steps, evaluate_every=every, evaluate_early=every, record_every=steps)
    begin = time.perf_counter()
    train(task, network, members, plan, device=device)
    return 1000 * (time.perf_counter() - begin) / steps / runs


def _member(task: Any, network: Any, replicate: int) -> Member:
    start = network.start(torch.Generator().manual_seed(replicate))
    return Member(branch="dense", replicate=replicate, start=start, split=task.split(0.4, replicate))


if __name__ == "__main__":
    main()
