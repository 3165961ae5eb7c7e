"""Asking a suspect the keyed inputs of the key that was shown: a file, an address, or answers that somebody brought."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.core import WinnowError

if TYPE_CHECKING:
    from winnow.signing.claims.keys import Secret


@Parameter(name="*", group="Asking the suspect")
@dataclass(frozen=True, kw_only=True)
class AskFlags:
    """How the suspect is asked, where it can be run."""

    onnx: Annotated[Path | None, Parameter(help="The suspect as an ONNX file, run here.")] = None
    endpoint: Annotated[
        str, Parameter(help='Its address: POST {"inputs": [...]}, answered by {"labels": [...]} or {"logits": [...]}.')
    ] = ""
    allow_remote: Annotated[bool, Parameter(help="Let the keyed inputs leave this machine.", negative=())] = False
    questions: Annotated[Path | None, Parameter(help="Write the keyed inputs here (.npy), to be asked by hand.")] = None
    answers: Annotated[Path | None, Parameter(help="Its answers to them: JSON, labels or rows of logits.")] = None

    @property
    def given(self) -> bool:
        """Whether anything is to be asked."""
        return any((self.onnx, self.endpoint, self.questions, self.answers))


def asked(claim: Path, secret: Secret, flags: AskFlags) -> Any:
    """The suspect's answers, int64 [Q]; None where it is not asked.

    Raises:
        WinnowError: WN-C01 for two ways at once, WN-O06 when the claim has no keyed inputs, WN-L04 and WN-L05 as
            `winnow.signing.asking.endpoints` says, WN-O02 for a claim that cannot be read.
    """
    if not flags.given:
        return None
    import numpy as np

    from winnow.signing.asking.answers import labels_from, onnx_answers
    from winnow.signing.asking.endpoints import http_answers
    from winnow.storage import replacing

    if sum(map(bool, (flags.onnx, flags.endpoint, flags.answers))) > 1:
        raise WinnowError("WN-C01", "one way to ask is enough", where="--onnx, --endpoint, --answers")
    inputs = _inputs(claim, secret)
    if flags.questions is not None:
        with replacing(flags.questions) as part, part.open("wb") as file:
            np.save(file, inputs)
    if flags.answers is not None:
        return labels_from(_replies(flags.answers), len(inputs), str(flags.answers))
    if flags.onnx is not None:
        return onnx_answers(flags.onnx)(inputs)
    if flags.endpoint:
        return http_answers(flags.endpoint, allow_remote=flags.allow_remote)(inputs)
    return None


def _inputs(claim: Path, secret: Secret) -> Any:
    from winnow.signing.asking.triggers import TriggerRule, trigger_set
    from winnow.signing.claims.claim_folder import read_claim
    from winnow.signing.code.stream import derive_key

    sealed = read_claim(claim)
    if sealed.triggers is None:
        raise WinnowError("WN-O06", "this claim has no keyed inputs to ask", where=claim)
    key = derive_key(secret.secret, sealed.public_key, sealed.model_id)
    return trigger_set(key, TriggerRule.from_plain(sealed.triggers)).inputs


def _replies(file: Path) -> Any:
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise WinnowError("WN-C01", "no such file", where=file) from None
    except (ValueError, RecursionError):
        raise WinnowError("WN-C01", "it is not JSON", where=file) from None
    if isinstance(held, dict):
        return held.get("labels", held.get("logits"))
    return held
