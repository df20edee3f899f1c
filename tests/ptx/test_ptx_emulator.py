"""What the emulator refuses, and what ends a thread."""

import doctest
import re

import numpy as np
import pytest
from emulator import launch, text
from emulator.launch import CompiledKernel, FaultError
from emulator.text import UnknownPtxError
from emulator.thread import JUNK
from small_kernels import result, small_kernel


@pytest.mark.parametrize("module", [launch, text])
def test_examples(module):
    failed, attempted = doctest.testmod(module)
    assert attempted > 0
    assert failed == 0


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        # What threads do together, and numbers that are not integers.
        ("bar.sync 0;", "unknown opcode bar.sync"),
        ("vote.sync.any.pred %p1, %p2, -1;", "unknown opcode vote.sync.any.pred"),
        ("atom.global.add.u32 %r1, [%rd0], 1;", "unknown opcode atom.global.add.u32"),
        ("shfl.sync.idx.b32 %r1, %r2, 0, 31, -1;", "unknown opcode shfl.sync.idx.b32"),
        ("add.f32 %r1, %r2, %r3;", "unknown opcode add.f32"),
        # Known opcodes with modifiers that are not.
        ("add.sat.s32 %r1, %r2, %r3;", "unknown opcode add.sat.s32"),
        ("ld.volatile.global.u32 %r1, [%rd0];", "unknown opcode ld.volatile.global.u32"),
        ("ld.global.L1::no_allocate.u32 %r1, [%rd0];", "unknown statement ld.global.L1::no_allo"),
        ("prmt.b32.f4e %r1, %r2, %r3, 1;", "unknown opcode prmt.b32.f4e"),
        ("setp.lt.and.s32 %p1, %r1, %r2, %p2;", "unknown opcode setp.lt.and.s32"),
        ("setp.lt.b32 %p1, %r1, %r2;", "unknown opcode setp.lt.b32"),
        ("ld.u32 %r1, [%rd0];", "unknown opcode ld.u32"),
        ("ld.global.u32 %r1, [%rd0], %rd1;", "unknown opcode ld.global.u32 of 3 operands"),
        # Operands.
        ("mov.u32 %r1, %laneid;", "unknown operand %laneid"),
        ("mov.u32 %r1, %tid.y;", "unknown operand %tid.y"),
        ("setp.lt.s32 %p1|%p2, %r1, %r2;", "unknown operand %p1|%p2"),
        ("mov.u64 %rd1, unknown_name;", "unknown operand unknown_name"),
        ("mov.b32 %r1, 0f3F800000;", "unknown operand 0f3F800000"),
        ("mov.u32 %r1, 4294967296;", "4294967296 has more than 32 bits"),
        ("mov.s16 %rs1, -32769;", "-32769 has more than 16 bits"),
        ("add.u32 %r1, %rd1, %r2;", "%rd1 has 64 bits, but 32 are expected"),
        ("add.u64 %r1, %rd1, %rd2;", "%r1 has 32 bits, but 64 are expected"),
        ("cvt.u32.u64 %r1, %r2;", "%r2 has 32 bits, but 64 are expected"),
        ("ld.param.u32 %r1, [out];", "no parameter of 32 bits at [out]"),
        ("ld.param.u64 %rd1, [out+8];", "no parameter of 64 bits at [out+8]"),
        ("ld.global.u32 %r1, %rd0;", "unknown address %rd0"),
        (
            "ld.global.v2.u32 {%r1, %r2, %r3}, [%rd0];",
            "{%r1, %r2, %r3} names 3 registers, but 2 are expected",
        ),
        ("@%p9 ret;", "unknown operand %p9"),
        ("bra $NOWHERE;", "unknown label $NOWHERE"),
        # Statements.
        ("call nothing;", "unknown opcode call"),
        (".local .align 4 .b8 depot[8];", "unknown statement .local .align 4 .b8 depot[8]"),
        (".reg .f32 %f<2>;", "unknown statement .reg .f32 %f<2>"),
        ("{ .reg .b32 inner; }", "unknown statement { .reg .b32 inner"),
    ],
)
def test_what_is_unknown_is_named(statement, message):
    with pytest.raises(UnknownPtxError, match=re.escape(message)):
        small_kernel(statement)


