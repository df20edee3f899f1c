"""Opcodes of PTX that load, store, convert, copy and jump, as LLVM; see `arithmetic`."""

from llvmlite import ir

from .text import UnknownPtxError
from .thread import I64, SPECIAL_REGISTERS


def registers(operand, count):
    """The registers of an operand such as ``{%r1, %r2}``; one may stand alone."""
    names = operand.strip("{}").replace(",", " ").split()
    if len(names) != count:
        raise UnknownPtxError(f"{operand} names {len(names)} registers, but {count} are expected")
    return names


def is_vector(operand):
    return operand.startswith("{")


def load_parameter(thread, kind, target, address):
    value = thread.parameter(address, kind.bits)
    thread.write_wide(target, value, kind.signed)


def load(space, count=1):
    """Loads of a value, or of a few beside each other at an address that all of them align."""

    def emit(thread, kind, target, address):
        size = kind.bits // 8
        begin = thread.checked_address(address, space, count * size)
        for number, register in enumerate(registers(target, count)):
            item = thread.load(thread.builder.add(begin, I64(number * size)), kind.bits)
            thread.write_wide(register, item, kind.signed)

    return emit


def store(space, count=1):
    def emit(thread, kind, address, source):
        size = kind.bits // 8
        begin = thread.checked_address(address, space, count * size)
        for number, register in enumerate(registers(source, count)):
            item = thread.read_low(register, kind.bits)
            thread.store(thread.builder.add(begin, I64(number * size)), item)

    return emit


def move(thread, kind, target, source):
    """Copy a value, put two halves together, or take a value apart into halves."""
    builder, half = thread.builder, kind.bits // 2
    if is_vector(source):
        low, high = (
            thread.extend(thread.read(register, half), kind.bits, False)
            for register in registers(source, 2)
        )
        value = builder.or_(builder.shl(high, high.type(half)), low)
    elif source in SPECIAL_REGISTERS:
        value = builder.trunc(thread.indices[source], ir.IntType(32))
    elif source in thread.kernel.shared:
        value = thread.shared_address(source)
    else:
        value = thread.read(source, kind.bits)
    if not is_vector(target):
        thread.write(target, value)
        return
    for number, register in enumerate(registers(target, 2)):
        if register != "_":
            part = builder.lshr(value, value.type(number * half))
            thread.write(register, builder.trunc(part, ir.IntType(half)))


def convert(source_kind):
    """Widen by the sign of what is converted, or keep the low bits."""

    def emit(thread, kind, target, source):
        value = thread.read_low(source, source_kind.bits)
        if kind.bits > source_kind.bits:
            value = thread.extend(value, kind.bits, source_kind.signed)
        else:
            value = thread.builder.trunc(value, ir.IntType(kind.bits))
        thread.write_wide(target, value, kind.signed)

    return emit


def copy_address(thread, kind, target, source):
    """Generic addresses of global memory are its addresses."""
    thread.write(target, thread.read(source, kind.bits))


def jump(thread, _, label):
    thread.jump(label)


def finish(thread, _):
    thread.builder.ret(I64(0))
