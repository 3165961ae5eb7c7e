"""The mark that a level is done, and what it tells. No torch."""

from __future__ import annotations

from winnow.storage import RunFolder, read_json

DONE = "done.json"


def executions(run: RunFolder) -> dict[str, str]:
    """How each finished level was executed, in words, by "level 7"."""
    found = {}
    for file in sorted(run.path.glob(f"level-*/{DONE}")):
        done = read_json(file)
        if done.get("execution"):
            found[f"level {done['level']}"] = "; ".join(done["execution"])
    return found
