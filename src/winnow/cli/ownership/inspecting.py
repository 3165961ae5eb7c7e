"""`winnow ownership inspect`: what lies there and what can be checked of it without a secret; showing a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json, print_table
from winnow.cli.ownership.options import PassphraseFile, Roots, SignedFolder, owner_from, passphrase_from
from winnow.core import WinnowError

_STATES = {True: "holds", False: "DOES NOT HOLD", None: "not stated"}


def inspect(
    path: Annotated[Path, Parameter(help="A claim, a folder of `sign`, a ticket, a suspect, or a file of secrets.")],
    *,
    root: Roots = (),
    owner: Annotated[str, Parameter(help="The owner's public key, as you know it.")] = "",
    reveal: Annotated[
        int | None, Parameter(help="Write this key's secret in the open, for a judge: 0 for the first.")
    ] = None,
    to: Annotated[Path | None, Parameter(help="Where to.")] = None,
    passphrase_file: PassphraseFile = None,
    identity: Annotated[Path | None, Parameter(help="With it, the key that is shown is recorded as burnt.")] = None,
    json: AsJson = False,
) -> None:
    """Tell what a claim, a ticket or a suspect says, and check what can be checked without a secret. Loads no torch.

    With --reveal, open the secrets and write one of them to a file: `inspect OUT --reveal 0 --to reveal.json`. Show it
    in a dispute only: whoever has seen it can embed or remove its mark.
    """
    if reveal is not None:
        facts: dict[str, Any] = _revealed(path, reveal, to, passphrase_file, identity)
    elif _is_claim(claim := path if _is_claim(path) else path / "claim"):
        facts = _claim(claim, root, owner)
    elif _format(path) is not None:
        facts = _of_secrets(path)
    else:
        facts = _suspect(path)
    if json:
        print_json(facts)
        return
    rows = {name: facts.pop(name) for name in ("layers", "checks", "tensors") if facts.get(name)}
    print_facts(facts)
    for table in rows.values():
        print()
        print_table(table, {key: key for key in table[0]})


def _is_claim(path: Path) -> bool:
    return (path / "claim.json").exists() or (path / "commit0-0.json").exists()


def _claim(folder: Path, root: tuple[Path, ...], owner: str) -> dict[str, Any]:
    from winnow.signing.claims.checks import check_claim
    from winnow.signing.claims.pending import names_of, read_pending
    from winnow.signing.claims.reading import parse_claim
    from winnow.signing.stamps.stamps import load_roots

    if not (folder / "claim.json").exists():
        pending = read_pending(folder)
        stamps = [(folder / names_of(index)[2]).exists() for index in range(len(pending.keys))]
        facts = _rule(pending.rule, pending.public_key, len(pending.keys), pending.layout)
        return {
            "is": "a claim that was begun and is not sealed",
            **facts,
            "stamped_keys": f"{sum(stamps)} of {len(stamps)}",
        }
    claim = parse_claim(folder)
    checks = check_claim(folder, load_roots(root), owner_from(owner) if owner else None)
    facts = _rule(claim.rule, claim.public_key, len(claim.keys), claim.layout)
    layers = facts.pop("layers")
    return {
        "is": "a sealed claim",
        "digest": claim.digest,
        **facts,
        "aligns_by": f"{len(claim.axes)} coupled axes",
        "keyed_inputs": f"{claim.triggers['count']} a key" if claim.triggers else "none",
        "sealed_by": f"Winnow {claim.winnow}",
        "holds": all(check.ok is not False for check in checks),
        "layers": layers,
        "checks": [{"check": c.name, "outcome": _STATES[c.ok], "in words": c.told} for c in checks],
    }


def _rule(rule: Any, public: bytes, keys: int, layout: Any) -> dict[str, Any]:
    rows = [
        {"layer": layer.name, "shape": " x ".join(map(str, layer.shape)), "kept": layer.kept, "bits": layer.bits}
        for layer in layout.layers
    ]
    return {
        "model_id": rule["model_id"],
        "public_key": public.hex(),
        "keys": keys,
        "mark": f"{layout.bits} bits ({layout.code})",
        "threshold": f"p at most 2^{rule['threshold_log2']:g}",
        "layers": rows,
    }


def _suspect(path: Path) -> dict[str, Any]:
    import numpy as np

    from winnow.signing.suspects.suspects import read_suspect

    if not path.exists():
        raise WinnowError("WN-O05", "there is nothing of this name", where=path)
    suspect = read_suspect(path)
    rows = [
        {
            "tensor": name,
            "shape": " x ".join(map(str, tensor.shape)),
            "type": str(tensor.dtype),
            "not zero": int(np.count_nonzero(tensor)),
            "percent": 100 * np.count_nonzero(tensor) / max(tensor.size, 1),
        }
        for name, tensor in suspect.tensors.items()
    ]
    return {"is": "a network's weights", "digest": suspect.digest, "notes": list(suspect.notes), "tensors": rows}


def _format(path: Path) -> str | None:
    """The format that a small JSON file names; None for anything else."""
    from winnow.signing.claims.strict import parse, read_bytes

    if path.suffix != ".json" or not path.is_file():
        return None
    found = parse(read_bytes(path, 1_000_000), path)
    return str(found.get("format"))


def _of_secrets(path: Path) -> dict[str, Any]:
    told = {
        "winnow-secrets": "an owner's secrets, sealed under a passphrase; --reveal INDEX --to FILE shows one",
        "winnow-secret": "a secret that its owner has shown, for `winnow ownership verify --secret`",
        "winnow-verdict": "a judge's verdict",
    }
    kind = _format(path)
    if kind not in told:
        raise WinnowError("WN-O05", "nothing that Winnow knows", where=path, fix="Name a claim, a ticket or a suspect.")
    return {"is": told[kind]}


def _revealed(
    path: Path, index: int, to: Path | None, passphrase_file: Path | None, identity: Path | None
) -> dict[str, Any]:
    from winnow.signing.claims.burning import burn_key
    from winnow.signing.claims.claim_folder import read_claim
    from winnow.signing.claims.keys import Identity
    from winnow.signing.claims.vault import load_secrets, write_reveal

    if to is None:
        raise WinnowError("WN-C01", "where shall the secret be written?", where="--to", fix="Such as --to reveal.json.")
    signed = SignedFolder(path if path.is_dir() else path.parent)
    passphrase = passphrase_from(passphrase_file)
    held = load_secrets(signed.secrets if path.is_dir() else path, passphrase)
    if not 0 <= index < len(held):
        raise WinnowError("WN-O03", f"there are {len(held)} keys, numbered from 0", where="--reveal")
    if signed.claim.resolve() in to.resolve().parents:
        raise WinnowError("WN-O06", "a secret does not go into the claim's folder", where=to, fix="Name another place.")
    owner = Identity.load(identity, passphrase) if identity is not None else None
    write_reveal(to, held[index])
    facts: dict[str, Any] = {"revealed": str(to), "key": index}
    if owner is not None:
        facts["burnt_keys"] = list(burn_key(signed.claim, read_claim(signed.claim), owner, index))
    return facts
