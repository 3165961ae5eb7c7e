"""`Ticket`: what is saved is what is loaded, and nothing that is damaged is."""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.sparsity import Mask, Ticket, load_into, load_tensors, prunable_layers, tensors_of, weights_of

FILES = ["README.md", "mask.safetensors", "start.safetensors", "ticket.json", "trained.safetensors"]


class Net(nn.Module):
    """BatchNorm buffers, a tied weight, and a buffer of half precision."""

    def __init__(self, hidden: int = 6) -> None:
        super().__init__()
        self.fc = nn.Linear(5, hidden)
        self.bn = nn.BatchNorm1d(hidden)
        self.there = nn.Linear(hidden, hidden, bias=False)
        self.back = nn.Linear(hidden, hidden)
        self.back.weight = self.there.weight
        self.head = nn.Linear(hidden, 3)
        self.register_buffer("scale", torch.tensor([0.5, 2.0]).half())
        self.register_buffer("wide", torch.tensor([0.1]).bfloat16())

    def forward(self, rows: Tensor) -> Tensor:
        return self.head(self.back(self.there(self.bn(self.fc(rows)))))


def network(seed: int = 0) -> Net:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = Net()
        net.train()(torch.randn(9, 5))  # moves the running statistics and counts a batch
    return net.eval()


def ticket(trained: bool = True, manifest: Mapping[str, Any] | None = None) -> Ticket:
    start = tensors_of(network())
    generator = torch.Generator().manual_seed(0)
    weights = weights_of(start, prunable_layers(network()))
    mask = Mask({name: torch.rand(w.shape, generator=generator) < 0.4 for name, w in weights.items()})
    return Ticket(start, mask, tensors_of(network(1)) if trained else None, manifest or {})


def same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return sorted(one) == sorted(other) and all(
        t.dtype == other[name].dtype and torch.equal(t, other[name]) for name, t in one.items()
    )


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ticket().save_pretrained(tmp_path_factory.mktemp("ticket") / "t")


@pytest.fixture
def folder(saved_once: Path, tmp_path: Path) -> Path:
    """A saved ticket to damage."""
    return Path(shutil.copytree(saved_once, tmp_path / "t"))


def code_of_loading(folder: Path) -> str:
    with pytest.raises(WinnowError) as caught:
        Ticket.from_pretrained(folder)
    return caught.value.code


@pytest.mark.parametrize("trained", [True, False])
def test_a_saved_ticket_comes_back(tmp_path: Path, trained: bool) -> None:
    saved = ticket(trained)
    assert saved.save_pretrained(tmp_path / "t") == tmp_path / "t"
    found = Ticket.from_pretrained(tmp_path / "t")
    assert same(found.start, saved.start)
    assert found.mask == saved.mask
    if saved.trained is None:
        assert found.trained is None
    else:
        assert found.trained is not None
        assert same(found.trained, saved.trained)
    names = sorted(path.name for path in (tmp_path / "t").iterdir())
    assert names == (FILES if trained else FILES[:-1])


def test_pruned_weights_are_zero_in_every_file_whatever_the_start_had(tmp_path: Path) -> None:
    start = {"w": torch.tensor([[torch.nan, 1.0], [2.0, torch.inf]]), "b": torch.ones(2)}
    trained = {"w": torch.tensor([[3.0, 4.0], [5.0, 6.0]]), "b": torch.ones(2)}
    Ticket(start, Mask({"w": torch.tensor([[0, 1], [1, 0]])}), trained).save_pretrained(tmp_path / "t")
    assert load_tensors(tmp_path / "t" / "start.safetensors")[0]["w"].tolist() == [[0, 1], [2, 0]]
    assert load_tensors(tmp_path / "t" / "trained.safetensors")[0]["w"].tolist() == [[0, 4], [5, 0]]
    assert torch.isnan(start["w"][0, 0])  # the caller's own weights are as they were


