"""Start weights of the survivors and their movement, on tickets made by hand."""

from __future__ import annotations

import pytest
import torch

from winnow.sparsity import Mask, Ticket
from winnow.tickets.analysis.weights import histogram_rows, weight_rows

START = torch.tensor([[-2.0, -1.0, -0.1, 0.1, 1.0, 2.0]])


def ticket(keep: list[bool], moved: list[float] | None) -> Ticket:
    trained = None if moved is None else {"w": START + torch.tensor([moved])}
    return Ticket({"w": START}, Mask({"w": torch.tensor([keep])}), trained)


def test_survivors_are_compared_with_all_start_weights_of_their_layer() -> None:
    kept = ticket([True, True, False, False, True, True], [0.5, -0.5, 9, 9, -1.5, 0.5])
    (row,) = weight_rows(2, [kept], [{"w": START}])
    deviation = float(START.double().std(correction=0))
    assert (row["level"], row["replicate"], row["layer"], row["kept"]) == (2, 0, "w", 4)
    assert row["start_size"] == 1.5 and row["start_size_all"] == pytest.approx(6.2 / 6)
    assert row["near_zero_percent"] == 0 and row["near_zero_percent_all"] == pytest.approx(100 / 3)
    assert row["moved_size"] == pytest.approx(0.75)
    assert row["moved_deviations"] == pytest.approx(0.75 / deviation)
    assert row["sign_changed_percent"] == 25


def test_a_layer_without_survivors_or_trained_weights_has_no_values() -> None:
    (row,) = weight_rows(1, [ticket([False] * 6, [0.0] * 6)], [{"w": START}])
    assert row["kept"] == 0 and row["start_size"] is None and row["moved_size"] is None
    (row,) = weight_rows(1, [ticket([True] * 6, None)], [{"w": START}])
    assert row["start_size"] is not None and row["moved_size"] is None and row["sign_changed_percent"] is None
    assert {r["of"] for r in histogram_rows(1, [ticket([True] * 6, None)], [{"w": START}])} == {"start"}


def test_a_level_that_starts_from_trained_weights_moves_from_there() -> None:
    rewound = Ticket({"w": START + 1}, Mask({"w": torch.ones(1, 6)}), {"w": START + 1.25})
    (row,) = weight_rows(1, [rewound], [{"w": START}])
    assert row["moved_size"] == pytest.approx(0.25)
    assert row["start_size"] == row["start_size_all"]


def test_histograms_count_every_survivor_once_and_share_their_bins() -> None:
    first = {"w": torch.randn(30, 40, generator=torch.Generator().manual_seed(1))}
    mask = Mask({"w": first["w"].abs() > 0.5})
    sparse, dense = Ticket(first, mask, first), Ticket(first, Mask.ones(first), first)
    rows = {}
    for level, chosen in ((0, dense), (3, sparse)):
        rows[level] = [row for row in histogram_rows(level, [chosen], [first]) if row["of"] == "start"]
        assert sum(row["count"] for row in rows[level]) == chosen.mask.kept
        area = sum(row["density"] * (row["high"] - row["low"]) for row in rows[level])
        assert area == pytest.approx(1)
    assert [row["low"] for row in rows[0]] == [row["low"] for row in rows[3]]
    middle = len(rows[3]) // 2
    assert rows[3][middle]["count"] == 0 < rows[0][middle]["count"]


def test_weights_that_never_move_still_have_a_histogram() -> None:
    rows = [row for row in histogram_rows(1, [ticket([True] * 6, [0.0] * 6)], [{"w": START}]) if row["of"] == "moved"]
    assert sum(row["count"] for row in rows) == 6
    assert rows[len(rows) // 2]["count"] == 6
