"""The sparse file: every bit comes back, at close to the size that the non-zeros need."""

import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import load_sparse, load_tensors, save_sparse, save_tensors
from winnow.sparsity.gaps import WIDTHS, decode, encode, packed_size
from winnow.sparsity.sparse_file import _digest

DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool]
names = st.text(st.characters(categories=["L", "N"], include_characters="._ "), min_size=1, max_size=8)
shapes = st.lists(st.integers(0, 6), max_size=4).map(tuple)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    dtype, shape = draw(st.sampled_from(DTYPES)), draw(shapes)
    size = torch.empty(0, dtype=dtype).element_size()
    # Any bits at all, mostly zero ones: subnormals, infinities, every NaN, -0.0.
    patterns = st.one_of(st.just(0), st.integers(0, 2 ** (8 * size) - 1)) if dtype != torch.bool else st.integers(0, 1)
    bits = draw(arrays(f"<u{size}", math.prod(shape), elements=patterns, fill=st.just(0)))
    return torch.from_numpy(bits.view(np.uint8)).view(dtype).reshape(shape)


def round_trip(content: Mapping[str, Tensor], notes: Mapping[str, str] | None = None):
    with tempfile.TemporaryDirectory() as folder:
        save_sparse(Path(folder) / "file", content, notes)
        return load_sparse(Path(folder) / "file")


def bits(tensor: Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


@settings(max_examples=150)
@given(st.dictionaries(names, tensors(), max_size=4), st.dictionaries(names, st.text(max_size=5), max_size=2))
def test_every_bit_shape_dtype_name_and_note_comes_back_in_order(content: dict[str, Tensor], notes: dict) -> None:
    found, told = round_trip(content, notes)
    assert told == notes
    assert list(found) == list(content)
    for name, tensor in content.items():
        assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape)
        assert bits(found[name]) == bits(tensor)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_a_large_sparse_tensor_keeps_minus_zero_nan_and_infinities(dtype: torch.dtype) -> None:
    tensor = torch.zeros(64, 300, dtype=dtype)
    tensor[3, 7], tensor[9, 0], tensor[60, 299], tensor[0, 0] = -0.0, float("nan"), float("-inf"), 1e-4
    found = round_trip({"w": tensor})[0]["w"]
    assert bits(found) == bits(tensor)


def test_transposed_and_shared_tensors_are_stored_as_they_read() -> None:
    weight = torch.randn(40, 50) * (torch.rand(40, 50) < 0.1)
    found, _ = round_trip({"a": weight.t(), "b": weight, "c": weight, "whole": torch.ones(3, 2).t()})
    assert torch.equal(found["a"], weight.t()) and torch.equal(found["c"], weight)
    assert found["whole"].is_contiguous()


@settings(max_examples=200)
@given(st.lists(st.integers(0, 5000), max_size=60), st.integers(0, 2))
def test_positions_come_back_whatever_the_gaps(gaps: list[int], scale: int) -> None:
    positions = np.cumsum(np.array(gaps, np.int64) * 50**scale + 1) - 1
    width, packed = encode(positions)
    assert width in WIDTHS
    assert decode(packed, width, len(positions)).tolist() == positions.tolist()
    zeros = np.diff(positions, prepend=-1) - 1
    assert len(packed) == min(packed_size(len(gaps) + sum(zeros // (2**bits - 1)), bits) for bits in WIDTHS)


def entropy_bytes(count: int, kept: int) -> float:
    """What positions of that density need on average (Shannon)."""
    p = kept / count
    return -(p * math.log2(p) + (1 - p) * math.log2(1 - p)) * count / 8


@pytest.mark.parametrize("density", [0.3, 0.1, 0.036, 0.01, 0.003])
def test_the_file_is_near_what_its_non_zeros_need(density: float, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    content = {}
    for shape in [(300, 784), (100, 300), (64, 64, 3, 3)]:
        dense, drawn = torch.randn(shape, generator=generator), torch.rand(shape, generator=generator)
        content[f"features.layer{len(content)}.weight"] = dense.masked_fill(drawn >= density, 0)
    save_sparse(tmp_path / "file", content)
    kept = {name: int(t.count_nonzero()) for name, t in content.items()}
    positions = sum(entropy_bytes(t.numel(), kept[name]) for name, t in content.items())
    # Reached: 1.04 to 1.09 times the bound, and 200 to 300 bytes a tensor.
    assert (tmp_path / "file").stat().st_size <= 4 * sum(kept.values()) + 1.15 * positions + 400 * len(content)


def test_a_dense_tensor_takes_no_more_than_its_own_bytes(tmp_path: Path) -> None:
    save_sparse(tmp_path / "file", {"w": torch.ones(1000, 100)})
    assert (tmp_path / "file").stat().st_size < 400_000 + 1024


def test_no_step_goes_entry_by_entry(tmp_path: Path) -> None:
    tensor = torch.zeros(3_000_000)
    tensor[::7] = 1.5
    begin = time.perf_counter()
    save_sparse(tmp_path / "file", {"w": tensor})
    assert torch.equal(load_sparse(tmp_path / "file")[0]["w"], tensor)
    # 0.1 s here; a Python loop over the entries takes longer than this on any machine.
    assert time.perf_counter() - begin < 3


@pytest.mark.parametrize("place", [0.3, 0.6, 0.95])
def test_one_changed_byte_is_noticed(place: float, tmp_path: Path) -> None:
    file = tmp_path / "file"
    save_sparse(file, {"w": torch.randn(50, 50) * (torch.rand(50, 50) < 0.3)}, {"who": "me"})
    content = bytearray(file.read_bytes())
    content[int(place * len(content))] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(WinnowError) as caught:
        load_sparse(file)
    assert caught.value.code == "WN-S03"


@pytest.mark.parametrize(
    "header",
    [
        {"tensors": "[[1]]"},
        {"tensors": '[["w",[-1],4]]'},
        {"tensors": '[["w",[2],11]]'},
        {"tensors": '[["w",[2],1]]'},
        {"tensors": '[["w",[2],0]]'},
        {"tensors": '[["absent",[2],0]]'},
        {"tensors": "{"},
        {"notes": "[]"},
        {"digest": "0" * 64},
        {"format": "winnow-mask-1"},
    ],
    ids=str,
)
def test_a_foreign_or_inconsistent_file_is_refused(header: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "file"
    save_sparse(file, {"w": torch.eye(30)})
    stored, notes = load_tensors(file)
    forged = {**notes, **header}
    if "tensors" in header:
        forged["digest"] = _digest(forged["tensors"], {}, stored)
    save_tensors(file, stored, forged)
    with pytest.raises(WinnowError) as caught:
        load_sparse(file)
    assert caught.value.code == "WN-S03"


@pytest.mark.parametrize(
    ("packed", "width", "count"), [(b"\xff", 1, 1), (b"\x00", 1, 9), (b"abc", 2, 1), (b"ab", 99, 1)], ids=str
)
def test_codes_that_do_not_hold_the_positions_are_refused(packed: bytes, width: int, count: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        decode(np.frombuffer(packed, np.uint8), width, count)


def test_a_plain_safetensors_file_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    save_tensors(tmp_path / "plain", {"w": torch.ones(2)})
    for name in ("plain", "missing"):
        with pytest.raises(WinnowError) as caught:
            load_sparse(tmp_path / name)
        assert caught.value.code == "WN-S03"
