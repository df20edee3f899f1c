"""Each opcode of the emulator against plain Python integers, on values at the edges."""

from itertools import product

import numpy as np
import pytest
from emulator.opcodes import OPCODES
from opcode_cases import all_cases, as_number, edges
from small_kernels import aligned_zeros, register, result, small_kernel

CASES = all_cases()
# Tested below, each in its own way.
IN_MEMORY = [name for name in OPCODES if name.startswith(("ld.", "st."))]
OTHERS = ["lop3.b32", "bra", "bra.uni", "ret"]


def test_every_opcode_has_a_test():
    assert sorted([*CASES, *IN_MEMORY, *OTHERS]) == sorted(OPCODES)


@pytest.mark.parametrize("opcode", CASES)
def test_an_opcode_on_registers(opcode):
    case = CASES[opcode]
    target, statements, names = register(case.bits, 8), [], []
    for number, operand in enumerate(case.operands, 1):
        name = register(operand.bits, number)
        if operand.bits == 1:
            statements.append(f"ld.param.u8 %rs0, [p{number}]; setp.ne.b16 {name}, %rs0, 0;")
        else:
            statements.append(f"ld.param.u{operand.bits} {name}, [p{number}];")
        names.append(name)
    statements.append(f"{opcode} {target}, {', '.join(names)};")
    if case.bits == 1:
        statements.append(f"selp.b16 %rs0, 1, 0, {target}; st.global.b16 [%rd0], %rs0;")
    else:
        statements.append(f"st.global.b{case.bits} [%rd0], {target};")
    widths = {f"p{n}": max(operand.bits, 8) for n, operand in enumerate(case.operands, 1)}
    kernel = small_kernel(" ".join(statements), **widths)
    for values in product(*(operand.tried for operand in case.operands)):
        assert result(kernel, *values) == case.expected(*values) % 2**case.bits, values


@pytest.mark.parametrize("table", [0x00, 0x01, 0x1B, 0x96, 0xCA, 0xE8, 0xF0, 0xFF])
def test_a_table_of_bits(table):
    """Each bit of the result is the bit of the table that the bits of three words number."""
    kernel = small_kernel(
        "ld.param.u32 %r1, [a]; ld.param.u32 %r2, [b]; ld.param.u32 %r3, [c];"
        f"lop3.b32 %r4, %r1, %r2, %r3, {table:#x}; st.global.b32 [%rd0], %r4;",
        a=32, b=32, c=32,
    )  # fmt: skip
    for a, b, c in product(edges(32).tried, repeat=3):
        indices = [(a >> i & 1) * 4 + (b >> i & 1) * 2 + (c >> i & 1) for i in range(32)]
        expected = sum((table >> index & 1) << i for i, index in enumerate(indices))
        assert result(kernel, a, b, c) == expected, (a, b, c)


DATA = bytes(range(0x77, 0x87))  # both signs, in items of any width


def parsed(opcode):
    """The space, number of items, letter and bits of a load or store."""
    _, space, *modifiers, kind = opcode.split(".")
    vectors = [int(modifier[1]) for modifier in modifiers if modifier.startswith("v")]
    return space, (vectors or [1])[0], kind[0], int(kind[1:])


def register_list(bits, count):
    names = [register(bits, number) for number in range(1, count + 1)]
    return names[0] if count == 1 else "{" + ", ".join(names) + "}"


@pytest.mark.parametrize("opcode", [name for name in IN_MEMORY if name.startswith("ld.")])
def test_loads_widen_by_their_type(opcode):
    """Registers of 64 bits get the items of memory, of shared memory, or a parameter."""
    space, count, letter, bits = parsed(opcode)
    loaded = register_list(64, count)
    writing = "".join(f"st.global.b64 [%rd0+{8 * i}], %rd{i + 1};" for i in range(count))
    size = bits // 8
    items = [DATA[i * size : (i + 1) * size] for i in range(count)]
    numbers = [int.from_bytes(item, "little") for item in items]
    if space == "param":
        kernel = small_kernel(f"{opcode} {loaded}, [value]; {writing}", value=bits)
        arguments, data = numbers, aligned_zeros(0)
    else:
        copied = (
            "ld.global.v2.u64 {%rd2, %rd3}, [%rd1]; mov.u64 %rd1, memory;"
            "st.shared.v2.u64 [%rd1], {%rd2, %rd3};"
        )
        kernel = small_kernel(
            f"ld.param.u64 %rd1, [data]; {copied if space == 'shared' else ''}"
            f"{opcode} {loaded}, [%rd1]; {writing}",
            data=64,
        )
        data = aligned_zeros(len(DATA))
        data[:] = np.frombuffer(DATA, np.uint8)
        arguments = [data.ctypes.data]
    out = aligned_zeros(32)
    kernel.launch(1, 1, [out.ctypes.data, *arguments], [out, data])
    expected = [as_number(number, letter, bits) % 2**64 for number in numbers]
    assert out.view(np.uint64)[:count].tolist() == expected


