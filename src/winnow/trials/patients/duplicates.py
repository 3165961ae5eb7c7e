"""Notes that repeat others: the same words, or nearly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import ceil

from winnow.trials.patients.patient import STRUCTURED, Note

SHINGLE = 5
FEWEST_WORDS = 50


def earlier_copies(notes: Sequence[Note], *, exact: bool, threshold: float | None) -> dict[str, str]:
    """Reasons, by note id, for the notes that a later one of `notes` repeats; the last one always stays.

    Args:
        notes: in order of day.
        exact: whether the same words, white space apart, are a reason.
        threshold: Jaccard similarity of word shingles from which a note is a near copy; None seeks none.
    """
    reasons = _exact(notes) if exact else {}
    if threshold is not None:
        reasons |= _near([note for note in notes if note.note_id not in reasons], threshold)
    return reasons


def _exact(notes: Sequence[Note]) -> dict[str, str]:
    latest = {_words(note): note.note_id for note in notes}
    return {
        note.note_id: f"same words as {latest[_words(note)]}" for note in notes if latest[_words(note)] != note.note_id
    }


def _near(notes: Sequence[Note], threshold: float) -> dict[str, str]:
    """Near copies, latest note first.

    Two sets of similarity t share one of the first (1 - t) n + 1 of their n members in any common order (prefix
    filter; Bayardo, Ma and Srikant, WWW 2007), so only notes that share such a member are compared. Rare members first:
    then notes that differ seldom meet.
    """
    reasons: dict[str, str] = {}
    kept: dict[str, frozenset[int]] = {}
    index: dict[int, list[str]] = defaultdict(list)
    for note, own in reversed([*zip(notes, _ranked([_shingles(note) for note in notes]), strict=True)]):
        prefix = sorted(own)[: len(own) - ceil(threshold * len(own) - 1e-9) + 1]
        rivals = dict.fromkeys(rival for shingle in prefix for rival in index[shingle])
        original = next((rival for rival in rivals if _similarity(own, kept[rival]) >= threshold), None)
        if original:
            reasons[note.note_id] = f"nearly the same words as {original}"
            continue
        kept[note.note_id] = own
        for shingle in prefix:
            index[shingle].append(note.note_id)
    return reasons


def _ranked(sets: Sequence[frozenset[str]]) -> list[frozenset[int]]:
    """The same sets with each member as its rank, the one in the fewest sets first."""
    counts = Counter(member for own in sets for member in own)
    ranks = {member: rank for rank, member in enumerate(sorted(counts, key=lambda member: (counts[member], member)))}
    return [frozenset(ranks[member] for member in own) for own in sets]


def _similarity(one: frozenset[int], other: frozenset[int]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def _words(note: Note) -> str:
    return " ".join(note.text.split())


def _shingles(note: Note) -> frozenset[str]:
    """Runs of five words in lower case; none for structured records and short notes."""
    words = note.text.lower().split()
    if note.kind == STRUCTURED or len(words) < FEWEST_WORDS:
        return frozenset()
    return frozenset(" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1))
