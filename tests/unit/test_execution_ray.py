"""What is refused before any cluster is there. Runs on a cluster: tests/acceptance/test_sweep_ray.py."""

from __future__ import annotations

import importlib.util
import time

import pytest

import execution_jobs as jobs
from winnow.core import WinnowError
from winnow.execution import Job, RayCluster, run

WORK = [Job("two", jobs.double, (1,))]


def test_without_ray_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WinnowError, match=r"WN-D07.*\n.*winnow-lab\[ray\]"):
        run(WORK, RayCluster())


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense"])
def test_an_address_where_nobody_is_ends_in_seconds(address: str) -> None:
    begin = time.monotonic()
    with pytest.raises(WinnowError, match="WN-X03"):
        list(run(WORK, RayCluster(address)))
    assert time.monotonic() - begin < 20
