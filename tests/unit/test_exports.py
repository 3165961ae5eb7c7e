"""Exports: what is written computes what the masked network computes, and nothing else takes its place."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from helpers import SmallConv, small_chain
from winnow.core import WinnowError
from winnow.exports import FORMATS, export, load_exported, read_exported
from winnow.exports import formats as formats_module
from winnow.exports.files import write_dense
from winnow.sparsity import Mask, Ticket, load_tensors, prunable_layers, save_tensors, tensors_of, weights_of

IMAGES = (3, 6, 6)
TENSOR_FORMATS = ["dense", "compact", "sparse"]


class Odd(nn.Module):
    """An operation that no graph has, and a tied weight."""

    def __init__(self) -> None:
        super().__init__()
        self.there, self.back = nn.Linear(108, 108), nn.Linear(108, 108)
        self.back.weight = self.there.weight
        self.head = nn.Linear(108, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.cumsum(self.back(self.there(images.flatten(1))), 1))


def made(build: Callable[[], nn.Module] = SmallConv, density: float = 0.3) -> tuple[Ticket, nn.Module]:
    """A ticket, and its network with weights that are not yet masked."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = build()
        if isinstance(module, SmallConv):
            module.train()(torch.randn(9, *IMAGES))  # moves the running statistics
        weights = weights_of(tensors_of(module), prunable_layers(module))
        mask = Mask({name: torch.rand(w.shape) < density for name, w in weights.items()})
    return Ticket(tensors_of(module), mask, manifest={"source": {"level": 4}}), module


def masked(ticket: Ticket, build: Callable[[], nn.Module]) -> nn.Module:
    return ticket.load_into(build()).eval()


def images(count: int = 7) -> Tensor:
    return torch.randn(count, *IMAGES, generator=torch.Generator().manual_seed(1))


def close(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= 1e-5 * other.abs().max().clamp(min=1))


def refused(code: str, ticket: Ticket, module: nn.Module, kind: str, path: Path) -> WinnowError:
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(WinnowError) as caught:
        export(ticket, module, kind, path, input_shape=IMAGES)
    assert caught.value.code == code
    assert sorted(path.parent.rglob("*")) == before
    return caught.value


@pytest.mark.parametrize("kind", TENSOR_FORMATS)
@pytest.mark.parametrize("density", [0.0, 0.05, 0.5, 1.0])
def test_a_file_gives_the_masked_networks_outputs_without_its_class(kind: str, density: float, tmp_path: Path) -> None:
    ticket, module = made(density=density)
    exported = export(ticket, module, kind, tmp_path / "a" / "file", input_shape=IMAGES)
    expected = masked(ticket, SmallConv)(images())
    assert close(load_exported(exported.path)(images()), expected)
    assert exported.architecture and exported.note == ""
    assert exported.difference is not None and exported.difference < 1e-5
    assert exported.bytes == exported.path.stat().st_size
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["file"]


def test_a_dense_file_is_a_plain_state_dict_with_exact_zeros(tmp_path: Path) -> None:
    ticket, module = made()
    export(ticket, module, "dense", tmp_path / "file", input_shape=IMAGES)
    found = load_file(tmp_path / "file")
    assert all(bool((found[name][~mask] == 0).all()) for name, mask in ticket.mask.items())
    own = SmallConv()
    own.load_state_dict(found)
    assert torch.equal(own.eval()(images()), masked(ticket, SmallConv)(images()))


def test_the_callers_module_and_random_numbers_stay_as_they_are(tmp_path: Path) -> None:
    ticket, module = made()
    module.train()
    before, state = tensors_of(module), torch.get_rng_state()
    export(ticket, module, "sparse", tmp_path / "file", input_shape=IMAGES)
    assert module.training and all(p.requires_grad for p in module.parameters())
    assert all(torch.equal(t, before[name]) for name, t in tensors_of(module).items())
    assert torch.equal(torch.get_rng_state(), state)


def test_sparse_is_smaller_than_dense_and_compact_smaller_where_units_are_dead(tmp_path: Path) -> None:
    def wide() -> nn.Module:
        return nn.Sequential(
            nn.Flatten(), nn.Linear(108, 200), nn.ReLU(), nn.Linear(200, 100), nn.ReLU(), nn.Linear(100, 3)
        )

    ticket, module = made(wide, density=0.01)
    sizes = {f: export(ticket, module, f, tmp_path / f, input_shape=IMAGES) for f in TENSOR_FORMATS}
    assert max(sizes["sparse"].bytes, sizes["compact"].bytes) < 0.1 * sizes["dense"].bytes
    assert sizes["sparse"].percent_of_dense < 10
    assert sizes["dense"].dense_bytes == sum(4 * p.numel() for p in module.parameters())


