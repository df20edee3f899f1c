"""The CPU gather against the reference, exactly, for every layout, dtype and stride."""

from itertools import pairwise

import numpy as np
import pytest
from builders import random_images
from hypothesis import given, settings
from hypothesis import strategies as st

from blockmix import BlockGrid, SourceMap
from blockmix.backends.base import DeviceMap
from blockmix.backends.cpu import Cpu
from blockmix.kernels import gather_cpu, reference

DTYPES = ["u1", "?", "<u2", ">i4", "f4", "f8", "c16", "M8[ns]", "S3", "U2", "V5", "u1,f8"]


def random_map(count, grid, seed=0):
    rng = np.random.default_rng(seed)
    shape = (count, grid.rows, grid.cols)
    return SourceMap(rng.integers(0, max(count, 1), shape, np.int32), grid)


def expected(images, source_map, layout="NHWC"):
    grid = source_map.grid
    return reference.apply(images, source_map.sources, grid.row_edges, grid.col_edges, layout)


@st.composite
def edges(draw, size):
    inner = draw(st.sets(st.integers(1, size - 1), max_size=6)) if size > 1 else set()
    return [0, *sorted(inner), size]


@settings(max_examples=80)
@given(data=st.data())
def test_any_gather_equals_the_reference(data):
    count = data.draw(st.integers(1, 6))
    height, width = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 70))
    grid = BlockGrid(data.draw(edges(height)), data.draw(edges(width)))
    shape, layout = data.draw(
        st.sampled_from(
            [
                ((height, width), "NHWC"),
                ((height, width), "NCHW"),
                ((height, width, 1), "NHWC"),
                ((height, width, 3), "NHWC"),
                ((3, height, width), "NCHW"),
                ((5, height, width), "NCHW"),
            ]
        )
    )
    images = random_images(count, *shape)
    plan = random_map(count, grid, seed=data.draw(st.integers(0, 9)))
    assert np.array_equal(plan.apply(images, layout=layout), expected(images, plan, layout))


def class_map(sizes, grid, seed=0):
    """A map of classes of these sizes, in slots as the draw makes it."""
    rng = np.random.default_rng(seed)
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    slot_map = np.concatenate(
        [
            rng.integers(start, stop, (grid.rows, stop - start, grid.cols), np.int32)
            for start, stop in pairwise(starts)
        ],
        axis=1,
    )
    order = rng.permutation(starts[-1]).astype(np.int32)
    return SourceMap.adopt(Cpu(), DeviceMap(slot_map.reshape(-1), order, starts), grid)


def unaligned(images, offset):
    """Images that begin ``offset`` bytes after a cache line, and the memory around them."""
    memory = np.zeros(images.nbytes + 3 * 64, np.uint8)
    begin = -memory.ctypes.data % 64 + offset
    placed = memory[begin : begin + images.nbytes].view(images.dtype).reshape(images.shape)
    return placed, memory


