"""The optional bundle in the format of OpenSSF Model Signing."""

import sys
from pathlib import Path

import pytest

from winnow.core import WinnowError
from winnow.signing.claims.bundle import create_bundle_key, sign_bundle, verify_bundle


@pytest.fixture
def ticket(tmp_path: Path) -> Path:
    folder = tmp_path / "ticket"
    folder.mkdir()
    (folder / "ticket.json").write_text("{}")
    (folder / "mask.safetensors").write_bytes(bytes(range(256)))
    (tmp_path / "key.pub").write_bytes(create_bundle_key(tmp_path / "key.pem", "a passphrase"))
    return folder


def code_of(call: object, *arguments: object) -> str:
    with pytest.raises(WinnowError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_without_the_package_the_advice_is_to_install_it(ticket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "model_signing", None)
    bundle, key = ticket.parent / "b.json", ticket.parent / "key.pem"
    assert code_of(sign_bundle, ticket, bundle, key, "a passphrase") == "WN-D07"
    assert code_of(verify_bundle, ticket, bundle, ticket.parent / "key.pub") == "WN-D07"
    assert not bundle.exists()


def test_a_key_needs_a_passphrase_and_a_bundle_a_place_of_its_own(ticket: Path) -> None:
    assert code_of(create_bundle_key, ticket.parent / "new.pem", "") == "WN-O03"
    assert code_of(create_bundle_key, ticket.parent / "key.pem", "other") == "WN-S02"
    assert code_of(sign_bundle, ticket, ticket / "b.json", ticket.parent / "key.pem", "a passphrase") == "WN-O06"


@pytest.mark.filterwarnings("default")  # what four libraries say of each other on import is not Winnow's to mend
def test_a_bundle_holds_for_exactly_the_files_signed(ticket: Path) -> None:
    pytest.importorskip("OpenSSL", reason="model-signing needs pyOpenSSL")
    pytest.importorskip("model_signing")
    bundle, key, public = (ticket.parent / name for name in ("b.json", "key.pem", "key.pub"))
    assert code_of(sign_bundle, ticket, bundle, key, "wrong") == "WN-O03"
    sign_bundle(ticket, bundle, key, "a passphrase")
    verify_bundle(ticket, bundle, public)
    (ticket.parent / "other.pub").write_bytes(create_bundle_key(ticket.parent / "other.pem", "x"))
    assert code_of(verify_bundle, ticket, bundle, ticket.parent / "other.pub") == "WN-O02"
    (ticket / "more.txt").write_text("more")
    assert code_of(verify_bundle, ticket, bundle, public) == "WN-O02"
    (ticket / "more.txt").unlink()
    (ticket / "mask.safetensors").write_bytes(bytes(256))
    assert code_of(verify_bundle, ticket, bundle, public) == "WN-O02"
    bundle.write_bytes(b"{")
    assert code_of(verify_bundle, ticket, bundle, public) == "WN-O02"
