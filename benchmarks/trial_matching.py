"""How long the default engine takes for 20 patients and 50 trials, start of the interpreter and loading included.

    python benchmarks/trial_matching.py ../shared/data/trials

Patients are the known-item ones and the trials every n-th of the pool, so that both are the same every time. It prints
the phases, and a second run on the same store: what a re-screening of unchanged charts costs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from winnow.trials.patients import read_patients
from winnow.trials.registry import Trial, read_trials
from winnow.trials.screening import EngineChoice, MatchRequest, run_match
from winnow.trials.store import open_store


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("data", type=Path)
    words.add_argument("--trials", type=int, default=50)
    words.add_argument("--encoder", default="minilm")
    given = words.parse_args()
    began = time.perf_counter()
    patients = read_patients(given.data / "known-item-patients.jsonl")
    trials = spread(read_trials(given.data / "trial-pool.parquet").trials, given.trials)
    print(f"{len(patients)} patients, {len(trials)} trials, read in {time.perf_counter() - began:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with open_store(place / "store.db") as store:
            store.put_patients(patients)
            store.put_trials(trials)
            for name in ("first run", "same again"):
                request = MatchRequest(place / "worklists", engine=EngineChoice("baseline"), encoder=given.encoder)
                begin = time.perf_counter()
                effort = run_match(store, request).effort
                seconds = time.perf_counter() - begin
                print(
                    f"{name}: {seconds:.1f} s, {effort.pairs} pairs, {effort.questions} questions, "
                    f"{effort.distinct} distinct, {effort.reused} from the store, {effort.errors} errors, "
                    f"{effort.tokens.prompt + effort.tokens.completion} tokens; "
                    f"a pair: {1000 * seconds / effort.pairs:.0f} ms, {effort.questions / effort.pairs:.1f} questions"
                )


def spread(trials: list[Trial], count: int) -> list[Trial]:
    """`count` trials evenly through the pool."""
    return [trials[at * len(trials) // count] for at in range(count)]


if __name__ == "__main__":
    main()