def test_buffers_and_tied_weights_reach_the_loaded_module(tmp_path: Path) -> None:
    saved = ticket()
    saved.save_pretrained(tmp_path / "t")
    found = Ticket.from_pretrained(tmp_path / "t")
    assert "there.weight" in found.start
    assert "back.weight" not in found.start
    for trained, tensors in ((False, saved.start), (True, saved.trained)):
        net = Net().eval()
        assert found.load_into(net, trained=trained) is net
        assert net.back.weight is net.there.weight
        assert int(net.get_buffer("bn.num_batches_tracked")) == 1
        assert tensors is not None
        assert same(tensors_of(net), tensors)
        assert not bool(net.there.weight[~found.mask["there.weight"]].any())


def test_the_loaded_module_shares_nothing_with_the_ticket() -> None:
    made = ticket()
    net = made.load_into(Net())
    before = {name: t.clone() for name, t in made.start.items()}
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(1)
    assert same(made.start, before)


@pytest.mark.parametrize("masked", ["there.weight", "fc.weight"], ids=["tied", "another"])
def test_a_state_dict_with_tied_weights_makes_a_ticket(tmp_path: Path, masked: str) -> None:
    """`state_dict` gives a tied tensor under each of its names; the first is enough, and only it has a mask."""
    net = network()
    mask = Mask({masked: torch.eye(*net.get_parameter(masked).shape)})
    Ticket(net.state_dict(), mask, net.state_dict()).save_pretrained(tmp_path / "t")
    found = Ticket.from_pretrained(tmp_path / "t")
    for trained, tensors in ((False, found.start), (True, found.trained)):
        assert tensors is not None
        assert same(tensors, mask.applied(tensors_of(net)))
        assert same(tensors_of(found.load_into(Net(), trained=trained)), tensors)


def test_types_survive(tmp_path: Path) -> None:
    ticket().save_pretrained(tmp_path / "t")
    start = Ticket.from_pretrained(tmp_path / "t").start
    assert start["scale"].dtype == torch.float16
    assert start["wide"].dtype == torch.bfloat16
    assert start["bn.num_batches_tracked"].dtype == torch.int64
    assert start["bn.num_batches_tracked"].shape == ()


def test_the_manifest_keeps_what_it_does_not_know_and_corrects_what_it_does(tmp_path: Path) -> None:
    told = {"claim": {"by": "ä"}, "source": {"level": 3}, "kept": 999_999, "mask_digest": "wrong"}
    ticket(manifest=told).save_pretrained(tmp_path / "t")
    found = Ticket.from_pretrained(tmp_path / "t")
    assert found.manifest["claim"] == {"by": "ä"}
    assert found.manifest["source"] == {"level": 3}
    assert found.manifest["kept"] == found.mask.kept
    assert found.manifest["total"] == 5 * 6 + 6 * 6 + 6 * 3
    assert found.manifest["mask_digest"] == found.mask.digest()
    assert found.manifest["density_percent"] == pytest.approx(100 * found.mask.density, abs=1e-4)
    found.save_pretrained(tmp_path / "again")
    assert Ticket.from_pretrained(tmp_path / "again").manifest["claim"] == {"by": "ä"}


def test_a_measurement_that_is_no_number_is_saved_as_null(tmp_path: Path) -> None:
    told = {"results": {"loss": math.nan, "curve": [math.inf, {"a": -math.inf}, 0.5], "accuracy": 0.25}}
    ticket(manifest=told).save_pretrained(tmp_path / "t")
    expected = {"loss": None, "curve": [None, {"a": None}, 0.5], "accuracy": 0.25}
    assert Ticket.from_pretrained(tmp_path / "t").manifest["results"] == expected


@pytest.mark.parametrize("model", ["lenet", ["a", "b"], 5, None])
def test_a_model_of_any_form_is_kept_and_told(tmp_path: Path, model: object) -> None:
    ticket(manifest={"model": model}).save_pretrained(tmp_path / "t")
    assert Ticket.from_pretrained(tmp_path / "t").manifest["model"] == model
    assert str(model or "a network") in (tmp_path / "t" / "README.md").read_text().splitlines()[4]