KERNEL = ".visible .entry test() { ret; }"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".func helper() { ret; } " + KERNEL, "unknown statement .func helper() { ret"),
        (".visible .global .align 4 .u32 n; " + KERNEL, "unknown statement .visible .global"),
        (".visible .entry test() .maxntid 9 { ret; }", "unknown statement .visible .entry test()"),
        (".visible .entry test(.param .f32 x) { ret; }", "unknown statement .param .f32 x"),
        (KERNEL + KERNEL, "unknown statement }.visible .entry test() { ret"),
        (".version 9.5", "PTX without a kernel"),
        (".visible .entry test() { $END: }", "a kernel that does not end with ret"),
    ],
)
def test_declarations_that_are_unknown(text, message):
    with pytest.raises(UnknownPtxError, match=re.escape(message)):
        CompiledKernel(text)


@pytest.mark.parametrize(
    "access",
    [
        "ld.global.u32 %r1, [%rd0+16];",
        "ld.global.u32 %r1, [%rd0+-4];",
        "st.global.u32 [%rd0+16], %r1;",
        "st.global.u64 [%rd0+9], %rd1;",  # partly
        "ld.global.u16 %rs1, [%rd0+1];",  # not aligned
        "ld.global.v2.u32 {%r1, %r2}, [%rd0+4];",
        "mov.u64 %rd1, 0; ld.global.u8 %rs1, [%rd1];",
        "mov.u64 %rd1, memory; ld.global.u8 %rs1, [%rd1];",  # of the wrong kind
        "ld.shared.u8 %rs1, [%rd0];",
        "st.shared.u32 [memory+64], %r1;",
    ],
)
def test_memory_that_is_not_the_kernels(access):
    with pytest.raises(FaultError, match=r"thread 0 of block 0 uses memory outside of its arg"):
        result(small_kernel(access), size=16)


@pytest.mark.parametrize("opcode", ["div.u32", "rem.u32", "div.s32", "rem.s32"])
def test_division_by_zero(opcode):
    with pytest.raises(FaultError, match="divides by zero"):
        result(small_kernel(f"{opcode} %r1, 7, 0;"))


@pytest.mark.parametrize("opcode", ["div.s32", "rem.s32"])
def test_a_quotient_that_does_not_fit(opcode):
    with pytest.raises(FaultError, match="the lowest number by -1"):
        result(small_kernel(f"{opcode} %r1, -2147483648, -1;"))


def test_a_loop_without_an_end():
    with pytest.raises(FaultError, match="jumps more than 1048576 times"):
        result(small_kernel("$LOOP: bra $LOOP;"))


def test_the_thread_of_a_fault():
    kernel = small_kernel(
        "mov.u32 %r1, %ctaid.x; mul.wide.u32 %rd1, %r1, 8; add.u64 %rd0, %rd0, %rd1;"
        "mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4; add.u64 %rd0, %rd0, %rd1;"
        "st.global.u32 [%rd0], 1;"
    )
    out = np.zeros(5, np.uint32)
    with pytest.raises(FaultError, match=r"^test: thread 1 of block 2 uses"):
        kernel.launch(4, 2, [out.ctypes.data], [out])
    assert out.all()


def test_what_nothing_was_written_to_is_junk():
    """Registers and shared memory hold no zeros, which might be right by chance."""
    kernel = small_kernel("ld.shared.u64 %rd1, [memory]; st.global.u64 [%rd0], %rd1;")
    assert result(kernel) == JUNK
    assert result(small_kernel("st.global.u64 [%rd0], %rd1;")) == JUNK


@pytest.mark.parametrize("backwards", [False, True])
def test_a_block_of_threads_does_not_see_the_shared_memory_of_another(backwards):
    kernel = small_kernel(
        "mov.u32 %r1, %ctaid.x; mul.wide.u32 %rd1, %r1, 8; add.u64 %rd0, %rd0, %rd1;"
        "ld.shared.u64 %rd2, [memory]; st.global.u64 [%rd0], %rd2; st.shared.u64 [memory], 1;"
    )
    out = np.zeros(3, np.uint64)
    kernel.launch(3, 1, [out.ctypes.data], [out], backwards=backwards)
    assert (out == JUNK).all()


def test_arrays_in_shared_memory():
    """Each has memory of its own."""
    kernel = CompiledKernel(
        ".visible .shared .align 4 .b8 first[4]; .visible .shared .align 4 .b8 second[4];"
        ".visible .entry test(.param .u64 out) { .reg .b32 %r<2>; .reg .b64 %rd<3>;"
        "ld.param.u64 %rd0, [out]; st.shared.u32 [first], 1; mov.u64 %rd1, second;"
        "st.shared.u32 [%rd1], 2; ld.shared.u32 %r0, [first]; ld.shared.u32 %r1, [second];"
        "st.global.v2.u32 [%rd0], {%r0, %r1}; ret; }"
    )
    assert result(kernel) == (2 << 32) + 1
