"""Connectivity of units, against convolutions that are run: an input that nobody reads changes no output."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from winnow.sparsity import Mask
from winnow.tickets.analysis.units import QUANTILES, Wiring, incoming, layer_rows, outgoing, unit_rows, wirings


def test_a_linear_layers_rows_are_units_and_its_columns_inputs() -> None:
    mask = torch.tensor([[1, 1, 0, 0], [1, 0, 0, 0]], dtype=torch.bool)
    assert incoming(mask).tolist() == [0.5, 0.25]
    assert outgoing(mask).tolist() == [1, 0.5, 0, 0]


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, 3, bias=False),
        nn.Conv2d(4, 6, 3, groups=2, bias=False),
        nn.Conv2d(4, 8, 3, groups=4, bias=False),
        nn.ConvTranspose2d(4, 6, 3, bias=False),
        nn.ConvTranspose2d(4, 6, 3, groups=2, bias=False),
    ],
)
def test_dead_channels_are_those_that_nothing_flows_through(layer: nn.Conv2d) -> None:
    generator = torch.Generator().manual_seed(0)
    for density in (0.05, 0.1, 0.3):
        mask = torch.rand(layer.weight.shape, generator=generator) < density
        with torch.no_grad():
            layer.weight.copy_(mask)  # ones: what flows is counted, and nothing cancels
            flows = torch.stack([layer(torch.eye(4)[c].view(1, 4, 1, 1).expand(1, 4, 9, 9))[0] for c in range(4)])
        read = flows.amax((2, 3)) > 0  # [inputs, outputs]
        wiring = wirings(layer)["weight"]
        assert (outgoing(mask, wiring) > 0).tolist() == read.any(1).tolist()
        assert (incoming(mask, wiring) > 0).tolist() == read.any(0).tolist()
        assert float(incoming(mask, wiring).mean()) == pytest.approx(float(mask.double().mean()))
        assert float(outgoing(mask, wiring).mean()) == pytest.approx(float(mask.double().mean()))


def test_wirings_are_those_of_convolutions_only() -> None:
    module = nn.Sequential(nn.Conv2d(2, 4, 3, groups=2), nn.Flatten(), nn.Linear(4, 2))
    assert wirings(module) == {"0.weight": Wiring(2, False)}
    assert wirings(None) == {}


def test_dead_units_and_inputs_are_counted_per_replicate() -> None:
    tensor = torch.ones(4, 5, dtype=torch.bool)
    tensor[1] = False
    tensor[:, 2:4] = False
    rows = layer_rows(3, [Mask({"w": tensor}), Mask({"w": torch.ones(4, 5)})], {})
    dead = [(row["replicate"], row["units_without_incoming"], row["inputs_without_outgoing"]) for row in rows]
    assert dead == [(0, 1, 2), (1, 0, 0)]
    assert rows[0]["density_percent"] == pytest.approx(100 * 9 / 20)
    assert (rows[0]["units"], rows[0]["inputs"]) == (4, 5)


def test_quantiles_run_from_the_least_to_the_most_connected_unit() -> None:
    tensor = torch.zeros(3, 4, dtype=torch.bool)
    tensor[0, :1], tensor[1, :2], tensor[2, :4] = True, True, True
    rows = [row for row in unit_rows(1, [Mask({"w": tensor, "scale": torch.ones(3)})], {}) if row["layer"] == "w"]
    into = {row["quantile"]: row["percent"] for row in rows if row["direction"] == "incoming"}
    assert (into[0], into[50], into[100]) == (25, 50, 100)
    assert tuple(into) == QUANTILES
    out = [row["percent"] for row in rows if row["direction"] == "outgoing"]
    assert out == sorted(out) and out[0] == pytest.approx(100 / 3)


def test_a_vector_of_weights_joins_no_units() -> None:
    assert unit_rows(1, [Mask({"scale": torch.ones(3)})], {}) == []
