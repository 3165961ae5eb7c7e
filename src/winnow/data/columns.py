"""Which column of a table holds the images, and which the labels."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa

from winnow.core import WinnowError

_IMAGES = ("image", "img")
_LABELS = ("label", "labels", "fine_label", "fine_labels", "class", "target", "y")


class Columns(NamedTuple):
    """The two columns, and the class names where the features tell them."""

    image: str
    label: str
    classes: tuple[str, ...] | None


def find_columns(schema: pa.Schema, features: dict[str, Any], where: object) -> Columns:
    """Find the image and the label column.

    Args:
        schema: the table's.
        features: the Hub's description of each column, `{"label": {"_type": "ClassLabel", "names": [...]}, ...}`;
            empty when the file has none.
        where: names the file in an error.

    Raises:
        WinnowError: WN-D03 telling what is there and what was wanted.
    """
    image = _first(_IMAGES, _of_type(features, "Image", schema) or _image_structs(schema))
    label = _first(_LABELS, _of_type(features, "ClassLabel", schema) or _label_like(schema))
    if image is None or label is None:
        raise WinnowError(
            "WN-D03",
            f"no {'image' if image is None else 'label'} column among {_listed(schema)}",
            where=where,
            fix="Winnow learns one class per image: it wants a column of images (struct<bytes, path>) and one of "
            f"labels (a ClassLabel, or integers or text named {', '.join(_LABELS)}).",
        )
    names = features.get(label, {}).get("names")
    return Columns(image, label, tuple(map(str, names)) if names else None)


def _first(preferred: tuple[str, ...], candidates: list[str]) -> str | None:
    """The candidate whose name comes first in `preferred`, else the first one."""
    ranked = [name for name in preferred if name in candidates]
    return next(iter(ranked + candidates), None)


def _of_type(features: dict[str, Any], kind: str, schema: pa.Schema) -> list[str]:
    return [
        name
        for name, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == kind and name in schema.names
    ]


def _image_structs(schema: pa.Schema) -> list[str]:
    return [
        field.name for field in schema if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    ]


def _label_like(schema: pa.Schema) -> list[str]:
    return [
        field.name
        for field in schema
        if field.name in _LABELS
        and (pa.types.is_integer(field.type) or pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
    ]


def _listed(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} ({field.type})" for field in schema) or "no columns"
