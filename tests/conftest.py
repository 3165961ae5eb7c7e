"""Shared by all tests: a cache of their own, small data, and the real data where it is at hand."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from winnow.data import DataSet, Split

# A slow machine is no failure.
settings.register_profile("winnow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("winnow")

# Kernels meet at barriers: with another test beside them each waits for a thread that is not running.
THREADED = ("test_kernel_", "test_sparse_", "test_packed_", "test_training_execution", "test_exports")


# Collecting makes millions of objects that stay to the end. Searched for garbage while they are made, and again in
# every later search, they take a tenth of the time of all tests.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name.startswith(THREADED):
            item.add_marker(pytest.mark.threads)


SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Torch on one thread: on small tensors several only wait for each other, and long where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real data is not at hand (../shared/data)")
    return SHARED


@pytest.fixture(scope="session")
def mnist(shared: Path) -> Path:
    return shared / "mnist"


@pytest.fixture(scope="session")
def blobs() -> DataSet:
    """Two-channel 4 x 4 images of three classes that a small network can learn; made from a fixed seed."""
    return make_blobs(channels=1)


@pytest.fixture(scope="session")
def coloured_blobs() -> DataSet:
    return make_blobs(channels=3)


def make_blobs(channels: int, train: int = 120) -> DataSet:
    generator = torch.Generator().manual_seed(7)
    centres = torch.randn(3, channels, 4, 4, generator=generator)

    def split(count: int) -> Split:
        labels = torch.randint(0, 3, (count,), generator=generator)
        noise = torch.randn(count, channels, 4, 4, generator=generator)
        return Split(centres[labels] + 0.8 * noise, labels)

    return DataSet(
        name="blobs",
        fingerprint="b" * 64,
        classes=("a", "b", "c"),
        train=split(train),
        validation=split(45),
        test=split(45),
        pad_value=torch.zeros(channels),
    )
