"""Running compiled operations on torch's own threads.

Numba's thread pools would stand beside torch's, and idle threads of one spin on the cores that the other needs. So the
operations run in parallel regions of the OpenMP library that torch has loaded: one pool, each core used once. Where no
such library is found (macOS, Windows), everything runs on the calling thread.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from numba import cfunc, njit, types

from winnow.kernels.vectors import call, call_one, call_parallel, call_plain, integers_at


class Operation:
    """A function (arguments, thread, threads) that does its thread's share of some work; compiled when first needed.

    `arguments` is the address of int64 numbers. Sums may be reordered (to use vectors); nothing else is relaxed.
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self.name = str(function.__name__)

    @cached_property
    def address(self) -> int:
        """Where its machine code lies."""
        return self._compiled.address

    @cached_property
    def _compiled(self) -> Any:
        signature = types.void(types.int64, types.int64, types.int64)
        return _kept(cfunc, signature, self._function, fastmath={"reassoc", "contract", "nsz"})


def _kept(compiler: Any, signature: Any, function: Any, **options: Any) -> Any:
    """The function compiled, and kept on disk where there is a place to write to; else compiled by every process."""
    try:
        return compiler(signature, cache=True, error_model="numpy", **options)(function)
    except RuntimeError:  # numba found no folder for its cache
        return compiler(signature, error_model="numpy", **options)(function)


@dataclass
class Call:
    """One operation with its arguments; `keeps` holds the memory that the arguments point to.

    Args:
        function: what to call.
        arguments: int64 numbers; addresses among them.
        keeps: tensors and arrays that must stay alive.
    """

    function: Operation
    arguments: np.ndarray
    keeps: list[Any] = field(default_factory=list)


def make_call(function: Operation, *arguments: Any) -> Call:
    """A call whose tensors and arrays are passed as addresses; None is address 0."""
    numbers, keeps = [], []
    for argument in arguments:
        if isinstance(argument, torch.Tensor):
            numbers.append(argument.data_ptr())
            keeps.append(argument)
        elif isinstance(argument, np.ndarray):
            numbers.append(argument.ctypes.data)
            keeps.append(argument)
        else:
            numbers.append(0 if argument is None else int(argument))
    return Call(function, np.array(numbers, dtype=np.int64), keeps)


class Program:
    """Calls that run one after another, every thread doing its share of each."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = list(calls)
        self.table = np.array([[c.function.address, c.arguments.ctypes.data] for c in self.calls], dtype=np.int64)


class Team:
    """Programs that run together: first one program a thread, then those left over by all threads at once.

    Args:
        programs: of R networks; two that share memory must not be neighbours within `threads` places.
        threads: how many; torch's number when not given.
    """

    def __init__(self, programs: Sequence[Program], threads: int | None = None) -> None:
        openmp = _openmp()
        self.threads = (threads or torch.get_num_threads()) if openmp else 1
        alone = len(programs) - len(programs) % self.threads if self.threads > 1 else 0
        tables = [number for p in programs for number in (p.table.ctypes.data, len(p.calls))]
        library = openmp or _OpenMP(0, 0, 0, 0)
        head = [library.thread_number, library.thread_count, library.barrier, self.threads, len(programs), alone]
        self._programs = list(programs)
        self._record = np.array([*head, *tables], dtype=np.int64)
        self._arguments = (library.parallel, int(_worker.address or 0), self._record.ctypes.data, self.threads)

    def run(self) -> None:
        """Run all programs to their end."""
        _run(*self._arguments)


@dataclass(frozen=True)
class _OpenMP:
    parallel: int
    barrier: int
    thread_number: int
    thread_count: int


@cache
def _openmp() -> _OpenMP | None:
    """The functions of the OpenMP library that torch has loaded; None when it is another kind of library."""
    try:
        loaded = ctypes.CDLL(None)
        names = (loaded.GOMP_parallel, loaded.GOMP_barrier, loaded.omp_get_thread_num, loaded.omp_get_num_threads)
    except (AttributeError, OSError, TypeError):
        return None
    return _OpenMP(*(ctypes.cast(function, ctypes.c_void_p).value or 0 for function in names))


def _work(data: int) -> None:
    """One thread's part of a team's run. The record: see `Team`.

    The library may give fewer threads than were asked for (a limit, a nested region): one of them then does it all.
    """
    head = integers_at(data, 6)
    threads, programs, alone = head[3], head[4], head[5]
    thread = 0
    if threads > 1:
        thread = call_plain(head[0])
        if call_plain(head[1]) != threads:
            threads = 1
            if thread > 0:
                return
    tables = integers_at(data + 48, 2 * programs)
    for number in range(thread, alone, threads):
        table = integers_at(tables[2 * number], 2 * tables[2 * number + 1])
        for index in range(tables[2 * number + 1]):
            call(table[2 * index], table[2 * index + 1], 0, 1)
    for number in range(alone, programs):
        table = integers_at(tables[2 * number], 2 * tables[2 * number + 1])
        for index in range(tables[2 * number + 1]):
            if threads > 1:
                call_plain(head[2])
            call(table[2 * index], table[2 * index + 1], thread, threads)


def _enter(parallel: int, worker: int, record: int, threads: int) -> None:
    if threads > 1:
        call_parallel(parallel, worker, record, threads)
    else:
        call_one(worker, record)


_worker = _kept(cfunc, types.void(types.int64), _work)
_run = _kept(njit, types.void(types.int64, types.int64, types.int64, types.int64), _enter, nogil=True)
