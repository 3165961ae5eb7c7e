"""`winnow ownership`: from a key to a verdict, on a small ticket of LeNet on digits."""

from __future__ import annotations

import io
import json
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from winnow.cli import main
from winnow.core import canonical_json
from winnow.recipes import lenet_digits
from winnow.signing.stamps.authority import TestAuthority
from winnow.sparsity import Ticket, load_tensors, save_tensors
from winnow.storage import held_folder
from winnow.tickets import find, load_ticket

PASSPHRASE = "correct horse battery staple"
SETTINGS = ["--keys", "1", "--triggers", "20", "--steps", "150it"]
NO_TORCH = "import sys; sys.modules['torch'] = None; from winnow.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module", autouse=True)
def small_and_quiet() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WINNOW_PASSPHRASE", PASSPHRASE)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two replicates with a quarter of the weights, and an owner's identity."""
    folder = tmp_path_factory.mktemp("ownership")
    recipe = lenet_digits(densities=(0.25,), rounds="oneshot", steps="120it", replicates=2, controls=("none",))
    find(recipe, out=folder / "run")
    assert main(["ownership", "keygen", "--out", str(folder / "id")]) == 0
    return folder


@pytest.fixture(scope="module")
def signed(place: Path) -> Path:
    out = place / "signed"
    assert main(sign_words(place, out)) == 0
    assert main(["ownership", "inspect", str(out), "--reveal", "0", "--to", str(place / "reveal.json")]) == 0
    return out


def sign_words(place: Path, out: Path, *more: str, ticket: Path | None = None, who: str = "id") -> list[str]:
    source = str(ticket or place / "run" / "level-01" / "replicate-0")
    identity = ["--identity", str(place / who / "identity.pem")]
    return ["ownership", "sign", source, *identity, "--model-id", "lenet", "--out", str(out), *SETTINGS, *more]


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What a command prints with --json; it must succeed."""
    capsys.readouterr()
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    assert out.count("\n") == 1
    return json.loads(out)


def failed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that a user's mistake ends."""
    capsys.readouterr()
    code = main(words)
    out, err = capsys.readouterr()
    assert code == 2 and not out and "Traceback" not in err
    return err


def judged(
    signed: Path, suspect: Path, capsys: pytest.CaptureFixture[str], *more: str, secret: Path | None = None
) -> dict[str, Any]:
    shown = str(secret or signed.parent / "reveal.json")
    words = ["ownership", "verify", str(signed / "claim"), str(suspect), "--secret", shown, "--decoys", "40"]
    return told([*words, *more], capsys)


