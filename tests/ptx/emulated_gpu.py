"""The CUDA backend on an emulated GPU: kernels run as they are compiled for a real one.

What is launched, on which arguments and with how many threads, is the backend's own code. Memory of
the device is memory of the host, and a kernel has run when its launch returns.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from compiled import ptx
from emulator.launch import CompiledKernel
from numba import typeof

from blockmix.backends.gpu import Gpu, word_table
from blockmix.kernels import draw_cuda, gather_cuda

KERNEL_NAMES = (
    (draw_cuda, "fill_pools"),
    (draw_cuda, "throw_dice"),
    (gather_cuda, "gather_words"),
)
compiled_kernel = cache(CompiledKernel)


class HostMemory(NamedTuple):
    """The library that owns memory; new memory is not 0, which might be right by chance."""

    def empty(self, device, count, dtype):
        return np.full(count * dtype.itemsize, 0xA5, np.uint8).view(dtype)

    def upload(self, device, host):
        return host.copy()

    def stream(self, device):
        return None


class Done(NamedTuple):
    """An event that is complete."""

    def wait(self, stream):
        pass


class EmulatedGpu(Gpu):
    """A GPU without a driver."""

    @contextmanager
    def current(self):
        yield self.library.stream(self.device)

    def event_after(self, stream):
        return Done()


class EmulatedKernel(NamedTuple):
    """A kernel that is configured and called like one of numba's; see `emulated`."""

    kernel: Any
    capability: tuple[int, int]
    backwards: bool
    edit: Callable[[str], str]
    launched: set[tuple[Any, Any]]

    def __getitem__(self, configuration):
        blocks, threads, _ = configuration
        return lambda *arguments: self.launch(blocks, threads, arguments)

    def launch(self, blocks, threads, arguments):
        signature = tuple(typeof(argument) for argument in arguments)
        self.launched.add((self.kernel, signature))
        runnable = compiled_kernel(self.edit(ptx(self.kernel, signature, self.capability)))
        values = [value for argument in arguments for value in parameters(argument)]
        arrays = [argument for argument in arguments if isinstance(argument, np.ndarray)]
        runnable.launch(blocks, threads, values, arrays, backwards=self.backwards)


def parameters(argument):
    """The parameters of a kernel for an argument, as numba passes it."""
    if isinstance(argument, np.ndarray):
        owners = (0, 0)  # pointers to objects on the host
        size = argument.size, argument.itemsize
        return [*owners, *size, argument.ctypes.data, *argument.shape, *argument.strides]
    if isinstance(argument, tuple):
        return [value for item in argument for value in parameters(item)]
    return [int(argument)]


def array_at(owner, address, count, dtype):
    """See `kernels.cuda.array_at`."""
    memory = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(address)
    return np.frombuffer(memory, dtype)


@contextmanager
def emulated(
    capability: tuple[int, int],
    *,
    multiprocessors: int = 1,
    backwards: bool = False,
    edit: Callable[[str], str] = str,
) -> Iterator[set[tuple[Any, Any]]]:
    """Mix on an emulated GPU; gives the kernels that were launched, with the types of arguments.

    Parameters
    ----------
    capability : (int, int)
        The generation of GPUs for which kernels are compiled.
    multiprocessors : int
        Their number, from which the backend chooses how many images each thread moves.
    backwards : bool
        Whether the last thread runs first.
    edit : function from str to str
        Changes the PTX, to plant a fault.
    """
    gpu, launched = EmulatedGpu(HostMemory(), 0), set()
    with pytest.MonkeyPatch.context() as patch:
        for module, name in KERNEL_NAMES:
            kernel = getattr(module, name)
            emulated_kernel = EmulatedKernel(kernel, capability, backwards, edit, launched)
            patch.setattr(module, name, emulated_kernel)
        patch.setattr("blockmix.kernels.cuda.array_at", array_at)
        patch.setattr("blockmix.mixer.choose", lambda location, device: gpu)
        patch.setattr(EmulatedGpu, "multiprocessors", lambda self: multiprocessors)
        word_table.cache_clear()  # a fault may have written to the tables that are kept
        yield launched
