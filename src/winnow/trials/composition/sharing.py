"""What the items of a coordination share: "prior A or B", "A and B <= 2.5 x ULN", "A or B within 4 weeks"."""

from __future__ import annotations

import re

from winnow.trials.composition.bounds import bounds_of, with_bounds
from winnow.trials.composition.heads import with_heads
from winnow.trials.composition.prefixes import with_prefixes
from winnow.trials.composition.windows import read_windows

_QUALITY = re.compile(
    r"(?:(?:has|have|having)\s+)?(?:[\w-]+\s+)?(?:adequate|acceptable|sufficient|normal|abnormal|impaired|"
    r"inadequate|insufficient)\s+",
    re.IGNORECASE,
)


def shared(items: list[str], words: list[str]) -> list[str]:
    """The items, each with what it shares with its neighbours written out; `words[i]` links items i and i + 1."""
    items = with_prefixes(_qualities(items, with_heads(items)))
    items = with_bounds(items)
    return _windows(items, words)


def _qualities(items: list[str], headed: list[str]) -> list[str]:
    """ "adequate liver and kidney function, ECOG 1": adequate for all that share the noun."""
    quality, done = _QUALITY.match(items[0]), list(headed)
    for place in range(1, len(items)):
        if not quality or headed[place - 1] == items[place - 1]:
            break
        done[place] = quality[0] + headed[place]
    return done


def _windows(items: list[str], words: list[str]) -> list[str]:
    """A window at an item's end is also that of the items before it that have none.

    One in the middle of the row reaches back only over an "and" or "or", not over a comma alone. A bound gets the
    window of a bound.
    """
    done, window, bound, reaches = list(items), "", False, False
    for place in range(len(items) - 1, -1, -1):
        found = read_windows(items[place])
        if found:
            closes = found[-1].end >= len(items[place].rstrip(" ."))
            window, bound = items[place][found[-1].start :] if closes else "", bool(bounds_of(items[place]))
            reaches = place == len(items) - 1
        elif window and (reaches or words[place] != ""):
            reaches = True
            if not bounds_of(items[place]) or bound:
                done[place] = f"{items[place]} {window}"
        else:
            window = ""
    return done
