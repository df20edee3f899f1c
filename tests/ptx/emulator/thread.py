"""The LLVM function of one thread: registers, memory, jumps, and what ends a thread early."""

import re
from enum import IntEnum

from llvmlite import ir
from numba import cfunc, int64, types, uint64

from .text import Kernel, Label, UnknownPtxError

I64 = ir.IntType(64)
SPECIAL_REGISTERS = ("%ctaid.x", "%tid.x")
ADDRESS = re.compile(r"\[([$%\w]+)(?:\+(-?\d+))?\]")
NUMBER = re.compile(r"-?\d+|0x[0-9A-Fa-f]+")
# Registers and shared memory begin with it: any result that depends on it is wrong.
JUNK = 0xA5A5A5A5A5A5A5A5
MAX_JUMPS = 1 << 20  # of one thread, so that no fault becomes an endless loop


class Fault(IntEnum):
    """Why a thread ended early."""

    MEMORY = 1
    DIVISION = 2
    JUMPS = 3


@cfunc(int64(types.CPointer(uint64), int64, uint64, uint64))
def accessible(ranges, count, address, size):
    """Whether bytes lie in one of a few ranges (begin, end), at a multiple of their number.

    A GPU stops at addresses that are not aligned.
    """
    for r in range(count):
        begin, end = ranges[2 * r], ranges[2 * r + 1]
        if begin <= address and size <= end - begin and address <= end - size:
            return int64(address % size == 0)
    return 0


class Thread:
    """The LLVM function of a thread, to which the functions of `opcodes` add their instructions.

    It returns 0, or a `Fault`. Its arguments are 64-bit integers: the address of the parameters,
    each in 8 bytes; the address and the number of ranges of memory, of which the first is shared
    memory; the index of the block of threads, and of the thread in it.
    """

    def __init__(self, module: ir.Module, kernel: Kernel) -> None:
        self.kernel = kernel
        self.function = ir.Function(module, ir.FunctionType(I64, [I64] * 5), "thread")
        self.parameters, self.ranges, self.range_count, *indices = self.function.args
        self.indices = dict(zip(SPECIAL_REGISTERS, indices, strict=True))
        self.builder = ir.IRBuilder(self.function.append_basic_block())
        self.registers = {name: self._variable(bits) for name, bits in kernel.registers.items()}
        self.jumps = self._variable(64, 0)
        labels = [item.name for item in kernel.body if isinstance(item, Label)]
        self.blocks = {label: self.function.append_basic_block() for label in labels}

    def _variable(self, bits, value=JUNK):
        kind = ir.IntType(bits)
        variable = self.builder.alloca(kind)
        self.builder.store(kind(value % 2**bits), variable)
        return variable

    def read(self, operand: str, bits: int) -> ir.Value:
        """The value of a register of this width, or a number."""
        if NUMBER.fullmatch(operand):
            number = int(operand, 0)
            if not -(2 ** (bits - 1)) <= number < 2**bits:
                raise UnknownPtxError(f"{operand} has more than {bits} bits")
            return ir.IntType(bits)(number % 2**bits)
        return self.builder.load(self._register(operand, bits))

    def write(self, operand: str, value: ir.Value) -> None:
        """Set a register of the width of the value."""
        self.builder.store(value, self._register(operand, value.type.width))

    def _register(self, name, bits):
        if name not in self.registers:
            raise UnknownPtxError(f"unknown operand {name}")
        if self.kernel.registers[name] != bits:
            raise UnknownPtxError(
                f"{name} has {self.kernel.registers[name]} bits, but {bits} are expected"
            )
        return self.registers[name]

    def read_low(self, operand: str, bits: int) -> ir.Value:
        """The low bits of a register that may be wider, or a number."""
        width = max(bits, self.kernel.registers.get(operand, bits))
        return self.builder.trunc(self.read(operand, width), ir.IntType(bits))

    def write_wide(self, operand: str, value: ir.Value, signed: bool) -> None:
        """Set a register that may be wider than the value."""
        width = max(value.type.width, self.kernel.registers.get(operand, 1))
        self.write(operand, self.extend(value, width, signed))

    def extend(self, value: ir.Value, bits: int, signed: bool) -> ir.Value:
        return (self.builder.sext if signed else self.builder.zext)(value, ir.IntType(bits))

    def parameter(self, operand: str, bits: int) -> ir.Value:
        """The parameter that an operand such as ``[name]`` names."""
        name, offset = self._address(operand)
        if self.kernel.parameters.get(name) != bits or offset:
            raise UnknownPtxError(f"no parameter of {bits} bits at {operand}")
        slot = 8 * list(self.kernel.parameters).index(name)
        return self.load(self.builder.add(self.parameters, I64(slot)), bits)

    def shared_address(self, name: str) -> ir.Value:
        """The address of an array in shared memory."""
        names = list(self.kernel.shared)
        if name not in names:
            raise UnknownPtxError(f"unknown operand {name}")
        sizes = [self.kernel.shared[earlier] for earlier in names[: names.index(name)]]
        begin = self.load(self.ranges, 64)
        return self.builder.add(begin, I64(sum(map(aligned, sizes))))

    def checked_address(self, operand: str, space: str, size: int) -> ir.Value:
        """The address of ``size`` bytes of global or shared memory that may be used."""
        name, offset = self._address(operand)
        base = self.read(name, 64) if name in self.registers else self.shared_address(name)
        address = self.builder.add(base, I64(offset % 2**64))
        shared = space == "shared"
        ranges = self.ranges if shared else self.builder.add(self.ranges, I64(16))
        count = I64(1) if shared else self.builder.sub(self.range_count, I64(1))
        kind = ir.FunctionType(I64, [I64] * 4)
        check = self.builder.inttoptr(I64(accessible.address), kind.as_pointer())
        allowed = self.builder.call(check, [ranges, count, address, I64(size)])
        self.end_if(self.builder.icmp_unsigned("==", allowed, I64(0)), Fault.MEMORY)
        return address

    @staticmethod
    def _address(operand):
        match = ADDRESS.fullmatch(operand)
        if match is None:
            raise UnknownPtxError(f"unknown address {operand}")
        return match[1], int(match[2] or 0)

    def load(self, address: ir.Value, bits: int) -> ir.Value:
        return self.builder.load(self._pointer(address, bits))

    def store(self, address: ir.Value, value: ir.Value) -> None:
        self.builder.store(value, self._pointer(address, value.type.width))

    def _pointer(self, address, bits):
        return self.builder.inttoptr(address, ir.IntType(bits).as_pointer())

    def end_if(self, condition: ir.Value, fault: Fault) -> None:
        """End the thread with a fault."""
        with self.builder.if_then(condition, likely=False):
            self.builder.ret(I64(fault))

    def jump(self, label: str) -> None:
        if label not in self.blocks:
            raise UnknownPtxError(f"unknown label {label}")
        jumps = self.builder.add(self.builder.load(self.jumps), I64(1))
        self.builder.store(jumps, self.jumps)
        self.end_if(self.builder.icmp_unsigned(">", jumps, I64(MAX_JUMPS)), Fault.JUMPS)
        self.builder.branch(self.blocks[label])

    def enter(self, block: ir.Block) -> None:
        """Go on with a block, to which the one before leads unless it has ended with a jump."""
        if not self.builder.block.is_terminated:
            self.builder.branch(block)
        self.builder.position_at_end(block)


def aligned(size: int) -> int:
    """Bytes of an array in shared memory, up to where the next may begin."""
    return -(-size // 8) * 8
