"""Which columns of a table hold the images or the texts, and which the labels."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa

from winnow.core import WinnowError

_IMAGES = ("image", "img")
_TEXTS = ("text", "sentence", "content", "review", "document", "passage", "question", "query", "title")
_PAIRS = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("question", "sentence"),
    ("question", "passage"),
)
_LABELS = ("label", "labels", "fine_label", "fine_labels", "class", "target", "y")


class Columns(NamedTuple):
    """The column of images and that of labels, and the class names where the features tell them."""

    image: str
    label: str
    classes: tuple[str, ...] | None


class TextColumns(NamedTuple):
    """The columns of texts, one or the two of a pair, that of labels, and the class names where they are told."""

    texts: tuple[str, ...]
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
        WinnowError: WN-D03 telling what is there and what was wanted, WN-M02 when the table holds texts.
    """
    image, label = _image(schema, features), _label(schema, features)
    if image is None and label is not None and _texts(schema, label):
        raise texts_refused(where)
    if image is None or label is None:
        raise WinnowError(
            "WN-D03",
            f"no {'image' if image is None else 'label'} column among {_listed(schema)}",
            where=where,
            fix="Winnow learns one class per image: it wants a column of images (struct<bytes, path>) and one of "
            f"labels (a ClassLabel, or integers or text named {', '.join(_LABELS)}).",
        )
    return Columns(image, label, _class_names(features, label))


def find_text_columns(schema: pa.Schema, features: dict[str, Any], where: object) -> TextColumns:
    """Find the columns of texts and of labels; the arguments are those of `find_columns`.

    Raises:
        WinnowError: WN-D03 telling what is there and what was wanted, WN-M02 when the table holds images.
    """
    label = _label(schema, features)
    texts = _texts(schema, label)
    if not texts and _image(schema, features):
        raise images_refused(where)
    if not texts or label is None:
        pairs = ", ".join(f"{first} with {second}" for first, second in _PAIRS[:3])
        raise WinnowError(
            "WN-D03",
            f"no {'label column' if texts else 'column of texts'} among {_listed(schema)}",
            where=where,
            fix=f"Name the texts {', '.join(_TEXTS[:4])}, or as a pair {pairs}, and the labels {', '.join(_LABELS)}.",
        )
    return TextColumns(texts, label, _class_names(features, label))


def texts_refused(where: object) -> WinnowError:
    """WN-M02: texts, where images were wanted."""
    fix = "Texts are read by an encoder: --model hf:PATH, its folder or Hub id."
    return WinnowError("WN-M02", "the data set holds texts, and this network reads images", where=where, fix=fix)


def images_refused(where: object) -> WinnowError:
    """WN-M02: images, where texts were wanted."""
    fix = "Choose a set with texts and labels, or a network for images."
    return WinnowError("WN-M02", "the data set holds images, and this network reads texts", where=where, fix=fix)


def _image(schema: pa.Schema, features: dict[str, Any]) -> str | None:
    return _first(_IMAGES, _of_type(features, "Image", schema) or _image_structs(schema))


def _label(schema: pa.Schema, features: dict[str, Any]) -> str | None:
    return _first(_LABELS, _of_type(features, "ClassLabel", schema) or _label_like(schema))


def _texts(schema: pa.Schema, label: str | None) -> tuple[str, ...]:
    """A known pair, else a known name, else the only column of text."""
    found = [field.name for field in schema if _is_text(field.type) and field.name != label]
    pairs = [pair for pair in _PAIRS if set(pair) <= set(found)]
    named = [(name,) for name in _TEXTS if name in found]
    alone = [(name,) for name in found] if len(found) == 1 else []
    return next(iter(pairs + named + alone), ())


def _class_names(features: dict[str, Any], label: str) -> tuple[str, ...] | None:
    names = features.get(label, {}).get("names")
    return tuple(map(str, names)) if names else None


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


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
        and (pa.types.is_integer(field.type) or pa.types.is_boolean(field.type) or _is_text(field.type))
    ]


def _listed(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} ({field.type})" for field in schema) or "no columns"
