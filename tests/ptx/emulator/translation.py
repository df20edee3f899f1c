"""Kernels as LLVM: the function of a thread, and one that calls it for all threads of a launch."""

from inspect import signature

from llvmlite import ir
from numba.core import cgutils

from .opcodes import OPCODES
from .text import Instruction, Kernel, UnknownPtxError
from .thread import I64, JUNK, Thread, aligned


def translate(kernel: Kernel) -> ir.Module:
    """A module whose function ``launch`` runs threads one after the other.

    Its arguments are 64-bit integers: the number of blocks of threads and of threads in a block,
    whether to run backwards, the arguments of `Thread`, and the address of two integers. A fault
    ends it: it returns the fault, and writes the indices of block and thread to that address.

    Raises
    ------
    UnknownPtxError
        If an instruction is unknown.
    """
    module = ir.Module()
    shared = sum(map(aligned, kernel.shared.values()))
    _add_launch(module, _thread_function(module, kernel), shared)
    return module


def _thread_function(module, kernel):
    thread = Thread(module, kernel)
    for item in kernel.body:
        if isinstance(item, Instruction):
            if thread.builder.block.is_terminated:  # after a jump, and without a label
                thread.enter(thread.function.append_basic_block())
            _carry_out(thread, item)
        else:
            thread.enter(thread.blocks[item.name])
    if not thread.builder.block.is_terminated:
        raise UnknownPtxError("a kernel that does not end with ret")
    return thread.function


def _carry_out(thread, instruction):
    opcode, operands, guard = instruction
    if opcode not in OPCODES:
        raise UnknownPtxError(f"unknown opcode {opcode}")
    emit, kind = OPCODES[opcode]
    try:
        signature(emit).bind(thread, kind, *operands)
    except TypeError as error:
        raise UnknownPtxError(f"unknown opcode {opcode} of {len(operands)} operands") from error
    if guard is None:
        emit(thread, kind, *operands)
        return
    condition = thread.read(guard.removeprefix("!"), 1)
    if guard.startswith("!"):
        condition = thread.builder.not_(condition)
    with thread.builder.if_then(condition):
        emit(thread, kind, *operands)


def _add_launch(module, thread, shared):
    launch = ir.Function(module, ir.FunctionType(I64, [I64] * 7), "launch")
    blocks, threads, backwards, *arguments, position = launch.args
    builder = ir.IRBuilder(launch.append_basic_block())
    backwards = builder.icmp_unsigned("!=", backwards, I64(0))

    def index(loop, count):
        from_end = builder.sub(builder.sub(count, I64(1)), loop.index)
        return builder.select(backwards, from_end, loop.index)

    def word(address, number):
        address = builder.add(address, builder.mul(number, I64(8)))
        return builder.inttoptr(address, I64.as_pointer())

    _, ranges, _ = arguments
    begin = builder.load(word(ranges, I64(0)))
    with cgutils.for_range(builder, blocks) as of_blocks:
        with cgutils.for_range(builder, I64(shared // 8)) as of_words:  # each block has its own
            builder.store(I64(JUNK), word(begin, of_words.index))
        with cgutils.for_range(builder, threads) as of_threads:
            indices = index(of_blocks, blocks), index(of_threads, threads)
            fault = builder.call(thread, [*arguments, *indices])
            with builder.if_then(builder.icmp_unsigned("!=", fault, I64(0))):
                for number, value in enumerate(indices):
                    builder.store(value, word(position, I64(number)))
                builder.ret(fault)
    builder.ret(I64(0))
