"""What a mark costs: test accuracy of tickets trained without it, with it, and with it and triggers.

    winnow tickets find lenet-mnist --replicates 5 --levels 5 ... --out RUN
    python benchmarks/ownership_cost.py RUN --level 5 --keys 2

Every replicate's ticket is trained three times from its start with the run's own training, in the same data order:
unmarked, marked, marked with triggers. Keys are drawn anew. Prints the differences with their 95 % interval (t over
replicates), whether every layer's count is the same, how the mark reads from the trained weights, and trigger hits.
"""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from winnow.ownership.marking import mark
from winnow.ownership.sources import Source, open_source
from winnow.ownership.terms import Terms
from winnow.ownership.training import answers_of_tensors, train_marked, trigger_rule
from winnow.signing.asking.triggers import Triggers, test_answers, trigger_set
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import read, sent_bits
from winnow.sparsity import Ticket


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("run", type=Path)
    words.add_argument("--level", type=int, required=True)
    words.add_argument("--keys", type=int, default=2)
    words.add_argument("--code")
    words.add_argument("--out", type=Path, help="one JSON line a replicate; those that are there are not done again")
    given = words.parse_args()
    rows = _done(given.out)
    for folder in sorted((given.run / f"level-{given.level:02d}").glob("replicate-*"))[len(rows) :]:
        rows.append(measure(open_source(folder), given.keys, given.code, len(rows)))
        print(json.dumps(rows[-1]), flush=True)
        if given.out:
            given.out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("marked", "with triggers"):
        gains = 100 * np.array([row[name] - row["unmarked"] for row in rows])
        half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / len(gains) ** 0.5
        mean = 100 * np.mean([row[name] for row in rows])
        plain = 100 * np.mean([row["unmarked"] for row in rows])
        print(f"{name}: {mean:.2f} % against {plain:.2f} % unmarked, {gains.mean():+.2f} points (+-{half:.2f}, 95 %)")


def measure(source: Source, keys: int, code: str | None, seed: int) -> dict[str, Any]:
    """One replicate."""
    prepared = source.prepared()
    assert prepared is not None
    ticket, dense = source.ticket, source.dense
    held = [secrets.token_bytes(32) for _ in range(keys)]
    payloads = [secrets.token_bytes(16) for _ in range(keys)]
    layout = Terms("cost", code=code).layout(ticket.mask)
    marked, report = mark(ticket, layout, held, payloads, dense=dense.trained if dense else None)
    triggers = [trigger_set(key, trigger_rule(prepared.data)) for key in held]

    def trained(one: Ticket, taught: Sequence[Triggers] = ()) -> tuple[Ticket, float]:
        data, plan, first = prepared.data, prepared.plan, prepared.rewind_step
        done = train_marked(source.module(), one, data, plan, triggers=taught, first_step=first, seed=seed)
        return done.ticket, done.test_accuracy

    plain, marks, both = trained(ticket)[1], trained(marked), trained(marked, triggers)
    assert both[0].trained is not None
    masks = {layer.name: (both[0].trained[layer.name] != 0).numpy() for layer in layout.layers}
    readings = [
        read(masks, keyed_positions(key, layout), key, sent_bits(key, layout.code, payload))
        for key, payload in zip(held, payloads, strict=True)
    ]
    ask = answers_of_tensors(source.module(), both[0].trained)
    hits = [test_answers(t.labels, ask(t.inputs), t.rule.classes).hits for t in triggers]
    return {
        "unmarked": plain,
        "marked": marks[1],
        "with triggers": both[1],
        "same counts": all(int(ticket.mask[n].sum()) == int(marked.mask[n].sum()) for n in ticket.mask),
        "density": ticket.mask.density,
        "code": layout.code,
        "swapped": sum(report.switched.values()) / ticket.mask.kept,
        "matches": [f"{one.matches}/{one.total}" for one in readings],
        "log2_p": [round(one.log2_p, 1) for one in readings],
        "trigger hits": hits,
    }


def _done(out: Path | None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()] if out and out.exists() else []


if __name__ == "__main__":
    main()
