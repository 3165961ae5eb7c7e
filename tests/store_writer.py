"""A process that writes to a store: `python store_writer.py ADDRESS NAME BATCHES`.

It says "ready", waits for a line, and then says when each batch is in.
"""

from __future__ import annotations

import sys
import time

import store_cases as cases
from winnow.trials.store import open_store

SIZE = 20


def write(address: str, name: str, batches: int) -> None:
    with open_store(address, operator=name) as store:
        run = cases.begin(store)
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(batches):
            time.sleep(0.01)  # SQLite lets whoever asks first in, and that is often the one who was in
            # The evidence is the writer's own, so that writers do not find each other's answers.
            answers = cases.batch(range(number * SIZE, (number + 1) * SIZE), evidence=name)
            store.put_answers(run, cases.ENGINE, None, answers)
            print(number, flush=True)
        store.finish_run(run)


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]))
