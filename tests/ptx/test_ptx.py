"""The PTX of the CUDA kernels for five generations of GPUs; no driver is needed.

The kernels compile, stay in registers and move whole words. Whether they run is not tested.
"""

import re
from functools import cache

import pytest
from cuda.bindings import nvjitlink
from numba import boolean, int32, int64, types, uint8, uint16, uint32, uint64

from blockmix.kernels import draw_cuda, gather_cuda
from blockmix.kernels.cuda import cuda

MAPS = (int32[::1], int32[::1])
KEY = types.UniTuple(uint32, 8)
CLASSES = (KEY, int64, uint64[::1], int32[::1], int64[::1], int32[::1])


def gather_signature(word):
    words, size = (word[::1], int64, int64), (int64, int64)
    maps, table = (int32[::1], int32[::1], int64), (int32[::1], word[::1], int64)
    return (*words, *words, *size, *maps, *table, int64)


KERNELS = {
    "fill_pools": (draw_cuda.fill_pools, (int32[::1], int64, *CLASSES)),
    "throw_dice": (
        draw_cuda.throw_dice,
        (*MAPS, boolean, int64, int64, int32[::1], int64, *CLASSES, uint64[::1], uint64[::1]),
    ),
    "gather_words of 64 bits": (gather_cuda.gather_words, gather_signature(uint64)),
    "gather_words of 32 bits": (gather_cuda.gather_words, gather_signature(uint32)),
    "gather_words of 16 bits": (gather_cuda.gather_words, gather_signature(uint16)),
    "gather_words of 8 bits": (gather_cuda.gather_words, gather_signature(uint8)),
}
# Turing, Ampere, Hopper, and Blackwell for data centres and for desktops.
CAPABILITIES = [(7, 5), (8, 0), (9, 0), (10, 0), (12, 0)]

pytestmark = [
    pytest.mark.parametrize("capability", CAPABILITIES, ids=str),
    pytest.mark.parametrize("name", KERNELS),
]


@cache
def ptx(name, capability):
    kernel, arguments = KERNELS[name]
    code, _ = cuda.compile(
        kernel.py_func,
        types.void(*arguments),
        device=False,
        cc=capability,
        output="ptx",
        abi="numba",
    )
    return code


@cache
def assembled(name, capability):
    """The log of the assembler on registers and memory."""
    options = ["-arch=sm_{}{}".format(*capability), "-verbose"]
    code = ptx(name, capability).encode() + b"\0"
    linker = nvjitlink.create(len(options), options)
    nvjitlink.add_data(linker, nvjitlink.InputType.PTX, code, len(code), name)
    nvjitlink.complete(linker)
    log = bytearray(nvjitlink.get_info_log_size(linker))
    nvjitlink.get_info_log(linker, log)
    return log.decode()


def test_no_floating_point(name, capability):
    assert not re.findall(r"\.b?f(?:16|32|64)\b.*", ptx(name, capability))


def test_no_local_memory_and_no_calls(name, capability):
    assert not re.findall(r"\.local\b.*|\bcall\b.*", ptx(name, capability))


def test_all_memory_is_known_to_be_global_or_shared(name, capability):
    """A generic access has to find out the kind of its address."""
    assert not re.findall(r"\b(?:ld|st)\.[usb]\d+.*", ptx(name, capability))


def test_pixels_move_in_whole_words(name, capability):
    bits = re.search(r"of (\d+) bits", name)
    if bits is None:
        assert ".shared" in ptx(name, capability)  # the draw's words
        return
    bits = bits[1]
    stores = re.findall(r"\bst\.global\S*\.[usb](\d+)", ptx(name, capability))
    loads = re.findall(r"\bld\.global\S*\.[usb](\d+)", ptx(name, capability))
    assert set(stores) == {bits}
    assert len(stores) >= gather_cuda.IN_FLIGHT
    assert loads.count(bits) >= 2 * gather_cuda.IN_FLIGHT


def test_registers_without_spills(name, capability):
    log = assembled(name, capability)
    (registers,) = set(re.findall(r"used (\d+) registers", log))
    assert int(registers) <= 80  # so that a multiprocessor of 65,536 holds 6 blocks of 128 threads
    assert re.findall(r"(\d+) bytes spill", log) == ["0", "0"]
    assert "0 bytes lmem" in log
