"""What the CUDA kernels compile to: they stay in registers and move whole words.

Whether the compiled code is right is tested in `test_ptx_kernels`.
"""

import re
from functools import cache

import compiled
import pytest
from compiled import CAPABILITIES, KERNELS
from cuda.bindings import nvjitlink

from blockmix.kernels import gather_cuda

pytestmark = [
    pytest.mark.parametrize("capability", CAPABILITIES, ids=str),
    pytest.mark.parametrize("name", KERNELS),
]


def ptx(name, capability):
    return compiled.ptx(*KERNELS[name], capability)


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
