"""Channels last or first in memory, whatever the layout: the same bytes, without a copy."""

import numpy as np
import pytest
from builders import SECRET, random_images

from blockmix import BlockGrid, InputError, SourceMap, mix
from blockmix.arrays.batch import new_out, open_images, open_out
from blockmix.backends import cpu
from blockmix.kernels import reference

LABELS = [0, 1] * 12
GRID = BlockGrid.even(8, 12, (4, 5))
AS_IT_IS, TO_FIRST, TO_LAST = (0, 1, 2, 3), (0, 3, 1, 2), (0, 2, 3, 1)


@pytest.fixture(scope="module")
def images():
    """Images NHWC."""
    return random_images(24, 8, 12, 3, dtype="u2")


@pytest.fixture(scope="module")
def expected(images):
    sources = reference.source_map(
        SECRET, LABELS, GRID.blocks, sources=4, rounds=2, probability=0.6
    )
    sources = sources.reshape(-1, GRID.rows, GRID.cols)
    return reference.apply(images, sources, GRID.row_edges, GRID.col_edges)


@pytest.fixture
def mixed(key):
    def mix_them(images, **options):
        parameters = {"block": (4, 5), "sources": 4, "rounds": 2, "probability": 0.6}
        return mix(images, LABELS, key=key, **parameters, **options)

    return mix_them


@pytest.fixture
def gathered(monkeypatch):
    """Records the arrays of bytes between which the loops of the CPU move blocks."""
    arrays = []

    def record(out, images, *arguments):
        arrays.append((out, images))
        return original(out, images, *arguments)

    original = cpu.gather
    monkeypatch.setattr(cpu, "gather", record)
    return arrays


def in_memory(images, order):
    """A copy whose axes lie in memory in this order."""
    return images.transpose(order).copy().transpose(np.argsort(order))


def every_second(images, order):
    """A view whose images lie in memory in this order, with a gap after each, backwards."""
    around = np.zeros((2 * len(images), *images.shape[1:]), images.dtype)
    view = in_memory(around, order)[::-2]
    view[:] = images
    return view


@pytest.mark.parametrize("placed", [in_memory, every_second])
@pytest.mark.parametrize(
    ("layout", "order"),
    [("NHWC", AS_IT_IS), ("NHWC", TO_FIRST), ("NCHW", AS_IT_IS), ("NCHW", TO_LAST)],
)
def test_images_and_results_lie_as_they_lay(
    images, expected, mixed, gathered, layout, order, placed
):
    """The loops read the memory of the images, and write that of the result."""
    if layout == "NCHW":
        images, expected = images.transpose(TO_FIRST), expected.transpose(TO_FIRST)
    images = placed(images, order)
    result = mixed(images, layout=layout)
    assert np.array_equal(result, expected)
    assert result.transpose(order).flags.c_contiguous
    ((out_bytes, image_bytes),) = gathered
    assert image_bytes.ctypes.data == images.ctypes.data
    assert image_bytes.strides[0] == images.strides[0]
    assert out_bytes.ctypes.data == result.ctypes.data


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (3, 2, 1, 0), (1, 2, 3, 0)])
def test_any_other_order_is_copied_and_comes_back_contiguous(images, expected, mixed, order):
    result = mixed(in_memory(images, order))
    assert np.array_equal(result, expected)
    assert result.flags.c_contiguous


def test_parts_of_images_keep_the_order(expected, mixed):
    around = np.zeros((24, 5, 10, 16), "u2")
    images = around.transpose(TO_LAST)[:, 1:-1, 2:-2, 1:4]
    images[:] = random_images(24, 8, 12, 3, dtype="u2")
    result = mixed(images)
    assert np.array_equal(result, expected)
    assert result.transpose(TO_FIRST).flags.c_contiguous


def test_grey_images_in_another_order(images, expected, mixed):
    result = mixed(in_memory(images[..., 0], (0, 2, 1)))
    assert np.array_equal(result, expected[..., 0])
    assert result.flags.c_contiguous


def test_images_that_are_all_the_same_memory(images):
    """They have no stride, so libraries find no order of their axes."""
    alike = np.broadcast_to(images[0], images.shape)
    identity = SourceMap(np.tile(np.arange(24, dtype=np.int32)[:, None, None], (1, 2, 3)), GRID)
    result = identity.apply(alike)
    assert np.array_equal(result, alike)
    assert result.flags.c_contiguous


class TestOut:
    @pytest.mark.parametrize("order", [AS_IT_IS, TO_FIRST])
    @pytest.mark.parametrize("order_of_out", [AS_IT_IS, TO_FIRST])
    def test_may_lie_in_another_order(self, images, expected, mixed, gathered, order, order_of_out):
        out = every_second(np.zeros_like(images), order_of_out)
        images = in_memory(images, order)
        assert mixed(images, out=out) is out
        assert np.array_equal(out, expected)
        ((out_bytes, image_bytes),) = gathered
        assert out_bytes.ctypes.data == out.ctypes.data
        assert (image_bytes.ctypes.data == images.ctypes.data) == (order == order_of_out)

    def test_shares_memory_in_another_order(self, images, mixed):
        memory = in_memory(images, TO_FIRST)
        with pytest.raises(InputError, match="out shares memory with images"):
            mixed(memory, out=memory.transpose(TO_FIRST).reshape(images.shape))

    def test_overlaps_itself_in_another_order(self, images, mixed):
        planes = np.zeros((30, 8, 12), "u2")
        out = np.lib.stride_tricks.sliding_window_view(planes, 3, axis=0, writeable=True)[:24]
        with pytest.raises(InputError, match="on memory of its own"):
            mixed(images, out=out)


def test_arrays_of_cupy(fake_cupy, images):
    """New arrays on a device keep the order too, and are opened as they lie."""
    on_device = fake_cupy(in_memory(images.transpose(TO_FIRST), TO_LAST))
    out = new_out(on_device, "NCHW")
    assert out.strides == on_device.strides
    batch = open_out(out, on_device, "NCHW")
    opened = open_images(on_device, "NCHW").dense(batch.layout)
    for part, array in [(batch, out), (opened, on_device)]:
        assert (part.height, part.width, part.planes, part.pixel_bytes) == (8, 12, 1, 6)
        assert part.bytes().ctypes.data == array.data.ptr
        assert part.bytes().strides == (8 * 12 * 6, 1)
    assert new_out(fake_cupy(in_memory(images, (0, 2, 1, 3))), "NHWC").array.flags.c_contiguous
