"""Kernels of a few instructions, to try the emulator on."""

import numpy as np
from emulator.launch import CompiledKernel

KINDS = {"pred": 1, "b16": 16, "b32": 32, "b64": 64}
PREFIXES = {1: "%p", 16: "%rs", 32: "%r", 64: "%rd"}


def register(bits, number):
    """The name of a register that holds so many bits; bytes are in registers of 16."""
    return f"{PREFIXES[16 if bits == 8 else bits]}{number}"


def small_kernel(statements, **parameters):
    """A kernel with statements, and parameters of so many bits.

    It has nine registers of each kind, the address of its results in %rd0, and 64 bytes of shared
    memory at ``memory``.
    """
    parameters = {"out": 64, **parameters}
    declared = ", ".join(f".param .u{bits} {name}" for name, bits in parameters.items())
    registers = " ".join(f".reg .{kind} {PREFIXES[bits]}<9>;" for kind, bits in KINDS.items())
    return CompiledKernel(
        f".visible .shared .align 4 .b8 memory[64]; .visible .entry test({declared}) {{"
        f"{registers} ld.param.u64 %rd0, [out]; {statements} ret; }}"
    )


def result(kernel, *arguments, size=8):
    """The number in the bytes that one thread writes."""
    out = aligned_zeros(size)
    kernel.launch(1, 1, [out.ctypes.data, *arguments], [out])
    return int.from_bytes(out.tobytes(), "little")


def aligned_zeros(size):
    """Bytes at an address that 16 divides, as wide loads need."""
    memory = np.zeros(size + 16, np.uint8)
    return memory[-memory.ctypes.data % 16 :][:size]
