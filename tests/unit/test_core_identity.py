"""A recipe's identity: it may only change when what the recipe does changes."""

import subprocess
import sys
from dataclasses import dataclass, field, make_dataclass
from typing import Any

import pytest

from winnow.core import Step, canonical_json, identity, non_default_fields
from winnow.recipes import lenet_digits, lenet_mnist

ZERO = "0" * 64


def recipe_class(*fields: tuple[str, Any, Any]) -> type:
    return make_dataclass("Recipe", fields, frozen=True)


OLD = recipe_class(("rate", float, 0.2), ("steps", Step, Step(100)))


def test_golden_ids_never_change() -> None:
    """These name folders on people's disks: if one changes, their runs no longer resume."""
    assert identity(lenet_mnist(), ZERO) == "55d42737af80893cdca561b46f4bb8cfdccf013ecd9dee0c9a7671c9a0ad7cb0"
    changed = lenet_mnist(levels=20, steps="10ep", milestones=("5ep", "800it"), rate_conv=0.1)
    assert identity(changed, ZERO) == "7738eb5aadad8d6cdcb7981f9e05564e532df85c1ae81b6add1c37a4a707691a"


def test_a_new_field_with_a_default_keeps_old_ids() -> None:
    newer = recipe_class(("rate", float, 0.2), ("noise", float, 0.0), ("steps", Step, Step(100)))
    assert identity(newer(rate=0.3), ZERO) == identity(OLD(rate=0.3), ZERO)
    assert identity(newer(rate=0.3, noise=0.1), ZERO) != identity(OLD(rate=0.3), ZERO)


def test_the_order_of_fields_does_not_count() -> None:
    turned = recipe_class(("steps", Step, Step(100)), ("rate", float, 0.2))
    assert identity(turned(rate=0.3, steps=Step(5)), ZERO) == identity(OLD(rate=0.3, steps=Step(5)), ZERO)


def test_writing_a_default_out_changes_nothing() -> None:
    assert identity(OLD(rate=0.2, steps=Step(100)), ZERO) == identity(OLD(), ZERO)


def test_titles_and_places_do_not_count() -> None:
    assert identity(lenet_mnist(name="mine", data="/data/mnist"), ZERO) == identity(lenet_mnist(), ZERO)


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"learning_rate": 1.3e-3}, {"steps": "50000ep"}, {"controls": ("reinit",)}, {"levels": 16}]
)
def test_whatever_changes_the_result_changes_the_id(changes: dict[str, Any]) -> None:
    assert identity(lenet_mnist(**changes), ZERO) != identity(lenet_mnist(), ZERO)


def test_the_data_and_the_kind_of_recipe_count() -> None:
    assert identity(OLD(), ZERO) != identity(OLD(), "1" * 64)
    assert identity(OLD(), ZERO) != identity(make_dataclass("Other", [("rate", float, 0.2)])(), ZERO)
    assert identity(lenet_digits(), ZERO) != identity(lenet_mnist(), ZERO)


def test_a_default_made_by_a_factory_is_a_default() -> None:
    @dataclass(frozen=True)
    class WithList:
        names: list[str] = field(default_factory=lambda: ["a"])
        needed: int = field(kw_only=True)

    assert non_default_fields(WithList(needed=3)) == {"needed": 3}
    assert non_default_fields(WithList(names=["b"], needed=3)) == {"names": ["b"], "needed": 3}


def test_canonical_json_is_one_text_for_equal_values() -> None:
    one = {"b": (1, 2), "a": {"y": Step(3), "x": "é"}}
    other = {"a": {"x": "é", "y": Step(3)}, "b": [1, 2]}
    assert canonical_json(one) == canonical_json(other)
    assert " " not in canonical_json(one)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_canonical_json_refuses_what_json_cannot_hold(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"x": value})


def test_the_id_is_the_same_in_another_process() -> None:
    """Python salts `hash()` per process; an identity that leaned on it would never resume."""
    code = f"from winnow.core import identity; from winnow.recipes import lenet_mnist; print(identity(lenet_mnist(levels=3, controls=('random',)), '{ZERO}'))"  # noqa: E501
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert told == identity(lenet_mnist(levels=3, controls=("random",)), ZERO)


def test_rooms_that_a_judge_reads_load_no_torch() -> None:
    code = "import sys, winnow.core, winnow.storage, winnow.recipes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