def test_the_file_tells_which_ticket_it_is(tmp_path: Path) -> None:
    ticket, module = made()
    export(ticket, module, "compact", tmp_path / "file", input_shape=IMAGES)
    assert json.loads(load_tensors(tmp_path / "file")[1]["ticket"])["source"] == {"level": 4}


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_network_that_is_no_graph_is_written_without_architecture(kind: str, tmp_path: Path) -> None:
    ticket, module = made(Odd)
    exported = export(ticket, module, kind, tmp_path / "file", input_shape=IMAGES)
    assert not exported.architecture and "without architecture" in exported.note
    assert exported.difference == 0
    with pytest.raises(WinnowError, match="WN-E02"):
        load_exported(tmp_path / "file")
    graph, tensors = read_exported(tmp_path / "file")
    own = Odd()
    own.load_state_dict(tensors)
    assert graph is None and torch.equal(own(images()), masked(ticket, Odd)(images()))


def test_a_network_that_is_no_graph_cannot_be_compacted_and_the_operation_is_named(tmp_path: Path) -> None:
    class Cumulative(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(108, 3)

        def forward(self, images: Tensor) -> Tensor:
            return torch.cumsum(self.head(images.flatten(1)), 1)

    assert "cumsum" in refused("WN-E02", *made(Cumulative), "compact", tmp_path / "file").what


def test_a_file_that_computes_something_else_never_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, module = made()
    file = tmp_path / "file"
    file.write_text("older")

    def wrong(source, path: Path) -> None:
        other = nn.Module.requires_grad_(SmallConv().eval(), False)
        write_dense(dataclasses.replace(source, module=other), path)

    monkeypatch.setitem(FORMATS, "dense", dataclasses.replace(FORMATS["dense"], write=wrong))
    refused("WN-E03", ticket, module, "dense", file)
    assert file.read_text() == "older"


@pytest.mark.parametrize("value", [math.nan, 1e-3])
def test_outputs_that_are_no_numbers_or_a_thousandth_off_are_refused(
    value: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, module = made()

    def off(source, path: Path):
        return lambda rows: source.module(rows) * (1 + value)

    monkeypatch.setitem(FORMATS, "sparse", dataclasses.replace(FORMATS["sparse"], open=off))
    refused("WN-E03", ticket, module, "sparse", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_an_unknown_format_and_a_tickets_own_folder_are_refused(tmp_path: Path) -> None:
    ticket, module = made()
    assert "compact" in refused("WN-E01", ticket, module, "zip", tmp_path / "file").fix
    folder = ticket.save_pretrained(tmp_path / "ticket")
    refused("WN-S02", ticket, module, "sparse", folder / "start.safetensors")
    refused("WN-P02", Ticket({"w": torch.ones(2, 2)}, Mask({"w": torch.ones(2, 2)})), module, "dense", tmp_path / "f")


def test_a_foreign_or_damaged_file_is_no_export(tmp_path: Path) -> None:
    ticket, module = made()
    file = tmp_path / "file"
    export(ticket, module, "compact", file, input_shape=IMAGES)
    tensors, notes = load_tensors(file)
    for broken in ({}, {**notes, "graph": "{"}, {**notes, "graph": "[]"}, {**notes, "graph": '{"nodes": [1]}'}):
        save_tensors(file, tensors, broken)
        with pytest.raises(WinnowError, match="WN-S03"):
            load_exported(file)
    with pytest.raises(WinnowError, match="WN-S03"):
        load_exported(tmp_path / "missing")


def test_onnx_takes_any_batch_size_and_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    ticket, module = made()
    exported = export(ticket, module, "onnx", tmp_path / "net.onnx", input_shape=IMAGES)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert exported.difference is not None and exported.difference < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    for count in (1, 3, 8):
        (found,) = session.run(["logits"], {"images": images(count).numpy()})
        assert close(torch.from_numpy(found), masked(ticket, SmallConv)(images(count)))
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"]


def test_without_its_packages_onnx_says_how_to_install_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winnow.exports.onnx_file.has", lambda package: package != "onnxscript")
    error = refused("WN-D07", *made(), "onnx", tmp_path / "net.onnx")
    assert "onnxscript" in error.what and error.fix == 'pip install "winnow-lab[onnx]"'


def test_without_onnxruntime_the_file_is_written_and_says_that_it_was_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats_module, "has", lambda _: False)
    monkeypatch.setitem(FORMATS, "onnx", dataclasses.replace(FORMATS["onnx"], write=write_dense))
    exported = export(*made(), "onnx", tmp_path / "net.onnx", input_shape=IMAGES)
    assert exported.difference is None and "onnxruntime" in exported.note


def test_a_network_that_onnx_cannot_hold_is_a_coded_error(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")

    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(108, 3)

        def forward(self, images: Tensor) -> Tensor:
            return self.head(images.flatten(1) if float(images.sum()) > 0 else -images.flatten(1))

    assert "torch.onnx" in refused("WN-E02", *made(Branching), "onnx", tmp_path / "net.onnx").what


def test_a_chain_goes_through_every_format(tmp_path: Path) -> None:
    ticket, module = made(small_chain)
    for kind in TENSOR_FORMATS:
        exported = export(ticket, module, kind, tmp_path / kind, input_shape=(1, 4, 4))
        assert exported.difference is not None and exported.difference < 1e-6
