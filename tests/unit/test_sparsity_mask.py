"""`Mask`: applied exactly, told apart, saved in bits, and never half read."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Mask, load_tensors, save_tensors


def example() -> Mask:
    return Mask({"a.weight": torch.tensor([[1, 0, 1], [0, 0, 1]]).bool(), "b.weight": torch.tensor([0, 1]).bool()})


def bits(tensor: Tensor) -> list[int]:
    return tensor.flatten().view(torch.int32).tolist()


def test_counts() -> None:
    mask = example()
    assert (mask.kept, mask.total, mask.density) == (4, 8, 0.5)
    assert mask.densities() == {"a.weight": 0.5, "b.weight": 0.5}
    assert Mask.ones({"w": torch.zeros(3, 4)}).kept == 12
    assert "4 of 8" in repr(mask)


@pytest.mark.parametrize("hidden", [torch.nan, torch.inf, -torch.inf, -5.0, -0.0])
def test_applied_makes_pruned_weights_plus_zero_whatever_they_were(hidden: float) -> None:
    weights = {"a.weight": torch.full((2, 3), hidden), "b.weight": torch.full((2,), hidden), "bias": torch.ones(2)}
    applied = example().applied(weights)
    for name, mask in example().items():
        assert bits(applied[name][~mask]) == [0] * int((~mask).sum())
        assert bits(applied[name][mask]) == bits(weights[name][mask])
    assert torch.equal(applied["bias"], torch.ones(2))
    assert bits(weights["a.weight"]) == bits(torch.full((2, 3), hidden))
    example().apply_(weights)
    assert all(bits(weights[name]) == bits(applied[name]) for name in example())


def test_applied_in_place_reaches_the_parameter_itself() -> None:
    layer = torch.nn.Linear(3, 2)
    Mask({"weight": torch.zeros(2, 3)}).apply_(dict(layer.named_parameters()))
    assert not layer.weight.any()
    assert layer.weight.requires_grad


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int8])
def test_applied_keeps_the_type(dtype: torch.dtype) -> None:
    applied = Mask({"w": torch.tensor([True, False])}).applied({"w": torch.tensor([3, 3], dtype=dtype)})["w"]
    assert (applied.dtype, applied.tolist()) == (dtype, [3, 0])


@pytest.mark.parametrize(
    "weights", [{"a.weight": torch.ones(2, 3)}, {"a.weight": torch.ones(3, 2), "b.weight": torch.ones(2)}]
)
def test_weights_that_do_not_fit_are_refused_and_untouched(weights: dict[str, Tensor]) -> None:
    for use in (example().applied, example().apply_, example().check):
        with pytest.raises(WinnowError) as caught:
            use(weights)
        assert caught.value.code == "WN-P02"
    assert all(bool(w.all()) for w in weights.values())


DIFFERENT = {
    "a bit": Mask({"a": torch.tensor([1, 0, 0]), "b": torch.tensor([0, 1])}),
    "a name": Mask({"x": torch.tensor([1, 0, 1]), "b": torch.tensor([0, 1])}),
    "a shape": Mask({"a": torch.tensor([[1, 0, 1]]), "b": torch.tensor([0, 1])}),
    "a length": Mask({"a": torch.tensor([1, 0, 1, 0]), "b": torch.tensor([0, 1])}),
    "the order": Mask({"b": torch.tensor([0, 1]), "a": torch.tensor([1, 0, 1])}),
    "the border": Mask({"a": torch.tensor([1, 0]), "b": torch.tensor([1, 0, 1])}),
    "a tensor less": Mask({"a": torch.tensor([1, 0, 1])}),
    "an empty tensor more": Mask({"a": torch.tensor([1, 0, 1]), "b": torch.tensor([0, 1]), "c": torch.ones(0)}),
}


@pytest.mark.parametrize("difference", DIFFERENT)
def test_masks_that_differ_are_unequal_by_value_and_by_digest(difference: str) -> None:
    mask = Mask({"a": torch.tensor([1, 0, 1]), "b": torch.tensor([0, 1])})
    assert mask != DIFFERENT[difference]
    assert mask.digest() != DIFFERENT[difference].digest()


def test_all_those_digests_differ_from_each_other() -> None:
    assert len({mask.digest() for mask in DIFFERENT.values()}) == len(DIFFERENT)


def test_the_digest_is_frozen() -> None:
    """Claims and run folders hold digests: the same mask must have the same one for ever."""
    assert example().digest() == "3a6fd2bcbe374979fd061015b149fa31bee107bed6191e1be5ab539e96de7b25"


def test_the_digest_does_not_see_how_a_mask_was_made() -> None:
    wide = torch.tensor([[1.0, 0.0], [0.0, 2.0], [5.0, 0.0]])
    turned = Mask({"w": wide.T})
    assert turned == Mask({"w": torch.tensor([[True, False, True], [False, True, False]])})
    assert turned.digest() == Mask({"w": wide.T.contiguous().bool()}).digest()
    assert len({turned, Mask({"w": wide.T})}) == 1


def test_shuffled_differs_by_seed_and_from_the_original() -> None:
    mask = Mask({"w": torch.arange(1000).view(10, 100) < 300})
    assert mask.shuffled(1) == mask.shuffled(1)
    assert mask.shuffled(1) != mask.shuffled(2)
    assert mask.shuffled(1) != mask
    spread = mask.shuffled(1)["w"].float().mean(1)
    assert float(spread.max()) < 0.6  # no row keeps what the first three had


def test_a_file_is_an_eighth_of_a_byte_per_weight(tmp_path: Path) -> None:
    mask = Mask({"w": torch.rand(1000, 801) < 0.1, "v": torch.rand(17) < 0.5})
    mask.save(tmp_path / "mask")
    size = (tmp_path / "mask").stat().st_size
    assert 0 <= size - (801_000 // 8 + 3) < 1000


def test_equal_masks_are_equal_files(tmp_path: Path) -> None:
    """The manifest of a ticket holds the file's SHA-256. Eight times: a hash map may hit one order by chance."""
    written = set()
    for _ in range(8):
        example().save(tmp_path / "mask")
        written.add((tmp_path / "mask").read_bytes())
    assert len(written) == 1


