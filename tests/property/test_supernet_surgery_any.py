"""Whatever dies, the cut network is the zeroed one, and its tensors are those of its architecture."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from supernet_networks import counted, images_for, minute, stirred, zeroed
from winnow.supernet.space import TASKS, Architecture
from winnow.supernet.surgery import shrink

pytestmark = pytest.mark.usefixtures("one_thread")


def _alive(architecture: Architecture, seed: int, share: float) -> dict[str, Tensor]:
    """Units at random, and then whole kernels and whole blocks at random too."""
    generator, alive = torch.Generator().manual_seed(seed), {}
    for place, widths in zip(architecture.places, architecture.widths, strict=True):
        kernels = torch.rand(len(widths), generator=generator) < 0.7
        living = torch.rand(sum(widths), generator=generator) < share
        alive[place.name] = living & kernels.repeat_interleave(torch.tensor(widths))
    return alive


@settings(max_examples=6)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.4, 0.9]), st.sampled_from(TASKS), st.booleans())
def test_any_units_can_be_taken_out(seed, share, task, training):
    architecture = minute(task)
    network, alive = stirred(architecture, seed), _alive(architecture, seed, share)
    shrunk = shrink(network, None, alive).network.train(training)
    assert counted(shrunk)
    assert shrunk.architecture.units == sum(int(living.sum()) for living in alive.values())
    images = images_for(architecture)
    wanted = zeroed(network, alive).train(training)(images)
    torch.testing.assert_close(shrunk(images), wanted, rtol=1e-9, atol=1e-9)


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.data())
def test_any_tokens_can_be_taken_out(seed, data):
    architecture = minute()
    network, tokens = stirred(architecture, seed), {}
    for place, count in zip(architecture.places, architecture.tokens, strict=True):
        tokens[place.name] = torch.tensor(
            data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), dtype=torch.bool
        )
    shrunk = shrink(network, None, {}, tokens).network
    assert shrunk.architecture.tokens == tuple(int(living.sum()) for living in tokens.values())
    assert counted(shrunk)
    assert shrunk(images_for(architecture)).isfinite().all()