def test_an_identity_is_encrypted_its_owners_alone_and_never_overwritten(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = place / "id" / "identity.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and "ENCRYPTED" in key.read_text()
    assert len(bytes.fromhex((place / "id" / "identity.pub").read_text())) == 32
    assert "WN-S02" in failed(["ownership", "keygen", "--out", str(place / "id")], capsys)
    word = tmp_path / "word"
    word.write_text("from a file\nand not this\n")
    first = told(["ownership", "keygen", "--out", str(tmp_path / "a"), "--passphrase-file", str(word)], capsys)
    monkeypatch.setenv("WINNOW_PASSPHRASE", "from a file")
    words = sign_words(tmp_path, tmp_path / "s", "--data", "none", ticket=place / "run/level-01/replicate-0", who="a")
    assert told(words, capsys)["state"] == "marked" and len(first["key"]) == 64
    monkeypatch.setenv("WINNOW_PASSPHRASE", "another")
    assert "WN-O03" in failed(words, capsys)
    monkeypatch.delenv("WINNOW_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert "WN-O03" in failed(["ownership", "keygen", "--out", str(tmp_path / "b")], capsys)
    assert not (tmp_path / "b").exists()


def test_a_dry_run_tells_where_the_mark_would_lie_and_writes_nothing(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ticket = str(place / "run" / "level-01" / "replicate-0")
    words = ["ownership", "sign", ticket, "--model-id", "lenet", "--out", str(tmp_path / "out"), "--dry-run"]
    plan = told(words, capsys)
    assert plan["bits"] == sum(layer["bits"] for layer in plan["layers"]) and plan["swaps"] > 0
    assert sum(layer["kept"] for layer in plan["layers"]) == plan["kept"]
    assert plan["training"]["data"] == "digits"
    assert main(words) == 0 and "fc1.weight" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_the_signed_ticket_keeps_every_layers_count_and_no_secret_is_given_away(place: Path, signed: Path) -> None:
    before = Ticket.from_pretrained(place / "run" / "level-01" / "replicate-0")
    after = Ticket.from_pretrained(signed / "ticket")
    assert {n: int(m.sum()) for n, m in before.mask.items()} == {n: int(m.sum()) for n, m in after.mask.items()}
    assert before.mask != after.mask and after.manifest["results"]["test_accuracy"] > 0.85
    secret = json.loads((place / "reveal.json").read_text())
    for file in (file for file in signed.rglob("*") if file.is_file()):
        content = file.read_bytes()
        for value in (secret["secret"], secret["salt"]):
            assert value.encode() not in content and bytes.fromhex(value) not in content
    assert not list((signed / "claim").glob("*secret*")) and not list((signed / "ticket").glob("*secret*"))


def test_two_processes_cannot_sign_into_one_folder(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "signed"
    with held_folder(out):
        assert "WN-R04" in failed(sign_words(place, out), capsys)
        assert list(out.iterdir()) == []


def test_the_code_can_be_chosen_and_the_start_released(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", "none", "--code", "bch-127-64"]
    dense = Ticket.from_pretrained(place / "run" / "level-00" / "replicate-0").start
    begins = {}
    for name, more in {"kept": [], "released": ["--release-start"]}.items():
        out = tmp_path / name
        assert told(sign_words(place, out, *words, *more), capsys)["state"] == "marked"
        layout = json.loads((out / "claim" / "commit0-0.json").read_text())["rule"]["layout"]
        assert layout["code"] == "bch-127-64"
        marked = Ticket.from_pretrained(out / "marked")
        begins[name] = all(torch.equal(marked.start[n], dense[n] * mask) for n, mask in marked.mask.items())
    assert begins == {"kept": False, "released": True}
    assert "WN-O02" in failed(sign_words(place, tmp_path / "x", "--data", "none", "--code", "none-such"), capsys)
    assert not (tmp_path / "x").exists()


def test_signing_again_changes_nothing_and_another_ticket_is_refused(
    place: Path, signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.stat().st_mtime_ns for file in signed.rglob("*") if file.is_file()}
    assert told(sign_words(place, signed), capsys)["state"] == "sealed"
    assert {file: file.stat().st_mtime_ns for file in signed.rglob("*") if file.is_file()} == before
    other = place / "run" / "level-01" / "replicate-1"
    assert "WN-O07" in failed(sign_words(place, signed, ticket=other), capsys)


def test_a_judge_without_torch_finds_the_mark(place: Path, signed: Path, tmp_path: Path) -> None:
    claim, suspect = str(signed / "claim"), str(signed / "ticket" / "trained.safetensors")
    words = ["verify", claim, suspect, "--secret", str(place / "reveal.json"), "--decoys", "40"]
    files = ["--out", str(tmp_path / "v.json"), "--page", str(tmp_path / "v.html")]
    done = without_torch(*words, *files, "--owner", str(place / "id" / "identity.pub"), "--json")
    verdict = json.loads(done)
    assert verdict == json.loads((tmp_path / "v.json").read_text())
    assert verdict["outcome"] == "match" and verdict["log2_p_adjusted"] < -200
    assert verdict["readings"][verdict["best"]]["payload"]
    assert {"name": "owner", "ok": True} in [{"name": c["name"], "ok": c["ok"]} for c in verdict["checks"]]
    assert verdict["decoys"]["largest"] < 0.7 * verdict["readings"][0]["total"]
    page = (tmp_path / "v.html").read_text()
    assert page.startswith("<!doctype html>") and verdict["claim"]["digest"] in page


def test_inspecting_needs_no_torch_and_no_secret(signed: Path, tmp_path: Path) -> None:
    claim = json.loads(without_torch("inspect", str(signed / "claim"), "--json"))
    assert claim["holds"] and claim["model_id"] == "lenet" and claim["keys"] == 1
    assert sum(layer["bits"] for layer in claim["layers"]) == int(claim["mark"].split()[0])
    assert "not zero" in without_torch("inspect", str(signed / "ticket"))


def without_torch(*words: str) -> str:
    command = [sys.executable, "-c", NO_TORCH, "ownership", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_claim_that_was_changed_does_not_hold(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(signed / "claim", tmp_path / "claim")
    shutil.copyfile(signed.parent / "reveal.json", tmp_path.parent / "reveal.json")
    file = tmp_path / "claim" / "claim.json"
    file.write_text(file.read_text().replace('"lenet"', '"other"'))
    assert not told(["ownership", "inspect", str(tmp_path / "claim")], capsys)["holds"]
    verdict = judged(tmp_path, signed / "ticket", capsys)
    assert verdict["outcome"] == "inconclusive" and "refused" in verdict["reason"]


@pytest.mark.parametrize(("attack", "strength"), [("prune-smallest", 0.2), ("disguise", 1.0), ("tune-dense", 0.1)])
def test_the_mark_survives_an_attack_and_the_command_says_what_it_cost(
    attack: str, strength: float, signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "attacked.safetensors"
    words = ["ownership", "attack", str(signed), "--attack", attack, "--strength", str(strength), "--out", str(out)]
    row = told([*words, "--steps", "30it"], capsys)
    assert row["outcome"] == "match" and row["accuracy_before"] - row["accuracy"] == pytest.approx(row["accuracy_lost"])
    verdict = judged(signed, out, capsys)
    assert verdict["outcome"] == "match" and verdict["log2_p_adjusted"] <= -64
    assert verdict["readings"][verdict["best"]]["matches"] == row["matches"]


def test_an_innocent_ticket_is_not_accused(place: Path, signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = judged(signed, place / "run" / "level-01" / "replicate-1", capsys)
    assert verdict["outcome"] == "no match" and verdict["log2_p_adjusted"] > -20
    unmarked = judged(signed, place / "run" / "level-01" / "replicate-0", capsys)
    assert unmarked["outcome"] == "no match"


def test_a_secret_of_another_claim_ends_inconclusive_and_missing_files_with_code_2(
    place: Path, signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = json.loads((place / "reveal.json").read_text())
    wrong = tmp_path / "wrong.json"
    wrong.write_text(canonical_json({**held, "secret": "00" * 32}))
    verdict = judged(signed, signed / "ticket", capsys, secret=wrong)
    assert verdict["outcome"] == "inconclusive" and "not this claim's" in verdict["reason"]
    verify = ["ownership", "verify", str(signed / "claim")]
    secret = ["--secret", str(place / "reveal.json")]
    assert "WN-O05" in failed([*verify, str(tmp_path / "nothing"), *secret], capsys)
    assert "WN-O02" in failed(["ownership", "verify", str(tmp_path / "no"), str(wrong), *secret], capsys)
    assert "WN-O02" in failed([*verify, str(signed / "ticket"), "--secret", str(tmp_path / "no.json")], capsys)
    assert "WN-O04" in failed([*verify, str(signed / "ticket"), *secret, "--root", str(wrong)], capsys)
    assert "WN-C01" in failed([*verify, str(signed / "ticket"), *secret, "--suspects-tried", "0"], capsys)
    assert "WN-O05" in failed(["ownership", "inspect", str(tmp_path / "nothing")], capsys)
    assert "WN-O03" in failed(["ownership", "inspect", str(signed), "--reveal", "7", "--to", str(wrong)], capsys)


def test_a_shown_key_is_recorded_as_burnt(
    place: Path, signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(signed, tmp_path / "signed")
    identity = ["--identity", str(place / "id" / "identity.pem")]
    words = ["ownership", "inspect", str(tmp_path / "signed"), "--reveal", "0", "--to"]
    assert told([*words, str(tmp_path / "reveal.json"), *identity], capsys)["burnt_keys"] == [0]
    verdict = judged(tmp_path / "signed", signed / "ticket", capsys)
    assert verdict["outcome"] == "match" and any("shown before" in limit for limit in verdict["limits"])


def test_stamps_are_carried_by_hand_and_show_that_the_key_came_first(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    out, carried = tmp_path / "signed", tmp_path / "stamps"
    words = sign_words(place, out, "--stamp-dir", str(carried))
    authority = TestAuthority()
    assert told(words, capsys)["state"].startswith("waiting") and not (out / "ticket").exists()
    stamp(carried, authority)
    sealed = told(words, capsys)
    assert sealed["state"] == "sealed" and sealed["stamps"] == "1 of 2"
    stamp(carried, authority)
    assert told(words, capsys)["stamps"] == "2 of 2"
    root, secret = tmp_path / "root.pem", tmp_path / "reveal.json"
    root.write_bytes(authority.root.public_bytes(Encoding.PEM))
    assert main(["ownership", "inspect", str(out), "--reveal", "0", "--to", str(secret)]) == 0
    verdict = judged(out, out / "ticket", capsys, "--root", str(root), secret=secret)
    assert verdict["outcome"] == "match" and verdict["priority"].startswith("the key was stamped")
    # An authority that the judge does not trust is a claim that does not hold.
    root.write_bytes(TestAuthority().root.public_bytes(Encoding.PEM))
    assert judged(out, out / "ticket", capsys, "--root", str(root), secret=secret)["outcome"] == "inconclusive"


def stamp(folder: Path, authority: TestAuthority) -> None:
    for request in folder.glob("*.tsq"):
        if not (answer := request.with_suffix(".tsr")).exists():
            answer.write_bytes(authority.stamp(request.read_bytes()))


def test_an_authority_on_another_machine_needs_consent(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = sign_words(place, tmp_path / "out", "--stamp-url", "http://stamps.example.com/tsr")
    assert "WN-L04" in failed(words, capsys)
    assert "WN-C01" in failed([*words, "--stamp-dir", str(tmp_path)], capsys)
    assert not (tmp_path / "out").exists()


def test_an_owner_may_train_the_marked_ticket_himself(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, weights = tmp_path / "signed", tmp_path / "mine.safetensors"
    words = sign_words(place, out, "--data", "none")
    trained = sign_words(place, out, "--trained", str(weights))
    assert "WN-O07" in failed(trained, capsys)
    assert told(words, capsys)["state"] == "marked"
    marked = Ticket.from_pretrained(out / "marked")
    save_tensors(weights, {name: tensor + 0.01 for name, tensor in marked.start.items()})
    assert "WN-P02" in failed(trained, capsys)
    save_tensors(weights, {name: 1.5 * tensor for name, tensor in marked.start.items()})
    assert told(trained, capsys)["state"] == "sealed"
    secret = tmp_path / "reveal.json"
    assert main(["ownership", "inspect", str(out / "secrets.json"), "--reveal", "0", "--to", str(secret)]) == 0
    assert judged(out, weights, capsys)["outcome"] == "match"


def test_interrupted_it_goes_on_with_the_same_secrets(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    words = sign_words(place, tmp_path / "signed")
    with monkeypatch.context() as patch:
        patch.setattr("winnow.ownership.signing.train_marked", interrupt)
        assert main(words) == 130 and "goes on" in capsys.readouterr().err
    committed = (tmp_path / "signed" / "claim" / "commit0-0.json").read_bytes()
    assert told(words, capsys)["state"] == "sealed"
    assert (tmp_path / "signed" / "claim" / "commit0-0.json").read_bytes() == committed


def test_killed_with_minus_9_it_goes_on(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "signed"
    words = sign_words(place, out)
    child = subprocess.Popen([sys.executable, "-m", "winnow", *words], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (out / "marked" / "ticket.json").exists() and child.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert (out / "claim" / "commit0-0.json").exists() and not (out / "claim" / "claim.json").exists()
    committed = (out / "claim" / "commit0-0.json").read_bytes()
    assert told(words, capsys)["state"] == "sealed"
    assert (out / "claim" / "commit0-0.json").read_bytes() == committed
    assert told(["ownership", "inspect", str(out)], capsys)["holds"]


def test_a_suspect_that_can_only_be_asked(signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions, answers, blank = tmp_path / "q.npy", tmp_path / "a.json", tmp_path / "blank.safetensors"
    # The weights are somebody's secret: what is at hand holds nothing but zeros.
    tensors, _ = load_tensors(signed / "ticket" / "trained.safetensors")
    save_tensors(blank, {name: torch.zeros_like(tensor) for name, tensor in tensors.items()})
    assert judged(signed, blank, capsys, "--questions", str(questions))["answers"] is None
    _, network = load_ticket(signed / "ticket", trained=True)
    with torch.no_grad():
        logits = network.eval()(torch.from_numpy(np.load(questions)))
    answers.write_text(json.dumps({"logits": logits.tolist()}))
    found = judged(signed, blank, capsys, "--answers", str(answers))["answers"]
    assert found["hits"] >= 15 and found["total"] == 20 and found["log2_p_adjusted"] < -30
    answers.write_text(json.dumps([0] * 20))
    assert judged(signed, blank, capsys, "--answers", str(answers))["answers"]["log2_p_adjusted"] > -20
    answers.write_text("[1, 2]")
    words = ["ownership", "verify", str(signed / "claim"), str(blank), "--secret", str(signed.parent / "reveal.json")]
    assert "WN-L05" in failed([*words, "--answers", str(answers)], capsys)
    assert "WN-L04" in failed([*words, "--endpoint", "http://suspect.example.com/"], capsys)


def test_of_two_claims_the_one_whose_reference_carries_one_mark_came_first(
    place: Path, signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stolen = tmp_path / "stolen"
    assert main(["ownership", "keygen", "--out", str(place / "thief")]) == 0
    words = sign_words(place, stolen, "--data", "digits", ticket=signed / "ticket", who="thief")
    assert told(words, capsys)["state"] == "sealed"
    secret = tmp_path / "reveal.json"
    assert main(["ownership", "inspect", str(stolen), "--reveal", "0", "--to", str(secret)]) == 0
    other = ["--other-claim", str(stolen / "claim"), "--other-secret", str(secret)]
    verdict = judged(signed, stolen / "ticket", capsys, *other)
    assert verdict["outcome"] == verdict["other_claim"]["outcome"] == "match"
    assert verdict["other_claim"]["winner"] == "first"
    # The owner's own release carries one mark, so there is nothing to decide.
    alone = judged(signed, signed / "ticket", capsys, *other)
    assert alone["outcome"] == "match" and alone["other_claim"]["winner"] is None


def test_an_audit_writes_its_page_and_goes_on_where_it_stopped(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attacks = told(["ownership", "attack", "--list"], capsys)["attacks"]
    assert {"prune-smallest", "disguise", "tune", "distil"} <= {attack["attack"] for attack in attacks}
    words = ["ownership", "audit", str(signed), "--seeds", "1", "--steps", "20it", "--out", str(tmp_path / "audit")]
    assert told([*words, "--dry-run"], capsys)["cases"] > 40 and not (tmp_path / "audit").exists()
    first = told([*words, "--attacks", "prune-random"], capsys)
    assert [row["outcome"] for row in first["cases"]][:2] == ["match", "match"]
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "audit" / "cases").iterdir()}
    more = told([*words, "--attacks", "prune-random", "permute"], capsys)
    assert len(more["cases"]) == len(first["cases"]) + 1
    assert all(file.stat().st_mtime_ns == when for file, when in before.items())
    assert Path(more["report"]).read_text().startswith("<!doctype html>")


def test_an_unknown_attack_or_a_ticket_that_is_not_signed_is_told(
    place: Path, signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "WN-O06" in failed(["ownership", "attack", str(signed), "--attack", "magic"], capsys)
    assert "WN-C01" in failed(["ownership", "attack", str(signed)], capsys)
    ticket = str(place / "run" / "level-01" / "replicate-0")
    assert "WN-O07" in failed(["ownership", "attack", ticket, "--attack", "permute"], capsys)
    assert "WN-O03" in failed(["ownership", "sign", ticket, "--model-id", "x", "--out", "y"], capsys)
