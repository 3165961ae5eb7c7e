"""Where to train."""

from __future__ import annotations

import torch

from winnow.core import WinnowError


def device_named(name: str) -> torch.device:
    """ "cpu", "cuda", "cuda:1", or "auto": a GPU when there is one.

    Raises:
        WinnowError: WN-T02 when that device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise WinnowError("WN-T02", f"cannot use {name!r}: {reason}", fix="Give --device cpu, or auto.") from error
    return device
