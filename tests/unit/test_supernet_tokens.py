"""The token path is connected, attends, and can be left out."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from supernet_networks import images_for, minute, stirred
from winnow.supernet.network import Norm, build
from winnow.supernet.network.tokens import AttentionLayer, TokenPath, coordinate_maps

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_every_token_path_takes_part_in_the_loss(task):
    network = build(minute(task), 0)
    network(images_for(minute(task), 4, torch.float32)).square().mean().backward()
    found = {name: p.grad for name, p in network.named_parameters() if ".tokens." in name}
    assert len({name.split(".tokens.")[0] for name in found}) == sum(count > 0 for count in minute(task).tokens)
    for name, gradient in found.items():
        assert gradient is not None, name
        assert gradient.abs().sum() > 0, name


def test_without_tokens_there_is_no_module():
    network = build(minute(tokens=False), 0)
    assert not any("tokens" in name for name in network.state_dict())
    with_them, without = stirred(minute()).eval(), stirred(minute(tokens=False)).eval()
    without.load_state_dict({name: with_them.state_dict()[name] for name in without.state_dict()})
    x = images_for(minute())
    assert (with_them(x) - without(x)).abs().max() > 1e-3


def test_one_corner_is_seen_in_the_other():
    path = TokenPath(4, 3, 4, Norm()).eval()
    torch.nn.init.normal_(path.queries)
    maps = torch.randn(1, 4, 32, 32)
    changed = maps.clone()
    changed[:, :, :8, :8] += 3
    moved = (path(changed) - path(maps)).abs()
    assert path(maps).shape == maps.shape
    assert moved[..., -4:, -4:].max() > 1e-6


def test_attention_is_torch_s_own():
    layer = AttentionLayer(6).double()
    asking, read = torch.randn(3, 6, dtype=torch.float64), torch.randn(2, 5, 6, dtype=torch.float64)
    keys, values = read @ layer.key_value.weight[:6].T, read @ layer.key_value.weight[6:].T
    queries = layer.query(asking).expand(2, -1, -1)
    found = F.scaled_dot_product_attention(queries, keys, values)
    base = torch.randn(2, 3, 6, dtype=torch.float64)
    stream = F.layer_norm(base + layer.output(found), (6,))
    wanted = F.layer_norm(stream + layer.outer(layer.inner(stream).relu()), (6,))
    torch.testing.assert_close(layer(asking, read, base), wanted)


def test_a_path_reads_places_and_asks_by_its_queries():
    """The same numbers at all pixels: only coordinates can tell the tokens' places apart."""
    torch.manual_seed(0)
    path = TokenPath(4, 3, 4, Norm()).eval()
    flat = torch.ones(1, 4, 8, 8)
    assert path(flat).flatten(2).std(2).max() > 1e-3
    before = path(flat)
    torch.nn.init.normal_(path.queries, std=30)
    path.decoder.query.weight.data.mul_(30)
    assert (path(flat) - before).abs().max() > 1e-4


@pytest.mark.parametrize("side", [2, 4, 8])
def test_coordinates_are_standardised(side):
    maps = coordinate_maps(side)
    assert maps.shape == (1, 2, side, side)
    for number in range(2):
        assert maps[0, number].mean().item() == pytest.approx(0, abs=1e-6)
        assert maps[0, number].std(unbiased=False).item() == pytest.approx(1, rel=1e-6)
    assert torch.equal(maps[0, 0], maps[0, 1].T)
    assert (maps[0, 0].diff(dim=0) > 0).all()


def test_one_pixel_has_its_place_too():
    assert torch.equal(coordinate_maps(1), torch.zeros(1, 2, 1, 1))
