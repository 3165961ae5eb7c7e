"""Seeds: every random stream has a name, and its seed follows from the name alone.

A stream is named by a path such as `("order", replicate, level, epoch)`. Because no stream depends on how many numbers
another one drew, a replicate gives the same result alone, in a stack, or resumed after a kill, with no state to save.
"""

from __future__ import annotations

import hashlib
import json


def derive_seed(root: int, *path: str | int) -> int:
    """A 63-bit seed for the stream `path` under the root seed (SHA-256, so streams are unrelated)."""
    name = json.dumps([root, *path])
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
