"""Identity: the SHA-256 that names a recipe on a data set."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

from winnow.core.step import Step


def plain(value: Any) -> Any:
    """The value as JSON would hold it: dataclasses to dicts, steps to text, tuples to lists."""
    if isinstance(value, Step):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal bytes. NaN is refused."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 (64 hex digits) of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def non_default_fields(recipe: Any) -> dict[str, Any]:
    """The fields that differ from the dataclass's defaults and take part in identity.

    A field with `metadata={"identity": False}` (where data lies, a title) never takes part. A new field with a default
    leaves the identity of every older recipe as it was.
    """
    chosen: dict[str, Any] = {}
    for field in dataclasses.fields(recipe):
        if not field.metadata.get("identity", True):
            continue
        value = getattr(recipe, field.name)
        if value != _default(field):
            chosen[field.name] = plain(value)
    return chosen


def identity(recipe: Any, data_fingerprint: str) -> str:
    """SHA-256 (64 hex digits) over the recipe's non-default fields and the data's fingerprint."""
    content = {"kind": type(recipe).__name__, "fields": non_default_fields(recipe)}
    return digest({**content, "data": data_fingerprint})


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return dataclasses.MISSING
