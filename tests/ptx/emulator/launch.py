"""Kernels of PTX, compiled by LLVM and run: all blocks and threads of a launch, one by one."""

from collections.abc import Sequence
from ctypes import CFUNCTYPE, c_int64
from typing import Any

import numpy as np
from llvmlite import binding

from .text import parse
from .thread import MAX_JUMPS, Fault, aligned
from .translation import translate

REASONS = {
    Fault.MEMORY: "uses memory outside of its arguments, or at an address that is not aligned",
    Fault.DIVISION: "divides by zero, or the lowest number by -1",
    Fault.JUMPS: f"jumps more than {MAX_JUMPS} times",
}


class FaultError(RuntimeError):
    """A thread did what ends a kernel on a GPU, or what PTX leaves open."""


class CompiledKernel:
    """A kernel that can be launched.

    Parameters
    ----------
    text : str
        Its PTX.

    Raises
    ------
    UnknownPtxError
        If anything in the text is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> kernel = CompiledKernel('''
    ...     .visible .entry indices(.param .u64 indices)
    ...     {
    ...         .reg .b32 %r<1>; .reg .b64 %rd<3>;
    ...         mov.u32 %r0, %tid.x;
    ...         mul.wide.u32 %rd0, %r0, 4;
    ...         ld.param.u64 %rd1, [indices];
    ...         add.s64 %rd2, %rd0, %rd1;
    ...         st.global.u32 [%rd2], %r0;
    ...         ret;
    ...     }''')
    >>> indices = np.zeros(4, np.uint32)
    >>> kernel.launch(1, 4, [indices.ctypes.data], [indices])
    >>> indices
    array([0, 1, 2, 3], dtype=uint32)
    """

    def __init__(self, text: str) -> None:
        self.kernel = parse(text)
        module = binding.parse_assembly(str(translate(self.kernel)))
        machine = binding.Target.from_default_triple().create_target_machine(opt=0)
        self._engine = binding.create_mcjit_compiler(module, machine)  # owns the code
        self._engine.finalize_object()
        function = CFUNCTYPE(c_int64, *[c_int64] * 7)
        self._launch = function(self._engine.get_function_address("launch"))

    def launch(
        self,
        blocks: int,
        threads: int,
        arguments: Sequence[int],
        arrays: Sequence[np.ndarray[Any, Any]],
        *,
        backwards: bool = False,
    ) -> None:
        """Run all threads of all blocks.

        Parameters
        ----------
        blocks, threads : int
            Number of blocks, and of threads in a block.
        arguments : sequence of int
            The value of each parameter.
        arrays : sequence of arrays
            Global memory: the kernel may use these bytes and no others.
        backwards : bool
            Whether the last thread runs first.

        Raises
        ------
        FaultError
            If a thread uses other memory, divides by zero, or does not come to an end.
        """
        widths = self.kernel.parameters.values()
        values = [value % 2**bits for value, bits in zip(arguments, widths, strict=True)]
        parameters = np.array(values, np.uint64)
        shared = np.empty(sum(map(aligned, self.kernel.shared.values())) // 8, np.uint64)
        memory = [(array.ctypes.data, array.nbytes) for array in (shared, *arrays)]
        ranges = np.array([(begin, begin + size) for begin, size in memory], np.uint64)
        position = np.zeros(2, np.int64)
        fault = self._launch(
            *(blocks, threads, backwards),
            *(parameters.ctypes.data, ranges.ctypes.data, len(ranges), position.ctypes.data),
        )
        if fault:
            block, thread = position
            where = f"{self.kernel.name}: thread {thread} of block {block}"
            raise FaultError(f"{where} {REASONS[Fault(fault)]}")