def test_a_key_of_a_later_version_in_the_file_is_kept(tmp_path: Path) -> None:
    ticket().save_pretrained(tmp_path / "t")
    path = tmp_path / "t" / "ticket.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "from the future": [1, {"a": None}]}))
    Ticket.from_pretrained(tmp_path / "t").save_pretrained(tmp_path / "again")
    assert json.loads((tmp_path / "again" / "ticket.json").read_text())["from the future"] == [1, {"a": None}]


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": 10},
        {"version": "x"},
        {"version": None},
        {"format": "winnow-claim"},
        {"format": None},
    ],
)
def test_another_format_or_a_newer_version_is_refused(folder: Path, change: dict[str, Any]) -> None:
    path = folder / "ticket.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert code_of_loading(folder) == "WN-S03"


@pytest.mark.parametrize("content", ["[]", "null", '"winnow-ticket"', "{}"])
def test_a_manifest_of_another_form_is_refused(folder: Path, content: str) -> None:
    (folder / "ticket.json").write_text(content)
    assert code_of_loading(folder) == "WN-S03"


@pytest.mark.parametrize("files", [None, [], {}, ["start.safetensors", "mask.safetensors"], "start", "mask"])
def test_a_manifest_that_does_not_name_its_files_is_refused(folder: Path, files: object) -> None:
    """Without their digests the files would be read unchecked. A name alone stands for that file left out."""
    path = folder / "ticket.json"
    manifest = json.loads(path.read_text())
    if isinstance(files, str):
        files = {name: digest for name, digest in manifest["files"].items() if not name.startswith(files)}
    path.write_text(json.dumps({**manifest, "files": files}))
    assert code_of_loading(folder) == "WN-S03"


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("safetensors")])
def test_any_flipped_byte_of_a_tensor_file_is_found(folder: Path, name: str) -> None:
    path = folder / name
    content = path.read_bytes()
    for at in [*range(0, len(content), max(len(content) // 12, 1)), len(content) - 1]:
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert code_of_loading(folder) == "WN-S03"
    path.write_bytes(content)
    Ticket.from_pretrained(folder)


@pytest.mark.parametrize("name", [name for name in FILES if name != "README.md"])
@pytest.mark.parametrize("left", [0, 1, 7, 8, 9, 0.5, -2])
def test_a_truncated_file_is_found(folder: Path, name: str, left: float) -> None:
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * left) if isinstance(left, float) else int(left)])
    assert code_of_loading(folder) == "WN-S03"