@pytest.mark.parametrize("opcode", [name for name in IN_MEMORY if name.startswith("st.")])
def test_stores_keep_the_low_bits(opcode):
    space, count, _, bits = parsed(opcode)
    numbers = [0x8182838485868788 + i for i in range(count)]
    reading = "".join(f"mov.u64 %rd{i + 1}, {number};" for i, number in enumerate(numbers))
    stored = register_list(64, count)
    if space == "global":
        kernel = small_kernel(f"{reading} {opcode} [%rd0], {stored};")
    else:
        kernel = small_kernel(
            f"mov.u64 %rd7, 0; st.shared.v2.u64 [memory], {{%rd7, %rd7}};"
            f"{reading} {opcode} [memory], {stored};"
            "ld.shared.v2.u64 {%rd1, %rd2}, [memory]; st.global.v2.u64 [%rd0], {%rd1, %rd2};"
        )
    written = result(kernel, size=16).to_bytes(16, "little")
    expected = b"".join(number.to_bytes(8, "little")[: bits // 8] for number in numbers)
    assert written == expected.ljust(16, b"\0")


def test_halves_of_a_value():
    kernel = small_kernel(
        "mov.u64 %rd1, 0x0123456789abcdef; mov.b64 {%r1, _}, %rd1; mov.b64 {_, %r2}, %rd1;"
        "mov.b64 %rd2, {%r2, %r1}; st.global.b64 [%rd0], %rd2;"
        "mov.b32 {%rs1, %rs2}, %r1; mov.b32 %r3, {%rs2, %rs1}; st.global.b32 [%rd0+8], %r3;"
    )
    assert result(kernel, size=16) == 0xCDEF89AB_89ABCDEF_01234567


@pytest.mark.parametrize(
    ("guard", "expected"), [("@%p1", 1), ("@!%p1", 2), ("@%p2", 2), ("@!%p2", 1)]
)
@pytest.mark.parametrize(
    "guarded",
    [
        "mov.u32 %r1, 2; {guard} mov.u32 %r1, 1; st.global.u32 [%rd0], %r1;",
        "mov.u32 %r1, 1; {guard} bra $END; mov.u32 %r1, 2; $END: st.global.u32 [%rd0], %r1;",
        "mov.u32 %r1, 1; st.global.u32 [%rd0], %r1; {guard} ret; st.global.u32 [%rd0], 2;",
    ],
)
def test_guards(guarded, guard, expected):
    kernel = small_kernel(
        "setp.eq.u32 %p1, 0, 0; setp.eq.u32 %p2, 0, 1;" + guarded.format(guard=guard)
    )
    assert result(kernel) == expected


def test_jumps():
    kernel = small_kernel(
        "mov.u32 %r1, 0; mov.u32 %r2, 1; bra.uni $TEST;"
        "$LOOP: add.u32 %r1, %r1, %r2; add.u32 %r2, %r2, 1;"
        "$TEST: setp.le.u32 %p1, %r2, 10; @%p1 bra $LOOP; st.global.u32 [%rd0], %r1;"
    )
    assert result(kernel) == sum(range(11))


def test_indices_of_threads():
    """Each thread writes its number, forwards and backwards."""
    kernel = small_kernel(
        "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %tid.x; mad.lo.u32 %r3, %r1, 5, %r2;"
        "mul.wide.u32 %rd1, %r3, 4; add.u64 %rd2, %rd0, %rd1;"
        "ld.global.u32 %r4, [%rd0]; add.u32 %r4, %r4, 1; st.global.u32 [%rd0], %r4;"
        "st.global.u32 [%rd2+4], %r4;"
    )
    for backwards in (False, True):
        out = np.zeros(16, np.uint32)
        kernel.launch(3, 5, [out.ctypes.data], [out], backwards=backwards)
        assert out[0] == 15
        assert out[1:].tolist() == sorted(range(1, 16), reverse=backwards)
