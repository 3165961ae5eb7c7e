"""Networks by name."""

from __future__ import annotations

from collections.abc import Callable

from winnow.core import WinnowError, chosen
from winnow.grokking.networks.dense import Dense
from winnow.grokking.networks.features import FeatureMlp
from winnow.grokking.networks.mlp import PairMlp
from winnow.grokking.networks.network import Network
from winnow.grokking.networks.one_layer import OneLayer
from winnow.grokking.networks.prompts import Prompt
from winnow.grokking.networks.two_layer import TwoLayer
from winnow.grokking.tasks import Sizes, Task

_WIDTH, _PAIR = 500, 2


def _mlp(sizes: Sizes) -> Network:
    if sizes.tokens is None:
        return FeatureMlp(sizes.arity, sizes.outputs)
    return PairMlp(sizes.tokens, sizes.outputs)


def _transformer(sizes: Sizes) -> Network:
    return OneLayer(prompt=Prompt(_tokens(sizes), (None,) * sizes.arity, positions=False), outputs=sizes.outputs)


def _transformer_paper(sizes: Sizes) -> Network:
    return OneLayer(
        prompt=Prompt(_tokens(sizes), (None,) * sizes.arity, positions=True),
        outputs=sizes.outputs,
        width=_WIDTH,
        head_width=_WIDTH,
        biases=True,
        name="transformer-paper",
    )


def _transformer_nanda(sizes: Sizes) -> Network:
    tokens = _tokens(sizes)
    return OneLayer(
        prompt=Prompt(tokens, (*(None,) * sizes.arity, tokens), positions=True),
        outputs=sizes.outputs,
        neurons=512,
        heads=4,
        head_width=32,
        biases=True,
        starts_by_width=True,
        name="transformer-nanda",
    )


def _transformer_grokfast(sizes: Sizes) -> Network:
    if sizes.arity != _PAIR:
        raise WinnowError("WN-M02", f"this network reads pairs, not {sizes.arity} tokens", where="transformer-grokfast")
    return TwoLayer(tokens=_tokens(sizes), outputs=sizes.outputs)


def _dense(sizes: Sizes) -> Network:
    if sizes.tokens is not None:
        raise WinnowError("WN-M02", "this network reads numbers, and the task has tokens", fix="Choose mlp.")
    return Dense((sizes.arity, 200, 200, sizes.outputs))


def _tokens(sizes: Sizes) -> int:
    if sizes.tokens is None:
        raise WinnowError(
            "WN-M02", "a Transformer reads tokens, and the task has numbers", fix="Choose mlp or dense-200."
        )
    return sizes.tokens


# Name to what builds it for a task's sizes.
NETWORKS: dict[str, Callable[[Sizes], Network]] = {
    "mlp": _mlp,
    "transformer": _transformer,
    "transformer-paper": _transformer_paper,
    "transformer-nanda": _transformer_nanda,
    "transformer-grokfast": _transformer_grokfast,
    "dense-200": _dense,
}


def network_named(name: str, task: Task | Sizes) -> Network:
    """The network of that name, sized for a task.

    - "mlp": the paper's, 115,000 parameters at 67 tokens; of numbers where the task has no tokens.
    - "transformer": the form of the authors' code, 115,456 at 67 tokens: 1 layer, 1 head, 128 wide, no LayerNorm, no
      positions, no biases.
    - "transformer-paper": the form of the paper's text: 500 wide, 128 neurons, positions, biases in the MLP. The text
      gives no width of the head; it is the stream's. Positions are drawn as matrices of 2 inputs.
    - "transformer-nanda": Nanda et al. (2023): 4 heads, 512 neurons, positions, prompts (a, b, =). 226,688 at 113
      tokens; their code has one class more (=), which is never right.
    - "transformer-grokfast": two layers with LayerNorm and GELU, prompts (a, op, b, =).
    - "dense-200": two hidden layers of 200 on numbers, 198,800 for MNIST.

    Raises:
        WinnowError: WN-M01 for an unknown name; WN-M02 where the network cannot read the task.
    """
    return chosen(NETWORKS, name, "network", "WN-M01")(task if isinstance(task, Sizes) else Sizes.of(task))
