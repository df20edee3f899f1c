"""The compiled CUDA kernels, run on an emulated GPU, against the reference, byte for byte."""

import numpy as np
import pytest
from builders import SECRET, random_images
from compiled import CAPABILITIES, KERNELS
from emulated_gpu import emulated
from hypothesis import given, settings
from hypothesis import strategies as st
from random_mixes import random_mixes

from blockmix import BlockGrid, Key, SourceMap, mix
from blockmix.kernels import gather_cuda, reference


def at_offset(array, offset):
    """A copy of an array that begins so many bytes after a multiple of 16."""
    memory = np.empty(array.nbytes + 32, np.uint8)
    begin = -memory.ctypes.data % 16 + offset
    copy = memory[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@settings(max_examples=150)
@given(
    random_mix=random_mixes(label_size=12, height=20, width=24),
    multiprocessors=st.sampled_from([1, 2, 132]),
    offset=st.integers(0, 8),
)
def test_any_mix_equals_the_reference(random_mix, multiprocessors, offset):
    """Also where addresses allow no wide words, and with any number of images per thread."""
    images = at_offset(random_mix.images, offset)
    out = at_offset(images, 8 - offset)
    for capability in CAPABILITIES:
        out[...] = 0
        with emulated(capability, multiprocessors=multiprocessors):
            mix(images, random_mix.labels, out=out, **random_mix.parameters)
        assert np.array_equal(out, random_mix.expected), capability
        assert np.array_equal(images, random_mix.images), capability


def check_all_generations(images, labels, block, *, out=None, backwards=False, **parameters):
    grid = BlockGrid.even(*images.shape[1:3], block)
    source_map = reference.source_map(SECRET, labels, grid.rows * grid.cols, **parameters)
    source_map = source_map.reshape(-1, grid.rows, grid.cols)
    expected = reference.apply(images, source_map, grid.row_edges, grid.col_edges)
    out = np.zeros_like(images) if out is None else out
    for capability in CAPABILITIES:
        out[...] = 0
        with emulated(capability, backwards=backwards):
            mix(images, labels, block=block, key=Key(SECRET), out=out, **parameters)
        assert np.array_equal(out, expected), capability


def test_pools_that_need_several_groups_of_words():
    check_all_generations(
        random_images(60, 3, 7), [0] * 60, 1, sources=59, rounds=2, probability=0.9
    )


@pytest.mark.parametrize(
    ("shape", "block"), [((24, 24, 3), 8), ((23, 25, 3), (5, 7)), ((15, 29), 1)], ids=str
)
def test_many_images_and_words(shape, block):
    """Threads that each move a word of many images, and several blocks of threads for a strip."""
    images, labels = random_images(150, *shape), [number % 2 for number in range(150)]
    check_all_generations(images, labels, block, sources=10, rounds=1, probability=0.5)


@pytest.mark.parametrize(("block_width", "word_bytes"), [(7, 8), (3, 4), (1, 2)])
def test_words_across_the_edges_of_blocks(block_width, word_bytes):
    """Each is put together from the words of two images."""
    images, grid = random_images(30, 8, 16), BlockGrid.even(8, 16, (3, block_width))
    edges = np.array(grid.row_edges), np.array(grid.col_edges)
    _, mask = gather_cuda.cut_words(*edges, 1, 8)
    assert mask.itemsize == word_bytes
    assert mask.min() < np.iinfo(mask.dtype).max
    check_all_generations(
        images, [0] * 30, (3, block_width), sources=5, rounds=1, probability="balanced"
    )


def test_threads_in_any_order():
    """No thread depends on what another leaves behind."""
    images, labels = random_images(40, 9, 11, 3), [0, 1] * 20
    check_all_generations(images, labels, 2, sources=7, rounds=3, probability=0.7, backwards=True)


def test_images_far_apart(tmp_path):
    """With 16 GiB from one to the next, indices need more than 32 bits. Only a few pages exist."""
    stride = (1 << 34) + 8
    memory = np.memmap(tmp_path / "sparse", np.uint8, "w+", shape=(2, 3, stride))
    images, out = memory[..., : 6 * 7 * 3].reshape(2, 3, 6, 7, 3, copy=False)
    images[...] = random_images(3, 6, 7, 3)
    check_all_generations(images, [0] * 3, 2, out=out, sources=2, rounds=2, probability=0.7)


@pytest.mark.parametrize("strip_words", [1, 5, 300])
def test_strips_of_images(strip_words):
    """As images on the host are mixed: strip after strip, each in memory of its own."""
    images, grid = random_images(9, 13, 21), BlockGrid.even(13, 21, (4, 9))
    source_map = np.random.default_rng(0).integers(0, 9, (9, grid.rows, grid.cols), np.int32)
    expected = SourceMap(source_map, grid).apply(images)
    edges = np.array(grid.row_edges), np.array(grid.col_edges)
    block_table, mask = gather_cuda.cut_words(*edges, 1, 8)
    padded = np.zeros((9, mask.nbytes), np.uint8)
    padded[:, : 13 * 21] = images.reshape(9, -1)
    order, slot_map = np.arange(9, dtype=np.int32), source_map.transpose(1, 0, 2).ravel()
    for capability in CAPABILITIES:
        mixed = np.zeros_like(padded).view(mask.dtype)
        for begin in range(0, len(mask), strip_words):
            strip = padded.view(mask.dtype)[:, begin : begin + strip_words].copy()
            mixed_strip, words = np.zeros_like(strip), strip.shape[1]
            with emulated(capability):
                gather_cuda.gather(
                    *(gather_cuda.Words(w.reshape(-1), 0, words) for w in (mixed_strip, strip)),
                    *(9, words, order, slot_map, grid.cols, block_table, mask, begin, 1, None),
                )
            mixed[:, begin : begin + strip_words] = mixed_strip
        assert np.array_equal(mixed.view(np.uint8)[:, : 13 * 21].reshape(images.shape), expected), (
            capability
        )


def test_the_backend_launches_what_is_checked():
    """`test_ptx` looks at all kernels that run, and at no others."""
    with emulated(CAPABILITIES[0]) as launched:
        for dtype in (np.uint64, np.uint32, np.uint16, np.uint8):
            images = random_images(4, 3, 3, dtype=dtype)
            mix(images, [0] * 4, block=1, sources=2, rounds=2)
    assert launched == set(KERNELS.values())
