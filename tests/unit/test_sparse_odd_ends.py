"""What is easily mistaken is computed right or refused. Examined in processes of their own, as mistakes may crash."""

from __future__ import annotations

from functools import cache

import pytest

from sparse_cases import answers
from sparse_networks import ODD_ENDS

SETUP = """
import pytest, torch
from sparse_cases import batch_for, dense_gradients, pair_of
from sparse_networks import NETWORKS, ODD_ENDS, Shortcuts
from winnow.networks import Unsupported

def examine(name):
    build, shape = ODD_ENDS[name]
    try:
        both = pair_of(build, shape, 20, 2, density=0.7)
    except Unsupported:
        return
    assert all(p.dtype == torch.float32 for p in build().parameters()), "taken, though not in float32"
    images, labels = batch_for(shape, 2, 20, 2)
    torch.testing.assert_close(*both.gradients(images, labels), rtol=1e-4, atol=1e-5)
    assert both.disagreements() == {}, both.disagreements()
    torch.testing.assert_close(both.sparse.logits(images[0]), both.oracle.logits(images[0]), rtol=1e-4, atol=1e-4)

def chain():
    build, shape, density = NETWORKS["LeNet"]
    return pair_of(build, shape, 20, 2, density=density), *batch_for(shape, 2, 20, 3)
"""
WRONG = {
    "a smaller batch": "both.sparse.gradients(images[:, :12], labels[:, :12], 0)",
    "images of another shape": "both.sparse.gradients(images[..., :2], labels, 0)",
    "images in double precision": "both.sparse.gradients(images.double(), labels, 0)",
    "labels of 32 bits": "both.sparse.gradients(images, labels.int(), 0)",
    "a label that is no class": "both.sparse.gradients(images, labels + 3, 0)",
    "an index of 32 bits": "both.sparse.gradients(images[0], labels[0], 0, torch.zeros(40).int())",
    "one value of a unit to normalise": """
    both = pair_of(*NETWORKS["norms of units"][:2], 1)
    both.sparse.gradients(*batch_for((1, 4, 4), 1, 1, 3), 0)""",
    "other images to evaluate": "both.sparse.logits(images[0, ..., :2])",
}
NARROW = """
torch.set_num_threads(1)
both = pair_of(lambda: Shortcuts(6), (2, 8, 8), 16, density=1.0)
images, labels = batch_for((2, 8, 8), 1, 16, 3)
exact = Shortcuts(6).double()
exact.load_state_dict(both.dense.modules[0].state_dict())
torch.nn.functional.cross_entropy(exact(images[0].double()), labels[0]).backward()
for _ in range(20):
    both.oracle.gradients(images, labels, 0)
    rest = [torch.randn(size) for size in range(1, 400, 7)]
found = dense_gradients(both.dense, 0)
for name, parameter in exact.named_parameters():
    torch.testing.assert_close(found[name].double(), parameter.grad, rtol=1e-3, atol=1e-5)
"""


@cache
def found() -> dict[str, str]:
    refused = "both, images, labels = chain()\nwith pytest.raises(Exception):\n    {}"
    networks = {name: f"examine({name!r})" for name in ODD_ENDS}
    calls = {name: refused.format(code) for name, code in WRONG.items()}
    return answers(SETUP, {**networks, **calls, "narrow": NARROW})


@pytest.mark.parametrize("name", ODD_ENDS)
def test_a_network_is_trained_right_or_refused(name: str) -> None:
    assert found()[name] == "right"


@pytest.mark.parametrize("wrong", WRONG)
def test_what_the_kernels_would_read_wrong_is_refused(wrong: str) -> None:
    assert found()[wrong] == "right"


def test_a_narrow_projection_is_trained_by_the_dense_path() -> None:
    """torch's kernel for a 1 x 1 convolution with a stride overruns its memory on few channels, channels last."""
    assert found()["narrow"] == "right"
