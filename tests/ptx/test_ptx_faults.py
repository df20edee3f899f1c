"""Faults planted in the compiled kernels: the comparison must notice every one."""

import re

import numpy as np
import pytest
from builders import SECRET, random_images
from compiled import CAPABILITIES
from emulated_gpu import emulated
from emulator.launch import FaultError

from blockmix import BlockMixer, Key

# A kernel, a pattern whose first match is replaced, and the replacement.
FAULTS = {
    "another constant of ChaCha20": ("fill_pools", "1634760805", "1634760804"),
    "a rotation by another number": ("throw_dice", r"(shf\.l\.wrap\.b32.*), 7;", r"\1, 8;"),
    "a rotation to the right": ("fill_pools", r"shf\.l(\.wrap.*, 12;)", r"shf.r\1"),
    "a sum that is a difference": ("throw_dice", r"add\.s32", "sub.s32"),
    "a word of the stream that is missing": ("throw_dice", r"st\.shared.*;", ""),
    "dice of the stream for pools": ("throw_dice", "16777216", "0"),
    "sources that occur twice": ("fill_pools", r"setp\.eq\.(\w)32", r"setp.ne.\g<1>32"),
    "sources of the own group": ("fill_pools", r"setp\.lt\.u32", "setp.le.u32"),
    "a pool that is too large": ("throw_dice", r"min\.s64", "max.s64"),
    "a block of the wrong source": ("gather_words", r"not\.b(\d+)", r"mov.b\1"),
    "an image that gets no words": ("gather_words", r"st\.global.*;", ""),
    "words of another image": ("gather_words", r"(mul\.wide\.s32.*), 4;", r"\1, 8;"),
    "a strip that is missing": ("gather_words", r"(shl\.b64.*), 7;", r"\1, 8;"),
}

# More than 128 words an image, some of which lie across the edges of blocks.
IMAGES = random_images(40, 24, 20, 3)
LABELS = [0, 1] * 20
GROUPS = [number // 4 for number in range(40)]
MIXER = BlockMixer(block=(2, 7), sources=7, rounds=2, probability=0.7, key=Key(SECRET))


def mixed_on_a_gpu(capability, edit=str):
    out = np.zeros_like(IMAGES)  # new memory might hold the images that were mixed before
    with emulated(capability, edit=edit):
        return MIXER(IMAGES, LABELS, groups=GROUPS, out=out)


@pytest.fixture(scope="module")
def expected():
    return MIXER(IMAGES, LABELS, groups=GROUPS)


@pytest.mark.parametrize("capability", CAPABILITIES, ids=str)
def test_without_a_fault(capability, expected):
    assert np.array_equal(mixed_on_a_gpu(capability), expected)


@pytest.mark.parametrize("capability", CAPABILITIES, ids=str)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed(fault, capability, expected):
    """It changes what is mixed, or ends a thread."""
    kernel, pattern, replacement = FAULTS[fault]

    def planted(text):
        if kernel not in text:
            return text
        edited, count = re.subn(pattern, replacement, text, count=1)
        assert count == 1, f"no {pattern} in {kernel}"
        return edited

    try:
        mixed = mixed_on_a_gpu(capability, planted)
    except FaultError:
        return
    assert not np.array_equal(mixed, expected)
