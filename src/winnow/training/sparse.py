"""Training on stored weights only: the engine over `winnow.kernels`, for a `PackedStack`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from winnow.kernels.buffers import Memory
from winnow.kernels.compiler import Compiler
from winnow.kernels.elementwise import PackCall, pack_call, unpack_call
from winnow.kernels.layout import batch_of, buffer
from winnow.kernels.loss import LossCall, cross_entropy_call
from winnow.kernels.stages import Stages, stages_of
from winnow.kernels.team import Call, Program, Team
from winnow.networks import Unsupported, trace
from winnow.training.packed import PackedStack

# Blocks of fewer images than the widest vector register holds would leave the weights' gradients without vectors.
_SMALLEST_BLOCK = 16


class SparseEngine:
    """An `Engine` on stored weights.

    Networks share working memory: those that run at the same time, one on each thread, have their own.

    Args:
        stack: the networks.
        stages: of their architecture, for training.
        batch: images per step.

    Raises:
        Unsupported: a batch normalisation would see a single value.
    """

    def __init__(self, stack: PackedStack, stages: Stages, batch: int) -> None:
        self._stack, self._batch = stack, batch
        _check_norms(stages, batch)
        kernels = kernels_of(stack.modules[0], stages)
        self._classes = stages.shapes[stages.output][0]
        self._shape, self._checked = torch.Size(stages.input_shape), 0
        self._result = torch.zeros(len(stack), 2)
        self._means = (self._result[:, 0], self._result[:, 1])
        threads = torch.get_num_threads()
        memories = [Memory(stages, batch_of(batch, _SMALLEST_BLOCK), kernels) for _ in range(min(threads, len(stack)))]
        alone = len(stack) - len(stack) % threads if threads > 1 else 0
        self._steps: list[Program] = []
        self._forwards: list[Program] = []
        self._ends: list[_Ends] = []
        for row in range(len(stack)):
            memory = memories[row % len(memories)]
            self._compile(row, memory, 1 if row < alone else threads)
        self._training, self._inference = Team(self._steps, threads), Team(self._forwards, threads)

    @property
    def programs(self) -> list[Program]:
        """What a training step of every network runs."""
        return self._steps

    def gradients(
        self,
        images: Tensor,
        labels: Tensor,
        step: int,  # noqa: ARG002
        index: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See `Engine.gradients`; the means stand until the next call. The kernels pick the images by their index."""
        if index is None:
            index = torch.arange(images.shape[:2].numel())
            images, labels = images.flatten(0, 1), labels.flatten()
            self._checked = 0  # a batch of its own, not a data set that was looked at before
        images, labels, index = images.contiguous(), labels.contiguous(), index.contiguous()
        self._check(images, labels, index)
        source, answers, numbers = images.data_ptr(), labels.data_ptr(), index.data_ptr()
        for row, ends in enumerate(self._ends):
            own = numbers + row * self._batch * 8
            ends.images.read(source, self._batch, own)
            ends.loss.read(answers, own)
        self._training.run()
        return self._means

    def logits(self, images: Tensor) -> Tensor:
        """See `Engine.logits`."""
        self._check_images(images)
        images = images.contiguous()
        count, image = len(images), images.shape[1:].numel() * 4
        logits = torch.empty(len(self._stack), count, self._classes)
        source, target = images.data_ptr(), logits.data_ptr()
        for done in range(0, count, self._batch):
            size = min(self._batch, count - done)
            for row, ends in enumerate(self._ends):
                ends.unseen.read(source + done * image, size)
                ends.logits.arguments[1] = target + (row * count + done) * self._classes * 4
                ends.logits.arguments[2] = size
            self._inference.run()
        return logits

    def _check(self, images: Tensor, labels: Tensor, index: Tensor) -> None:
        """The kernels read plain memory: what does not fit would be read wrong, or past its end."""
        self._check_images(images)
        if labels.dtype is not torch.int64 or index.dtype is not torch.int64 or not labels.is_cpu:
            raise TypeError("labels and indices must be int64 on the CPU")
        if index.numel() != len(self._stack) * self._batch:
            raise ValueError(f"{index.numel()} images for {len(self._stack)} batches of {self._batch}")
        if labels.data_ptr() != self._checked:  # a data set's labels are looked at once
            if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < self._classes:
                raise ValueError(f"labels must be from 0 to {self._classes - 1}")
            self._checked = labels.data_ptr()

    def _check_images(self, images: Tensor) -> None:
        if images.dtype is not torch.float32 or not images.is_cpu or images.shape[1:] != self._shape:
            raise ValueError(f"images must be float32 {list(self._shape)} on the CPU")

    def _compile(self, row: int, memory: Memory, threads: int) -> None:
        stages = memory.stages
        compiler = Compiler(memory, self._stack.parameters(row), threads)
        source, output = memory.value(stages.input), memory.value(stages.output)
        gradient = buffer(output.layout)
        images, unseen, logits = pack_call(source), pack_call(source), unpack_call(output, 0)
        loss = cross_entropy_call(output, gradient, self._result[row])
        step = [images.call, *compiler.forward(training=True), loss.call, *compiler.backward(gradient)]
        self._steps.append(Program(step))
        self._forwards.append(Program([unseen.call, *compiler.forward(training=False), logits]))
        self._ends.append(_Ends(images, loss, unseen, logits))


@dataclass(frozen=True)
class _Ends:
    """The calls of one network that are told anew, before each run, where to read and to write."""

    images: PackCall
    loss: LossCall
    unseen: PackCall
    logits: Call


def training_stages(module: nn.Module, image_shape: Sequence[int], batch: int = 0) -> Stages:
    """The stages of a network that is to be trained in such batches.

    Raises:
        Unsupported: what the kernels do not have, and where it stands.
    """
    kinds = {str(p.dtype) for p in module.parameters() if p.dtype is not torch.float32}
    if kinds:
        raise Unsupported(f"parameters of {', '.join(sorted(kinds))}")
    stages = stages_of(trace(module, tuple(image_shape)), training=True)
    _check_norms(stages, batch)
    return stages


def _check_norms(stages: Stages, batch: int) -> None:
    for stage in stages.stages:
        _, height, width = stages.shapes[stage.output]
        if stage.kind == "batchnorm" and batch * height * width == 1:
            raise Unsupported(f"batch normalisation of a single value, at {stage.node.name}")


def weighted_tensors(stages: Stages) -> list[str]:
    """Names of the linear and convolution weights."""
    return [stage.node.tensors["weight"] for stage in stages.stages if stage.kind == "taps"]


def kernels_of(module: nn.Module, stages: Stages) -> dict[str, tuple[int, int]]:
    """Height and width of the kernel of every convolution."""
    parameters = dict(module.named_parameters())
    return {
        name: (shape[2], shape[3]) for name in weighted_tensors(stages) if len(shape := parameters[name].shape) == 4
    }
