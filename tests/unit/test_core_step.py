"""`Step`: what people type for a length of training, and what must be refused."""

import pytest

from winnow.core import Step, WinnowError


@pytest.mark.parametrize(
    ("written", "step"),
    [
        ("500it", Step(500, "it")),
        ("10ep", Step(10, "ep")),
        ("500", Step(500, "it")),
        (500, Step(500, "it")),
        ("0it", Step(0, "it")),
        (" 7ep ", Step(7, "ep")),
        ("007", Step(7, "it")),
        (Step(3, "ep"), Step(3, "ep")),
    ],
)
def test_reads_what_people_write(written: str | int | Step, step: Step) -> None:
    assert Step.parse(written) == step


@pytest.mark.parametrize("count", [0, 1, 59, 50_000, 10**12 - 1])
@pytest.mark.parametrize("unit", ["it", "ep"])
def test_text_reads_back_as_the_same_step(count: int, unit: str) -> None:
    assert Step.parse(str(Step(count, unit))) == Step(count, unit)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "it",
        "ep",
        "ten",
        "10 ep",
        "1.5ep",
        "1e3",
        "-5",
        "-5it",
        "+5it",
        "10epochs",
        "10EP",
        "5it5",
        "5it\n6it",
        "²",
        "9" * 13,
        "9" * 5000 + "ep",
    ],
)
def test_refuses_other_forms_and_says_how_to_write_it(written: str) -> None:
    with pytest.raises(WinnowError) as caught:
        Step.parse(written)
    assert caught.value.code == "WN-C01"
    assert repr(written)[:40] in caught.value.what
    assert "500it" in caught.value.fix
    assert "10ep" in caught.value.fix


def test_epochs_become_iterations_only_by_the_batches_of_an_epoch() -> None:
    assert Step(3, "ep").iterations(917) == 2751
    assert Step(3, "it").iterations(917) == 3
    assert Step(0, "ep").iterations(917) == 0


def test_one_epoch_is_not_one_iteration() -> None:
    assert Step(1, "ep") != Step(1, "it")
    assert len({Step(1, "ep"), Step(1, "it"), Step.parse("1ep")}) == 2
