"""A network's stages as calls of compiled operations: the forward pass, and the backward pass in reverse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from winnow.kernels.buffers import Lease, Memory
from winnow.kernels.elementwise import activate_call, activate_gradient_call, add_call
from winnow.kernels.layout import Buffer
from winnow.kernels.normalisation import (
    normalise_call,
    normalise_gradient_call,
    running_statistics_call,
    statistics_calls,
)
from winnow.kernels.pattern import Pattern
from winnow.kernels.pooling import pool_call, pool_gradient_call
from winnow.kernels.products import Taps
from winnow.kernels.stages import Stage
from winnow.kernels.team import Call


@dataclass(frozen=True)
class Parameters:
    """The tensors of one network by name, flat; calls keep their addresses, so they must stay where they are.

    Args:
        values: stored weights in their pattern's order; other tensors as they are.
        patterns: of every linear and convolution weight.
        gradients: like `values`, for those that are trained.
    """

    values: Mapping[str, Tensor]
    patterns: Mapping[str, Pattern]
    gradients: Mapping[str, Tensor] = field(default_factory=dict)


class Compiler:
    """Writes the calls of one network over one memory.

    Args:
        memory: where values and gradients lie.
        parameters: of the network.
        threads: how many will share the work.
    """

    def __init__(self, memory: Memory, parameters: Parameters, threads: int) -> None:
        self._memory, self._parameters, self._threads = memory, parameters, threads
        self._stages = memory.stages

    def forward(self, *, training: bool) -> list[Call]:
        """From the images to the logits; batch normalisation by the batch or by its running averages."""
        calls: list[Call] = []
        for stage in self._stages.stages:
            if stage.kind == "taps":
                calls += self._taps_forward(stage)
            elif stage.kind == "batchnorm":
                calls += self._norm_forward(stage, training)
            elif stage.kind == "pool":
                source, target = self._value(stage.source), self._value(stage.output)
                calls.append(pool_call(stage.node.kind, dict(stage.node.options), source, target))
            else:
                calls += self._sum_forward(stage)
        return calls

    def backward(self, gradient: Buffer) -> list[Call]:
        """From the logits' gradient to that of every trained tensor; the gradient's memory is used up."""
        flow = _Flow(self._memory, self._stages.output, gradient, self)
        for stage in reversed(self._stages.stages):
            flow.through(stage)
        return flow.calls

    def taps(self, stage: Stage) -> Taps:
        """The stored weights of a stage over their layouts."""
        pattern = self._parameters.patterns[stage.node.tensors["weight"]]
        source, target = self._value(stage.source).layout, self._value(stage.output).layout
        return Taps(pattern, self._memory.window(stage), source, target)

    def tensor(self, stage: Stage, role: str) -> Tensor | None:
        """The tensor of that role, when there is one."""
        name = stage.node.tensors.get(role)
        return None if name is None else self._parameters.values[name]

    def gradient_of(self, stage: Stage, role: str) -> Tensor | None:
        """The gradient of the tensor of that role, when it is trained."""
        return self._parameters.gradients.get(stage.node.tensors.get(role, ""))

    @property
    def threads(self) -> int:
        """How many threads share the work."""
        return self._threads

    def _value(self, name: str) -> Buffer:
        return self._memory.value(name)

    def _extra(self, stage: Stage) -> Buffer | None:
        return None if stage.extra is None else self._value(stage.extra)

    def _taps_forward(self, stage: Stage) -> list[Call]:
        weight, bias = self.tensor(stage, "weight"), self.tensor(stage, "bias")
        assert weight is not None
        source, target = self._value(stage.source), self._value(stage.output)
        clamp = stage.function == "relu"
        calls = [self.taps(stage).forward(weight, bias, source, target, clamp=clamp, extra=self._extra(stage))]
        return calls if clamp else calls + _activated(stage, target)

    def _norm_forward(self, stage: Stage, training: bool) -> list[Call]:
        moments = self._memory.moments(stage)
        mean, variance = self.tensor(stage, "running_mean"), self.tensor(stage, "running_var")
        assert mean is not None and variance is not None
        running = (mean, variance, self.tensor(stage, "num_batches_tracked"))
        source, target = self._value(stage.source), self._value(stage.output)
        constants = _constants(stage)
        if training:
            calls = statistics_calls(source, *moments, constants, running)
        else:
            calls = [running_statistics_call(*moments, constants, running)]
        scale, bias = self.tensor(stage, "weight"), self.tensor(stage, "bias")
        affine = None if scale is None or bias is None else (scale, bias)
        clamp = stage.function == "relu"
        calls.append(normalise_call(source, target, moments, affine, extra=self._extra(stage), clamp=clamp))
        return calls

    def _sum_forward(self, stage: Stage) -> list[Call]:
        target = self._value(stage.output)
        return [add_call(target, self._value(stage.source), self._extra(stage)), *_activated(stage, target)]


class _Flow:
    """The gradients on their way back: which memory holds that of each value so far."""

    def __init__(self, memory: Memory, output: str, gradient: Buffer, compiler: Compiler) -> None:
        self.calls: list[Call] = []
        self._memory, self._compiler = memory, compiler
        self._lease = Lease(memory)
        self._held = {output: gradient}

    def through(self, stage: Stage) -> None:
        """Add the calls of a stage's backward pass."""
        if stage.output not in self._held:  # nobody reads it
            return
        gradient = self._held.pop(stage.output)
        handlers = {"taps": self._taps, "batchnorm": self._norm, "pool": self._pool}
        handlers.get(stage.kind, self._sum)(stage, gradient)

    def _taps(self, stage: Stage, gradient: Buffer) -> None:
        compiler, taps = self._compiler, self._compiler.taps(stage)
        self._unactivate(stage, gradient, compiler.gradient_of(stage, "bias"))
        weight, by_weight = compiler.tensor(stage, "weight"), compiler.gradient_of(stage, "weight")
        assert weight is not None
        if by_weight is not None:
            source = self._memory.value(stage.source)
            self.calls += taps.weight_gradient(gradient, source, by_weight, compiler.threads)
        if stage.source != self._memory.stages.input:
            target, known = self._target(stage.source)
            self.calls += taps.input_gradient(weight, gradient, target, add=known)
        self._pass_on(stage.extra, gradient)

    def _norm(self, stage: Stage, gradient: Buffer) -> None:
        compiler, memory = self._compiler, self._memory
        scale, by_scale = compiler.tensor(stage, "weight"), compiler.gradient_of(stage, "weight")
        by_bias = compiler.gradient_of(stage, "bias")
        affine = (scale, by_scale, by_bias)
        target, known = self._target(stage.source)
        into = self._lease.take(target.layout) if known else target
        values = memory.value(stage.source), memory.value(stage.output)
        moments, clamp = memory.moments(stage), stage.function == "relu"
        self.calls.append(normalise_gradient_call(*values, gradient, into, moments, affine, clamp=clamp))
        self._merge(target, into)
        self._pass_on(stage.extra, gradient)

    def _pool(self, stage: Stage, gradient: Buffer) -> None:
        target, known = self._target(stage.source)
        into = self._lease.take(target.layout) if known else target
        values = self._memory.value(stage.source), self._memory.value(stage.output)
        options = dict(stage.node.options)
        self.calls.append(pool_gradient_call(stage.node.kind, options, *values, into, gradient))
        self._merge(target, into)
        self._lease.give(gradient)

    def _sum(self, stage: Stage, gradient: Buffer) -> None:
        self._unactivate(stage, gradient)
        if stage.extra is not None:
            target, known = self._target(stage.extra)
            self.calls.append(add_call(target, gradient, target if known else None))
        self._pass_on(stage.source, gradient)

    def _unactivate(self, stage: Stage, gradient: Buffer, sums: Tensor | None = None) -> None:
        """From the gradient of a stage's output to that before its activation; its sums are the biases' gradient."""
        if stage.function != "identity" or sums is not None:
            output = self._memory.value(stage.output)
            self.calls.append(activate_gradient_call(stage.function, gradient, output, sums))

    def _target(self, name: str) -> tuple[Buffer, bool]:
        """Where a value's gradient goes, and whether something is there already."""
        if name in self._held:
            return self._held[name], True
        self._held[name] = self._lease.take(self._layout(name))
        return self._held[name], False

    def _layout(self, name: str):
        """The layout of a value's gradient: with the border that its own stage's backward pass reads."""
        halo = 0
        for stage in self._memory.stages.stages:
            if stage.output == name and stage.kind == "taps":
                halo = self._compiler.taps(stage).gradient_halo()
        return replace(self._memory.value(name).layout, halo=halo)

    def _merge(self, target: Buffer, part: Buffer) -> None:
        if part is not target:
            self.calls.append(add_call(target, target, part))
            self._lease.give(part)

    def _pass_on(self, name: str | None, gradient: Buffer) -> None:
        """Hand a gradient that is not needed any more to another value: as it stands where that is possible."""
        if name is None or name == self._memory.stages.input:
            self._lease.give(gradient)
        elif name not in self._held and self._layout(name) == gradient.layout:
            self._held[name] = gradient
        else:
            target, known = self._target(name)
            self.calls.append(add_call(target, gradient, target if known else None))
            self._lease.give(gradient)


def _activated(stage: Stage, target: Buffer) -> list[Call]:
    return [] if stage.function == "identity" else [activate_call(stage.function, target)]


def _constants(stage: Stage) -> Tensor:
    momentum = stage.node.options["momentum"]
    return torch.tensor([stage.node.options["eps"], -1.0 if momentum is None else momentum])