@settings(max_examples=150)
@given(data=st.data())
def test_any_strips_of_any_groups_at_any_address(data):
    """Strips, groups and streaming cut so small that tiny sets cross all their edges."""
    sizes = data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 90))
    grid = BlockGrid(data.draw(edges(height)), data.draw(edges(width)))
    plan = class_map(sizes, grid, seed=data.draw(st.integers(0, 9)))
    images = random_images(sum(sizes), height, width, data.draw(st.sampled_from([1, 3, 4])))
    out, memory = unaligned(images, data.draw(st.integers(0, 64)))
    longest = data.draw(st.sampled_from([64, 200, 1000]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather_cpu, "LONGEST_STRIP", longest)
        patch.setattr(gather_cpu, "SHORTEST_STRIP", 64)
        patch.setattr(gather_cpu, "MAX_PACKED", data.draw(st.sampled_from([0, 4, 100])))
        patch.setattr(gather_cpu, "PACKED_BYTES", data.draw(st.sampled_from([20, 100, 10**6])))
        patch.setattr(gather_cpu, "MAX_AT_ONCE", data.draw(st.integers(1, 5)))
        patch.setattr(gather_cpu, "SCRATCH_BYTES", longest * data.draw(st.integers(1, 9)))
        patch.setattr(gather_cpu, "STREAM_BYTES", data.draw(st.sampled_from([0, 2**30])))
        plan.apply(images, out)
    assert np.array_equal(out, expected(images, plan))
    out[:] = 0
    assert not memory.any()


@pytest.mark.parametrize(
    ("images", "cols", "is_packed"),
    [
        *((625, 2, True), (626, 2, False)),
        *((2500, 8, True), (2501, 8, False)),
        *((10_000, 32, True), (10_001, 32, False)),
    ],
)
def test_many_images_or_long_pieces_are_not_packed(images, cols, is_packed):
    starts, row_edges = np.array([0, images]), np.array([0, 192])
    byte_edges = np.linspace(0, 576, cols + 1, dtype=np.int64)
    steps, _ = gather_cpu.plan_steps(starts, row_edges, byte_edges, 1, 0)
    assert set(steps[1:-1, gather_cpu.PACKED]) == {is_packed}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "layout"), [((7, 9, 2), "NHWC"), ((2, 7, 9), "NCHW")])
def test_any_dtype_of_fixed_size(dtype, shape, layout):
    images = random_images(4, *shape, dtype="u1" if dtype in ("?", "U2") else dtype)
    images = images.astype(dtype) if dtype in ("?", "U2") else images
    plan = random_map(4, BlockGrid.even(7, 9, (3, 4)))
    mixed = plan.apply(images, layout=layout)
    assert mixed.dtype == images.dtype
    assert mixed.tobytes() == expected(images, plan, layout).tobytes()


@pytest.mark.parametrize("batch", [slice(None, None, 2), slice(None, None, -1), slice(1, 6, 3)])
def test_strided_batches_need_no_copy(batch, monkeypatch):
    monkeypatch.setattr(np, "ascontiguousarray", None)
    images = random_images(10, 8, 8, 3)[batch]
    out = np.zeros((20, 8, 8, 3), np.uint8)[: 2 * len(images) : 2]
    plan = random_map(len(images), BlockGrid.even(8, 8, 3))
    assert plan.apply(images, out) is out
    assert np.array_equal(out, expected(images, plan))


def test_writing_with_strides_leaves_the_rest_alone():
    images = random_images(4, 8, 8)
    out = np.zeros((8, 8, 8), np.uint8)
    random_map(4, BlockGrid.even(8, 8, 3)).apply(images, out[::2])
    assert not out[1::2].any()


def test_images_that_are_not_contiguous_are_copied_once():
    images = random_images(4, 3, 8, 10).transpose(0, 2, 3, 1)[:, 1:, ::2]
    plan = random_map(4, BlockGrid.even(7, 5, 2))
    assert np.array_equal(plan.apply(images), expected(images, plan))


def test_broadcast_images():
    images = np.broadcast_to(random_images(1, 4, 4), (5, 4, 4))
    plan = random_map(5, BlockGrid.even(4, 4, 2))
    assert np.array_equal(plan.apply(images), images)


@pytest.mark.parametrize("shape", [(0, 4, 4), (0, 4, 4, 3), (3, 4, 4, 0)])
def test_nothing_to_move(shape):
    plan = random_map(shape[0], BlockGrid.even(4, 4, 2))
    assert plan.apply(np.empty(shape, np.uint8)).shape == shape


def test_read_only_images_and_memory_maps(tmp_path):
    images = random_images(4, 6, 6)
    images.flags.writeable = False
    np.save(tmp_path / "images.npy", images)
    plan = random_map(4, BlockGrid.even(6, 6, 2))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert np.array_equal(plan.apply(images), expected(images, plan))
    assert np.array_equal(plan.apply(mapped), expected(images, plan))
