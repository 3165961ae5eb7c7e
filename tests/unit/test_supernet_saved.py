"""One file, and the ticket: what comes back, what is refused, what it all costs."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from compact_cases import partly_emptied, random_mask, stirred_dead
from supernet_networks import images_for, minute
from winnow.core import WinnowError
from winnow.models import model_named
from winnow.ownership.sources import module_of
from winnow.sparsity import Mask, Ticket, load_tensors, multiply_adds, save_tensors, tensors_of
from winnow.sparsity.packing import unpack
from winnow.supernet.compact import accounting, load_network, masked, save_network, to_ticket
from winnow.supernet.network import build, maskable
from winnow.supernet.space import TASKS, costs_of

pytestmark = pytest.mark.usefixtures("one_thread")
REPORT = {"names": ["a", "b"], "mean": [0.1, 0.2, 0.3], "deviation": [1, 2, 3], "loss": float("nan")}


def made(path, task="classification", density=0.3):
    network = stirred_dead(partly_emptied(minute(task), 3), 3, torch.float32)
    mask = random_mask(network, density)
    return network, mask, save_network(path, network.architecture, network.state_dict(), mask, REPORT)


def refused(code: str, call) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        call()
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize("task", TASKS)
def test_what_is_saved_comes_back(tmp_path, task):
    path = tmp_path / "deep" / "network.safetensors"
    network, mask, saved = made(path, task)
    found = load_network(path)
    assert found.architecture == network.architecture and found.mask == Mask(mask) == saved.mask
    assert list(found.tensors) == list(network.state_dict())
    assert all(torch.equal(tensor, saved.tensors[name]) for name, tensor in found.tensors.items())
    assert found.report == saved.report and found.report["loss"] is None and found.report["names"] == ["a", "b"]
    assert found.scaling == ((0.1, 0.2, 0.3), (1.0, 2.0, 3.0))
    images = images_for(network.architecture, dtype=torch.float32)
    assert torch.equal(found.network()(images), masked(network, mask)(images))


def test_other_programs_read_it_and_masked_weights_are_not_stored(tmp_path):
    path = tmp_path / "network.safetensors"
    _, mask, saved = made(path, density=0.1)
    stored, name = load_file(path), "stem.0.weight"
    assert stored[f"{name}.mask"].dtype == torch.uint8 and name not in stored
    assert torch.equal(unpack(stored[f"{name}.mask"], mask[name].shape), mask[name])
    assert torch.equal(stored[f"{name}.values"], saved.tensors[name][mask[name]])
    assert sum(t.numel() for n, t in stored.items() if n.endswith(".values")) == Mask(mask).kept
    with safe_open(path, "pt") as file:
        facts = json.loads(json.loads(file.metadata()["winnow"])["network"])
    assert facts["schema"] == 1 and facts["task"] == "classification" and facts["input_size"] == [14, 10]


def test_a_weight_that_is_zero_but_kept_stays_kept(tmp_path):
    path = tmp_path / "network.safetensors"
    network, mask, _ = made(path)
    with torch.no_grad():
        network.get_parameter("stem.0.weight").zero_()
    save_network(path, network.architecture, network.state_dict(), mask, {})
    assert torch.equal(load_network(path).mask["stem.0.weight"], mask["stem.0.weight"])
    assert load_network(path).scaling == ((0.0,) * 3, (1.0,) * 3)


def test_a_damaged_or_foreign_file_is_refused(tmp_path):
    path, other = tmp_path / "network.safetensors", tmp_path / "other.safetensors"
    made(path)
    whole = path.read_bytes()
    other.write_bytes(whole[:-7])
    refused("WN-S03", lambda: load_network(other))
    other.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    assert "SHA-256" in refused("WN-S03", lambda: load_network(other)).what
    save_tensors(other, {"a": torch.ones(2)}, {"format": "winnow-mask-1"})
    refused("WN-S03", lambda: load_network(other))
    refused("WN-S03", lambda: load_network(tmp_path / "nothing"))


@pytest.mark.parametrize("change", [{"schema": 2}, {"architecture": {}}, {"architecture": None}])
def test_a_file_whose_facts_do_not_hold_is_refused(tmp_path, monkeypatch, change):
    path = tmp_path / "network.safetensors"
    made(path)
    stored, notes = load_tensors(path)
    facts = json.dumps({**json.loads(notes["network"]), **change})
    save_tensors(path, stored, {**notes, "network": facts})
    assert "SHA-256" in refused("WN-S03", lambda: load_network(path)).what
    monkeypatch.setattr("winnow.supernet.compact.saved._digest", lambda notes, _: notes["digest"])
    assert "SHA-256" not in refused("WN-S03", lambda: load_network(path)).what


def test_what_does_not_fit_is_not_saved(tmp_path):
    network, mask, _ = made(tmp_path / "network.safetensors")
    path, of, tensors = tmp_path / "new", network.architecture, network.state_dict()
    few = {name: tensor for name, tensor in tensors.items() if name != "classifier.bias"}
    refused("WN-M02", lambda: save_network(path, of, few, mask, {}))
    refused("WN-M02", lambda: save_network(path, minute("keypoints"), tensors, mask, {}))
    classifier = {"classifier.weight": torch.ones_like(tensors["classifier.weight"], dtype=torch.bool)}
    refused("WN-P02", lambda: save_network(path, of, tensors, classifier, {}))
    assert not path.exists()


def test_the_ticket_can_be_built_by_every_other_part(tmp_path):
    network, mask, saved = made(tmp_path / "network.safetensors")
    start = tensors_of(build(network.architecture, 7))
    to_ticket(saved, start, source={"run": "r"}).save_pretrained(tmp_path / "ticket")
    ticket = Ticket.from_pretrained(tmp_path / "ticket")
    assert ticket.manifest["source"] == {"run": "r"} and ticket.mask == Mask(mask)
    model = ticket.manifest["model"]
    rebuilt = model_named(model["build"], **model["arguments"]).build(0)
    ticket.load_into(rebuilt, trained=True)
    images = images_for(network.architecture, dtype=torch.float32)
    assert torch.equal(rebuilt.eval()(images), masked(network, mask)(images))
    begun = module_of(ticket).state_dict()
    assert all(torch.equal(tensor, begun[name]) for name, tensor in Mask(mask).applied(start).items())
    refused("WN-P02", lambda: to_ticket(saved, tensors_of(build(minute("keypoints"), 7))))
    refused("WN-M02", lambda: to_ticket(saved, {name: t for name, t in start.items() if name != "classifier.bias"}))


@pytest.mark.parametrize("task", TASKS)
def test_layers_add_up_to_what_the_architecture_costs(task):
    architecture = partly_emptied(minute(task), 4)
    costs, found = costs_of(architecture), accounting(architecture, {})
    assert sum(layer.macs for layer in found.layers) == costs.macs
    assert sum(layer.weights for layer in found.layers) == costs.parameters
    assert found.density == 1 and not found.warnings
    assert all(layer.sparse_macs == layer.macs == layer.scaled_macs for layer in found.layers)
    measured = multiply_adds(build(architecture, 0), images_for(architecture, 1, torch.float32))
    assert all(layer.macs == measured[layer.name] for layer in found.layers if not layer.name.endswith("tokens"))


def test_sparse_macs_are_of_the_weights_that_are_left():
    network = build(minute(), 0)
    mask = {name: torch.zeros(w.shape, dtype=torch.bool) for name, w in maskable(network).items()}
    mask["stem.0.weight"].view(-1)[:5] = True  # stride 2 on 14 x 10 pixels: 35 are left
    mask["blocks.head_merge.project.weight"][:] = True
    found = accounting(network.architecture, mask)
    rows = {layer.name: layer for layer in found.layers}
    stem, project = rows["stem.0.weight"], rows["blocks.head_merge.project.weight"]
    assert (stem.kept, stem.macs, stem.sparse_macs, stem.stored_bytes) == (5, 108 * 35, 5 * 35, 14 + 20)
    assert project.sparse_macs == project.macs and project.density == 1
    total = sum(layer.weights for layer in found.layers if layer.maskable)
    assert found.density == (5 + project.kept) / total
    assert project.scaled_macs == pytest.approx(found.density * project.macs)
    assert not rows["classifier.weight"].maskable and rows["classifier.weight"].kept > 0
    assert len(found.warnings) == sum(layer.maskable for layer in found.layers) - 2
    assert "blocks.s1_fuse_0_0.expand.weight: none of 108 weights is left" in found.warnings
    summary = found.summary()
    assert summary["sparse_macs"] < summary["macs"] and summary["empty_layers"] == len(found.warnings)
    assert stem.to_plain()["density"] == 5 / 108