@pytest.mark.parametrize("name", [name for name in FILES if name != "README.md"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(WinnowError, match=name) as caught:
        Ticket.from_pretrained(folder)
    assert caught.value.code == "WN-S03"


def test_a_place_without_a_ticket_is_said_so(tmp_path: Path) -> None:
    assert code_of_loading(tmp_path) == "WN-S03"
    assert code_of_loading(tmp_path / "missing") == "WN-S03"


def test_files_of_two_tickets_do_not_mix(tmp_path: Path) -> None:
    ticket().save_pretrained(tmp_path / "one")
    Ticket(tensors_of(network(5)), ticket().mask).save_pretrained(tmp_path / "other")
    (tmp_path / "one" / "start.safetensors").write_bytes((tmp_path / "other" / "start.safetensors").read_bytes())
    assert code_of_loading(tmp_path / "one") == "WN-S03"


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_place_that_holds_something_else_is_left_alone(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "home"
    mine = place / "thesis.tex" if kind == "folder" else place
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(WinnowError) as caught:
        ticket().save_pretrained(place)
    assert (caught.value.code, caught.value.where) == ("WN-S02", str(place))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine"


def test_the_working_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WinnowError, match="WN-S02"):
        ticket().save_pretrained(".")
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_anybody_elses_is_deleted_with_an_older_ticket(tmp_path: Path) -> None:
    ticket().save_pretrained(tmp_path / "t")
    ticket().save_pretrained(tmp_path / "t")
    (tmp_path / "t" / "notes.md").write_text("mine")
    with pytest.raises(WinnowError, match=r"WN-S02.*notes\.md"):
        ticket().save_pretrained(tmp_path / "t")
    assert (tmp_path / "t" / "notes.md").read_text() == "mine"


def test_trained_weights_that_the_manifest_does_not_name_are_not_loaded(tmp_path: Path) -> None:
    ticket(trained=False).save_pretrained(tmp_path / "t")
    (tmp_path / "t" / "trained.safetensors").write_bytes((tmp_path / "t" / "start.safetensors").read_bytes())
    assert Ticket.from_pretrained(tmp_path / "t").trained is None


def test_equal_tickets_are_equal_files(tmp_path: Path) -> None:
    written = set()
    for _ in range(6):  # a hash map may hit one order by chance
        ticket(manifest={"source": {"level": 3}}).save_pretrained(tmp_path / "t")
        written.add(tuple((tmp_path / "t" / name).read_bytes() for name in FILES))
    assert len(written) == 1


def test_saving_again_without_trained_weights_leaves_no_old_ones(tmp_path: Path) -> None:
    ticket(trained=True).save_pretrained(tmp_path / "t")
    ticket(trained=False).save_pretrained(tmp_path / "t")
    assert Ticket.from_pretrained(tmp_path / "t").trained is None


def test_a_save_that_fails_at_its_end_leaves_the_old_ticket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket(trained=False).save_pretrained(tmp_path / "t")

    def fails(*_: object) -> str:
        raise RuntimeError("mine")

    monkeypatch.setattr("winnow.sparsity.ticket.card", fails)
    with pytest.raises(RuntimeError, match="mine"):
        ticket(trained=True).save_pretrained(tmp_path / "t")
    assert Ticket.from_pretrained(tmp_path / "t").trained is None
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_the_card_says_how_much_is_kept_and_where_it_comes_from(tmp_path: Path) -> None:
    told = {"model": {"build": "my.nets:small"}, "source": {"level": 3}, "results": {"accuracy": 0.91}}
    made = ticket(manifest=told)
    made.save_pretrained(tmp_path / "t")
    card = (tmp_path / "t" / "README.md").read_text()
    assert f"{made.mask.kept:,} of {made.mask.total:,} weights" in card
    assert f"{100 * made.mask.density:.2f} %" in card
    for word in ("my.nets:small", "level: 3", "accuracy: 0.91", made.mask.digest(), *made.mask):
        assert word in card
    assert card.startswith("---\n")


def test_the_card_of_a_bare_ticket_has_no_empty_sections(tmp_path: Path) -> None:
    ticket().save_pretrained(tmp_path / "t")
    card = (tmp_path / "t" / "README.md").read_text()
    assert "## Source" not in card
    assert "## Results" not in card


@pytest.mark.parametrize(
    "wrong", [nn.Linear(5, 6), Net(hidden=7), nn.Sequential(Net())], ids=["other layers", "other width", "wrapped"]
)
def test_a_module_that_does_not_fit_is_refused(wrong: nn.Module) -> None:
    with pytest.raises(WinnowError) as caught:
        ticket().load_into(wrong)
    assert caught.value.code == "WN-M02"


def test_a_larger_network_is_refused() -> None:
    small, large = nn.Sequential(nn.Linear(4, 3)), nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    with pytest.raises(WinnowError) as caught:
        Ticket(tensors_of(small), Mask({"0.weight": torch.ones(3, 4)})).load_into(large)
    assert (caught.value.code, caught.value.where) == ("WN-M02", "2.weight")


@pytest.mark.parametrize(
    "other", [nn.Linear(3, 2), nn.Linear(3, 3, bias=False), nn.Bilinear(3, 3, 3)], ids=["width", "less", "shape"]
)
def test_a_refused_load_changes_no_tensor(other: nn.Module) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3))
    before = tensors_of(net)
    with pytest.raises(WinnowError, match="WN-M02"):
        load_into(net, tensors_of(nn.Sequential(nn.Linear(4, 3), other)))
    assert same(tensors_of(net), before)
    with pytest.raises(WinnowError, match="WN-M02"):
        load_into(net, {**tensors_of(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3))), "extra": torch.ones(1)})
    assert same(tensors_of(net), before)


def test_trained_weights_that_were_not_kept_are_said_so() -> None:
    with pytest.raises(WinnowError) as caught:
        ticket(trained=False).load_into(Net(), trained=True)
    assert caught.value.code == "WN-M02"


def test_a_mask_of_another_network_makes_no_ticket() -> None:
    with pytest.raises(WinnowError) as caught:
        Ticket(tensors_of(network()), Mask({"fc.weight": torch.ones(2, 2)}))
    assert caught.value.code == "WN-P02"
