"""Optional: a model-signing bundle (OpenSSF Model Signing, DSSE) over a ticket's files, for tools that read those.

It shows that files are unchanged and who signed them; of a modified copy it says nothing, which is what a claim is for.
The format knows no Ed25519, so the bundle has an ECDSA P-256 key of its own.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from winnow.core import WinnowError
from winnow.signing.claims.keys import write_private
from winnow.storage import replacing


def create_bundle_key(path: Path | str, passphrase: str) -> bytes:
    """Make a P-256 key file (encrypted PKCS#8 PEM, mode 0600); returns the public half as PEM.

    Raises:
        WinnowError: WN-O03 for an empty passphrase, WN-S02 when a file is there already.
    """
    if not passphrase:
        raise WinnowError("WN-O03", "an empty passphrase protects nothing", where=path)
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = BestAvailableEncryption(passphrase.encode())
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def sign_bundle(folder: Path | str, bundle: Path | str, key: Path | str, passphrase: str) -> None:
    """Sign every file of a folder into `bundle`, a file outside the folder.

    Raises:
        WinnowError: WN-D07 without the model-signing package, WN-O03 when the key does not open, WN-O06 when the
            files cannot be signed.
    """
    _check_apart(folder, bundle)
    signing = _package("signing")
    try:
        config = signing.Config().use_elliptic_key_signer(private_key=key, password=passphrase.encode())
    except (ValueError, TypeError, OSError, AttributeError) as error:
        raise WinnowError("WN-O03", "the key file does not open with this passphrase", where=key) from error
    with replacing(bundle) as part:
        try:
            config.sign(Path(folder), part)
        except (ValueError, OSError) as error:
            raise WinnowError("WN-O06", f"the files cannot be signed: {error}", where=folder) from error


def verify_bundle(folder: Path | str, bundle: Path | str, public_key: Path | str) -> None:
    """Make sure that a folder's files are exactly those that were signed.

    Args:
        folder: the files.
        bundle: what `sign_bundle` wrote.
        public_key: the signer's public key, a PEM file.

    Raises:
        WinnowError: WN-D07 without the model-signing package, WN-O02 when a file or the signature is another.
    """
    verifying = _package("verifying")
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=public_key).verify(Path(folder), Path(bundle))
    except Exception as error:  # a stranger's file through four libraries: the kinds of error are theirs
        raise WinnowError("WN-O02", f"the bundle does not hold: {str(error)[:300]}", where=bundle) from error


def _check_apart(folder: Path | str, bundle: Path | str) -> None:
    if Path(bundle).resolve().is_relative_to(Path(folder).resolve()):
        raise WinnowError("WN-O06", "a bundle cannot lie among the files that it signs", where=bundle)


def _package(module: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(f"model_signing.{module}")
    except ImportError as error:
        raise WinnowError(
            "WN-D07",
            f"bundles need the model-signing package, with pyOpenSSL, which it uses unasked: {error}",
            fix="pip install model-signing pyOpenSSL",
        ) from error
