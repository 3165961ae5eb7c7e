"""Two claims on one ticket."""

import datetime
import itertools

import pytest

from signing_cases import DAY
from winnow.signing.claims.priority import Party, priority
from winnow.signing.stamps.stamps import Stamp

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


def stamp(days: float, accuracy: float = 1.0) -> Stamp:
    return Stamp(NOON + days * DAY, accuracy, "CN=stamps")


OWNER = Party("owner", stamp(0), stamp(1), carries_other=False)
THIEF = Party("thief", stamp(10), stamp(11), carries_other=True)


def test_the_owner_wins_by_stamps_and_by_containment_from_either_side() -> None:
    assert priority(OWNER, THIEF).winner == "first"
    assert priority(THIEF, OWNER).winner == "second"
    assert priority(OWNER, THIEF).reasons[-1] == "owner came first, by its stamps."
    only_marks = priority(Party("owner", carries_other=False), Party("thief", carries_other=True))
    assert only_marks.winner == "first"
    assert "what the references carry" in only_marks.reasons[-1]
    assert only_marks.reasons[0] == "No valid stamp of the key: owner and thief."


@pytest.mark.parametrize("missing", ["first", "second"])
def test_one_missing_stamp_falls_to_containment(missing: str) -> None:
    first = Party("a", None if missing == "first" else stamp(0), carries_other=True)
    second = Party("b", None if missing == "second" else stamp(0), carries_other=False)
    assert priority(first, second).winner == "second"


def test_keys_stamped_in_advance_do_not_win_a_ticket_stolen_later() -> None:
    early = Party("thief", stamp(-100), stamp(11), carries_other=True)
    found = priority(OWNER, early)
    assert found.winner == "first"
    assert "what the references carry" in found.reasons[-1]
    unread = priority(Party("owner", stamp(0), stamp(1)), Party("thief", stamp(-100), stamp(11)))
    assert unread.winner is None


def test_stamps_that_contradict_the_marks_decide_nothing() -> None:
    late = Party("late", stamp(10), stamp(11), carries_other=False)
    assert priority(Party("early", stamp(0), stamp(1), carries_other=True), late).winner is None


def test_stamps_nearer_than_they_are_accurate_decide_nothing() -> None:
    second = 1 / 86_400
    for apart, winner in ((1.0, None), (2.0, None), (3.0, "first")):
        assert priority(Party("a", stamp(0)), Party("b", stamp(apart * second))).winner == winner


def test_nothing_known_stays_open() -> None:
    for carries in (None, True, False):
        found = priority(Party("a", carries_other=carries), Party("b", carries_other=carries))
        assert found.winner is None
        assert found.reasons[-1].endswith("undecided.")


def test_exchanging_the_parties_exchanges_the_winner() -> None:
    times, carries = (None, stamp(0), stamp(5)), (None, True, False)
    parties = [Party("p", key, whole, carry) for key, whole, carry in itertools.product(times, times, carries)]
    mirrored = {"first": "second", "second": "first", None: None}
    for one, other in itertools.product(parties, parties):
        assert priority(other, one).winner == mirrored[priority(one, other).winner]
