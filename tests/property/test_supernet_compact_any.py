"""Whatever is masked, the compact network gives the masked one's outputs."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from compact_cases import partly_emptied, random_mask, stirred_dead
from supernet_networks import images_for, minute
from winnow.supernet.compact import compacted, masked
from winnow.supernet.space import TASKS

pytestmark = pytest.mark.usefixtures("one_thread")


@settings(max_examples=6)
@given(st.integers(0, 10_000), st.floats(0.02, 0.9), st.sampled_from(TASKS), st.booleans(), st.booleans())
def test_compaction_is_exact(seed, density, task, merge, double):
    dtype, tolerance = (torch.float64, 1e-9) if double else (torch.float32, 1e-4)
    network = stirred_dead(partly_emptied(minute(task), seed), seed, dtype)
    mask, images = random_mask(network, density, seed), images_for(network.architecture, dtype=dtype)
    small = compacted(network, mask, merge=merge)
    assert small.units <= network.architecture.units
    torch.testing.assert_close(small(images), masked(network, mask)(images), rtol=0, atol=tolerance)
