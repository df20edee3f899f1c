"""Source maps: their arrays, and the images that they can be applied to."""

import copy
import pickle

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockGrid, InputError, InputTypeError, SourceMap

GRID = BlockGrid.even(4, 6, 2)


def identity(count=3):
    return SourceMap(np.tile(np.arange(count, dtype=np.int32)[:, None, None], (1, 2, 3)), GRID)


def test_a_map_is_immutable_and_independent_of_its_array():
    sources = np.zeros((2, 2, 3), np.int32)
    plan = SourceMap(sources, GRID)
    sources[:] = 1
    assert not plan.sources.any()
    with pytest.raises(ValueError, match="read-only"):
        plan.sources[0] = 1
    with pytest.raises(AttributeError):
        plan.grid = GRID


def test_a_map_cannot_be_changed_through_another_view():
    sources = np.zeros((2, 2, 3), np.int32)
    view = sources.view()
    view.flags.writeable = False
    plan = SourceMap(view, GRID)
    sources[:] = 2**30
    assert not plan.sources.any()


def through_pickle(plan):
    return pickle.loads(pickle.dumps(plan))  # noqa: S301


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, through_pickle])
def test_copies_are_as_immutable(copied):
    assert copied(identity()) == identity()
    assert not copied(identity()).sources.flags.writeable


def test_the_grid_is_a_grid():
    with pytest.raises(InputTypeError, match="grid is a BlockGrid, got str"):
        SourceMap(np.zeros((2, 2, 3), np.int32), "grid")


def test_maps_compare_by_value():
    assert identity() == identity()
    assert identity() != identity(4)
    assert identity() != "a map"


def test_a_map_does_not_show_itself():
    assert repr(identity()) == "SourceMap(3 images, 2 x 3 blocks of an image of 4 x 6)"


@pytest.mark.parametrize(
    ("sources", "error", "message"),
    [
        (np.zeros((2, 2, 3), np.int64), InputTypeError, "array of int32, got int64"),
        ([[[0]]], InputTypeError, "array of int32, got list"),
        (np.zeros((2, 3, 2), np.int32), InputError, r"shape \(N, 2, 3\) for this grid"),
        (np.zeros((2, 6), np.int32), InputError, r"shape \(N, 2, 3\) for this grid"),
        (np.full((2, 2, 3), 2, np.int32), InputError, "names images 0 to 1, but reaches from 2"),
        (np.full((2, 2, 3), -1, np.int32), InputError, "names images 0 to 1, but reaches from -1"),
    ],
)
def test_bad_maps(sources, error, message):
    with pytest.raises(error, match=message):
        SourceMap(sources, GRID)


@pytest.mark.parametrize("shape", [(2, 4, 6), (3, 6, 4), (3, 4, 7, 3)])
def test_images_of_another_number_or_size(shape):
    with pytest.raises(InputError, match="the map is for 3 images of 4 x 6"):
        identity().apply(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(3,), (3, 4), (3, 4, 6, 1, 1)])
def test_images_of_other_dimensions(shape):
    with pytest.raises(InputError, match="images have shape"):
        identity().apply(np.zeros(shape, np.uint8))


def test_an_unknown_layout():
    with pytest.raises(InputError, match="layout is one of NHWC, NCHW, got 'HWCN'"):
        identity().apply(np.zeros((3, 4, 6), np.uint8), layout="HWCN")


@pytest.mark.parametrize("dtype", [object, np.dtypes.StringDType(), "V0"])
def test_dtypes_without_a_fixed_size(dtype):
    with pytest.raises(InputTypeError, match="the dtype must have a fixed size"):
        identity().apply(np.empty((3, 4, 6), dtype))


@pytest.mark.parametrize("images", [[[[1]]], "images", None, memoryview(b"abc")])
def test_other_containers(images):
    with pytest.raises(InputTypeError, match="blockmix takes NumPy arrays or torch"):
        identity().apply(images)


def test_masked_arrays():
    with pytest.raises(InputTypeError, match="mask would be lost"):
        identity().apply(np.ma.zeros((3, 4, 6)))


class TestOut:
    images = random_images(3, 4, 6, 3)

    def refused(self, out, error, message, images=None):
        before = self.images.copy()
        with pytest.raises(error, match=message):
            identity().apply(self.images if images is None else images, out)
        assert np.array_equal(self.images, before)

    def test_is_filled_and_returned(self):
        out = np.empty_like(self.images)
        assert identity().apply(self.images, out) is out
        assert np.array_equal(out, self.images)

    def test_of_another_shape(self):
        self.refused(np.empty((3, 4, 6), np.uint8), InputError, r"out must be like images, \(3, 4")

    def test_of_another_dtype(self):
        self.refused(np.empty((3, 4, 6, 3), np.int8), InputError, "got .* of int8")

    def test_of_another_byte_order(self):
        images = np.zeros((3, 4, 6), ">u2")
        self.refused(np.zeros((3, 4, 6), "<u2"), InputError, "out must be like", images)

    def test_of_another_kind(self):
        self.refused([1], InputTypeError, "out is a builtins.list")

    def test_read_only(self):
        out = np.empty_like(self.images)
        out.flags.writeable = False
        self.refused(out, InputError, "out is read-only")

    def test_not_contiguous_within_an_image(self):
        out = np.empty((3, 6, 4, 3), np.uint8).transpose(0, 2, 1, 3)
        message = "each image of out must be C-contiguous, with channels last or first in memory"
        self.refused(out, InputError, message)

    def test_overlapping_itself(self):
        out = np.lib.stride_tricks.as_strided(np.empty(400, np.uint8), (3, 4, 6, 3), (8, 18, 3, 1))
        self.refused(out, InputError, "on memory of its own")

    def test_the_images_themselves(self):
        self.refused(self.images, InputError, "out shares memory with images")

    def test_a_shifted_view_of_the_images(self):
        memory = random_images(4, 4, 6, 3)
        self.refused(memory[1:], InputError, "out shares memory", memory[:3])

    def test_interleaved_with_the_images_but_apart(self):
        memory = random_images(6, 4, 6, 3)
        images = memory[::2].copy()
        identity().apply(memory[::2], memory[1::2])
        assert np.array_equal(memory[1::2], images)
        assert np.array_equal(memory[::2], images)