def test_equal_tensors_and_notes_are_equal_files(tmp_path: Path) -> None:
    written = set()
    for order in ("abcd", "dcba") * 4:
        save_tensors(tmp_path / "t", {"w": torch.ones(2)}, {key: key for key in order})
        written.add((tmp_path / "t").read_bytes())
    assert len(written) == 1


def test_a_mask_shares_no_memory_with_what_it_is_made_from(tmp_path: Path) -> None:
    given = {"w": torch.ones(3, dtype=torch.bool), "v": torch.ones(2, 2, dtype=torch.bool)[1:]}
    mask = Mask(given)
    for tensor in given.values():
        tensor.fill_(False)
    assert mask.kept == 5


def test_truncated_at_every_byte_it_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "mask"
    example().save(path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(WinnowError) as caught:
            Mask.load(path)
        assert caught.value.code == "WN-S03", length
        assert caught.value.where == str(path)
    path.write_bytes(content)
    assert Mask.load(path) == example()


@pytest.mark.parametrize("bit", [1, 4])  # "," and "." differ in bit 1
def test_a_flipped_bit_never_loads_another_mask(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "mask"
    example().save(path)
    content = path.read_bytes()
    refused = 0
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
        try:
            found = Mask.load(path)
        except WinnowError as error:
            assert error.code == "WN-S03"
            refused += 1
        else:
            assert found == example(), at  # padding holds nothing
    assert refused > len(content) / 2


def test_bytes_after_the_end_are_damage_too(tmp_path: Path) -> None:
    path = tmp_path / "mask"
    example().save(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(WinnowError, match="WN-S03"):
        Mask.load(path)


EIGHT = Mask({"w": torch.ones(8)})
BITS = {"w": torch.full((1,), 255, dtype=torch.uint8)}
NOTES = {"format": "winnow-mask-1", "shapes": '[["w",[8]]]', "digest": EIGHT.digest()}


@pytest.mark.parametrize(
    ("tensors", "notes"),
    [
        ({"w": torch.ones(3)}, {}),
        (BITS, {**NOTES, "format": "winnow-mask-9"}),
        (BITS, {"format": "winnow-mask-1", "shapes": NOTES["shapes"]}),
        (BITS, {"format": "winnow-mask-1", "digest": NOTES["digest"]}),
        (BITS, {**NOTES, "digest": Mask({"w": torch.ones(7)}).digest()}),
        (BITS, {**NOTES, "shapes": '[["w",[9]]]'}),
        (BITS, {**NOTES, "shapes": '[["w",[2,4]]]'}),
        (BITS, {**NOTES, "shapes": '[["w",[8]'}),
        (BITS, {**NOTES, "shapes": '[["w",[8.5]]]'}),
        (BITS, {**NOTES, "shapes": '[["w",["8"]]]'}),
        (BITS, {**NOTES, "shapes": "8"}),
        (BITS, {**NOTES, "shapes": '[["v",[8]]]'}),
        ({"w": torch.ones(1)}, NOTES),
    ],
    ids=[
        "other tensors",
        "newer",
        "no digest",
        "no shapes",
        "other digest",
        "too few bits",
        "other shape",
        "torn notes",
        "half a size",
        "size as text",
        "no list",
        "unknown name",
        "other type",
    ],
)
def test_a_whole_file_that_holds_no_mask_is_refused(
    tmp_path: Path, tensors: dict[str, Tensor], notes: dict[str, str]
) -> None:
    save_tensors(tmp_path / "mask", tensors, notes)
    with pytest.raises(WinnowError) as caught:
        Mask.load(tmp_path / "mask")
    assert caught.value.code == "WN-S03"
    save_tensors(tmp_path / "mask", BITS, NOTES)  # each of the above differs from a mask by one thing
    assert Mask.load(tmp_path / "mask") == EIGHT


def test_a_missing_file_a_folder_and_a_pickle_are_refused(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(3)}, tmp_path / "pickle.pt")
    for place in ("missing", ".", "pickle.pt"):
        with pytest.raises(WinnowError) as caught:
            Mask.load(tmp_path / place)
        assert caught.value.code == "WN-S03"


def test_tensors_of_every_type_and_layout_come_back_to_the_bit(tmp_path: Path) -> None:
    stack = torch.randn(4, 3, 5)
    tensors = {
        "slice": stack[2],
        "turned": stack[0].T,
        "bf16": torch.randn(7).bfloat16(),
        "f16": torch.randn(7).half(),
        "f64": torch.randn(2, 2).double(),
        "count": torch.tensor(2**40),
        "flags": torch.tensor([True, False]),
        "nan": torch.tensor([torch.nan, torch.inf, -0.0]),
        "none": torch.ones(0, 3),
        "grown": torch.ones(2, requires_grad=True),
    }
    save_tensors(tmp_path / "t", tensors, {"é": "ü"})
    found, notes = load_tensors(tmp_path / "t")
    assert notes == {"é": "ü"}
    assert sorted(found) == sorted(tensors)
    for name, tensor in tensors.items():
        assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape)
        torch.testing.assert_close(found[name], tensor.detach(), rtol=0, atol=0, equal_nan=True)
    assert bool(found["nan"][2].signbit())
    assert (tmp_path / "t").stat().st_size < 2000
