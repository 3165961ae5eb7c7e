"""Suspects: what is read, what is refused with which words, and how a suspect's tensors are matched with a claim."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save, save_file
from safetensors.torch import save_file as save_torch
from torch.nn.utils import prune

from winnow.core import WinnowError
from winnow.signing.suspects.fitting import matched, renamed
from winnow.signing.suspects.suspects import read_suspect
from winnow.sparsity import Mask, Ticket, save_sparse


def raw(header: Any, body: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def row(shape: list[Any], start: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


WHOLE = save({"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(4, np.float32)})
HOSTILE = {
    "empty": (b"", "empty"),
    "five bytes": (b"12345", "no safetensors"),
    "header past the end": (raw({}, length=10**6), "cut off"),
    "header of 2^64 - 1": (b"\xff" * 8 + b"{}", "announces"),
    "header of 100 MB": (raw({}, b"\0" * 64, length=100_000_000), "announces"),
    "not UTF-8": (raw(b'{"\xff\xfe": 1}'), "UTF-8"),
    "no JSON": (raw(b"{not json"), "no JSON"),
    "a list": (raw([1, 2]), "no JSON object"),
    "nested deeply": (raw(deep(50_000)), ""),
    "a number of many digits": (raw(b'{"a": ' + b"9" * 9000 + b"}"), ""),
    "a row that is none": (raw({"a": 3}), "no type"),
    "no shape": (raw({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, b"\0" * 4), "shape"),
    "shape of words": (raw({"a": row(["x"], 0, 4)}, b"\0" * 4), "shape"),
    "shape of yes": (raw({"a": row([True], 0, 4)}, b"\0" * 4), "shape"),
    "negative shape": (raw({"a": row([-1, -1], 0, 4)}, b"\0" * 4), "shape"),
    "forty axes": (raw({"a": row([1] * 40, 0, 4)}, b"\0" * 4), "shape"),
    "product past 64 bits": (raw({"a": row([2**32, 2**32, 2**32], 0, 4)}, b"\0" * 4), "does not take"),
    "product that wraps to 4": (raw({"a": row([2**62, 4, 2**62], 0, 0)}), "does not take"),
    "offset past the end": (raw({"a": row([2], 0, 8)}, b"\0" * 4), "cut off"),
    "huge offset": (raw({"a": row([1], 2**62, 2**62 + 4)}, b"\0" * 4), "cut off"),
    "offsets turned round": (raw({"a": row([1], 4, 0)}, b"\0" * 4), "place"),
    "three offsets": (raw({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}, b"\0" * 8), "place"),
    "overlapping": (raw({"a": row([2], 0, 8), "b": row([2], 4, 12)}, b"\0" * 12), "overlap"),
    "the same bytes twice": (raw({"a": row([2], 0, 8), "b": row([2], 0, 8)}, b"\0" * 8), "overlap"),
    "a hole": (raw({"a": row([1], 0, 4), "b": row([1], 8, 12)}, b"\0" * 12), "gap"),
    "bytes left over": (raw({"a": row([1], 0, 4)}, b"\0" * 9), "belong to no tensor"),
    "a name twice": (raw(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],'
                         b'"data_offsets":[4,8]}}', b"\0" * 8), "twice"),
    "notes of numbers": (raw({"__metadata__": {"a": 1}}), "notes"),
    "no tensors": (raw({}), "no tensors"),
    "pickle": (pickle.dumps({"a": 1}), "pickle"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 64, "HDF5"),
    "text": (b"just some words and more words", "announces"),
    "mask without its bits": (save({"x": np.zeros(1, np.uint8)}, {"winnow": json.dumps(
        {"format": "winnow-mask-1", "shapes": '[["x",[4000,4000]]]'})}), "do not hold"),
    "mask without a table": (save({"x": np.zeros(1, np.uint8)}, {"winnow": '{"format": "winnow-mask-1"}'}), "table"),
    "sparse bomb": (save({"values.x": np.ones(1, np.float32), "gaps.x": np.zeros(8, np.uint8)}, {"winnow": json.dumps(
        {"format": "winnow-sparse-1", "tensors": '[["x",[1000000000,1000000000],8]]'})}), "larger"),
    "sparse value outside": (save({"values.x": np.ones(1, np.float32), "gaps.x": np.full(8, 200, np.uint8)}, {
        "winnow": json.dumps({"format": "winnow-sparse-1", "tensors": '[["x",[3],8]]'})}), "outside"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_with_a_word_of_its_own(case: str, tmp_path: Path) -> None:
    content, word = HOSTILE[case]
    (tmp_path / "s.safetensors").write_bytes(content)
    with pytest.raises(WinnowError) as caught:
        read_suspect(tmp_path / "s.safetensors")
    assert caught.value.code == "WN-O05"
    assert word in caught.value.what
    assert str(tmp_path) not in str(caught.value)


@given(cut=st.integers(0, len(WHOLE) - 1))
def test_every_truncation_is_refused(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.safetensors"
    path.write_bytes(WHOLE[:cut])
    with pytest.raises(WinnowError, match="WN-O05"):
        read_suspect(path)


@given(place=st.integers(0, len(WHOLE) - 1), value=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(place: int, value: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    path.write_bytes(WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :])
    try:
        suspect = read_suspect(path)
    except WinnowError as error:
        assert error.code == "WN-O05"
    else:
        assert all(isinstance(tensor, np.ndarray) for tensor in suspect.tensors.values())


def test_places_that_are_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    for name in ("pipe", "empty", "missing", "a\0b"):
        with pytest.raises(WinnowError, match="WN-O05"):
            read_suspect(tmp_path / name)


def test_a_torch_file_is_refused_with_advice(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(3)}, tmp_path / "model.pt")
    with pytest.raises(WinnowError, match="pickle") as caught:
        read_suspect(tmp_path / "model.pt")
    assert "safetensors" in caught.value.fix


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int8, torch.bool])
def test_types_are_read_to_the_last_bit(dtype: torch.dtype, tmp_path: Path) -> None:
    values = (torch.randn(7, 5, generator=torch.Generator().manual_seed(1)) * 50).to(dtype)
    save_torch({"a": values, "empty": torch.zeros(0, 3, dtype=dtype)}, tmp_path / "s.safetensors")
    found = read_suspect(tmp_path / "s.safetensors").tensors
    np.testing.assert_array_equal(found["a"].astype(np.float64), values.double().numpy())
    assert found["empty"].shape == (0, 3)


def test_a_type_that_is_not_read_is_told(tmp_path: Path) -> None:
    save_torch({"a": torch.ones(3), "b": torch.ones(4).to(torch.float8_e4m3fn)}, tmp_path / "s.safetensors")
    suspect = read_suspect(tmp_path / "s.safetensors")
    assert list(suspect.tensors) == ["a"]
    assert suspect.notes == ("'b' is of type F8_E4M3, which is not read here",)


@pytest.fixture
def ticket() -> Ticket:
    generator = torch.Generator().manual_seed(3)
    start = {"conv.weight": torch.randn(6, 4, 3, 3, generator=generator), "conv.bias": torch.zeros(6)}
    mask = Mask({"conv.weight": torch.rand(6, 4, 3, 3, generator=generator) < 0.3})
    return Ticket(start, mask, {name: 2 * tensor for name, tensor in start.items()})


def test_a_ticket_folder_gives_its_trained_weights(ticket: Ticket, tmp_path: Path) -> None:
    ticket.save_pretrained(tmp_path / "ticket")
    found = read_suspect(tmp_path / "ticket").tensors
    assert ticket.trained is not None
    np.testing.assert_array_equal(found["conv.weight"], ticket.trained["conv.weight"].numpy())
    (tmp_path / "ticket" / "trained.safetensors").unlink()
    found = read_suspect(tmp_path / "ticket").tensors
    np.testing.assert_array_equal(found["conv.weight"], ticket.start["conv.weight"].numpy())


@pytest.mark.parametrize("density", [0.5, 0.2, 0.05, 0.002])
def test_packed_forms_hold_the_same_weights(density: float, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(3)
    weights = torch.randn(40, 30, 3, 3, generator=generator)
    weights[torch.rand(weights.shape, generator=generator) > density] = 0
    save_sparse(tmp_path / "s.safetensors", {"w": weights, "b": torch.ones(5), "half": weights.bfloat16()})
    found = read_suspect(tmp_path / "s.safetensors").tensors
    np.testing.assert_array_equal(found["w"], weights.numpy())
    np.testing.assert_array_equal(found["b"], np.ones(5))
    np.testing.assert_array_equal(found["half"], weights.bfloat16().float().numpy())


def test_a_mask_alone_can_be_judged(ticket: Ticket, tmp_path: Path) -> None:
    ticket.mask.save(tmp_path / "mask.safetensors")
    found = read_suspect(tmp_path / "mask.safetensors").tensors
    np.testing.assert_array_equal(found["conv.weight"], ticket.mask["conv.weight"].numpy())


def test_masks_of_torch_prune_are_applied(tmp_path: Path) -> None:
    layer = torch.nn.Linear(5, 4)
    prune.random_unstructured(layer, "weight", amount=0.5)
    save_torch(layer.state_dict(), tmp_path / "s.safetensors")
    suspect = read_suspect(tmp_path / "s.safetensors")
    np.testing.assert_array_equal(suspect.tensors["weight"], torch.as_tensor(layer.weight).detach().numpy())
    assert set(suspect.tensors) == {"weight", "bias"}


def test_a_folder_of_several_files_is_read_together(tmp_path: Path) -> None:
    for number in (1, 2):
        save_file({f"a{number}": np.ones(3)}, tmp_path / f"model-{number}.safetensors")
    suspect = read_suspect(tmp_path)
    assert set(suspect.tensors) == {"a1", "a2"}
    save_file({"a1": np.ones(3)}, tmp_path / "model-3.safetensors")
    with pytest.raises(WinnowError, match="WN-O05"):
        read_suspect(tmp_path)


def test_the_digest_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        save_file({"a": np.ones(3)}, tmp_path / folder / "m.safetensors")
    assert read_suspect(tmp_path / "one").digest == read_suspect(tmp_path / "two").digest
    assert read_suspect(tmp_path / "one" / "m.safetensors").digest != read_suspect(tmp_path / "one").digest


SHAPES = {"conv1.weight": (8, 3, 3, 3), "conv2.weight": (8, 8, 3, 3), "fc.weight": (5, 8)}


def network(rename: Callable[[str], str] = str, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {rename(name): np.ones(shape) for name, shape in (SHAPES | shapes | {"fc.bias": (5,)}).items()}


def test_layers_are_found_by_their_names() -> None:
    fit = matched(network(), SHAPES)
    assert fit.names == {name: name for name in SHAPES}
    assert not fit.misfits and fit.sure


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "model.backbone."])
def test_layers_are_found_behind_a_prefix(prefix: str) -> None:
    tensors = network(lambda name: prefix + name)
    fit = matched(tensors, SHAPES)
    assert fit.names == {name: prefix + name for name in SHAPES}
    assert set(renamed(tensors, fit)) >= {*SHAPES, "fc.bias"}


def test_a_wrapper_inside_a_name_is_passed_over() -> None:
    fit = matched(network(lambda name: name.replace("conv2", "conv2._orig_mod")), SHAPES)
    assert fit.names["conv2.weight"] == "conv2._orig_mod.weight"


def test_a_claim_with_a_wrapper_finds_a_network_without() -> None:
    fit = matched(network(), {f"module.{name}": shape for name, shape in SHAPES.items()})
    assert fit.names == {f"module.{name}": name for name in SHAPES}


def test_two_networks_in_one_file_are_not_chosen_between() -> None:
    both = network(lambda name: f"teacher.{name}") | network(lambda name: f"student.{name}")
    fit = matched(both, SHAPES)
    assert len(fit.misfits) == len(SHAPES)


def test_layers_are_found_by_shapes_that_fit_in_one_way() -> None:
    names = dict(zip([*SHAPES, "fc.bias"], ["x9", "x10", "x2", "x1"], strict=True))
    fit = matched(network(names.__getitem__), SHAPES)
    assert fit.names == {name: names[name] for name in SHAPES}
    assert fit.sure and "shapes" in fit.how


def test_equal_shapes_follow_the_numbers_in_the_names_and_are_unsure() -> None:
    shapes = {"a": (4, 4), "b": (4, 4)}
    fit = matched({"layer10": np.ones((4, 4)), "layer2": np.ones((4, 4))}, shapes)
    assert fit.names == {"a": "layer2", "b": "layer10"}
    assert not fit.sure


def test_what_does_not_fit_is_told() -> None:
    tensors = network(**{"conv1.weight": (3, 8, 3, 3), "fc.weight": (8, 5)})
    del tensors["conv2.weight"]
    told = matched(tensors, SHAPES).misfits
    assert told[0].startswith("conv1.weight: transposed")
    assert told[1] == "conv2.weight: missing"
    assert told[2] == "fc.weight: transposed, [8, 5] instead of [5, 8]"


def test_another_network_fits_nowhere() -> None:
    fit = matched({"encoder.embed": np.ones((100, 7))}, SHAPES)
    assert not fit.names and len(fit.misfits) == 3
