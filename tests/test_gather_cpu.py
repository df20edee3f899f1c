"""The CPU gather against the reference, exactly, for every layout, dtype and stride."""

import numpy as np
import pytest
from conftest import random_images
from hypothesis import given, settings
from hypothesis import strategies as st

from blockmix import BlockGrid, SourceMap
from blockmix.kernels import reference

DTYPES = ["u1", "?", "<u2", ">i4", "f4", "f8", "c16", "M8[ns]", "S3", "U2", "V5", "u1,f8"]


def random_map(count, grid, seed=0):
    generator = np.random.default_rng(seed)
    shape = (count, grid.rows, grid.cols)
    return SourceMap(generator.integers(0, max(count, 1), shape, np.int32), grid)


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
