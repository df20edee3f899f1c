"""The public function `resize`: layouts, kinds of arrays, out, and what it refuses."""

import subprocess
import sys

import numpy as np
import pytest
from builders import random_images
from hypothesis import given, settings
from hypothesis import strategies as st
from resize_oracle import images, pillow_resized

from blockmix import InputError, InputTypeError, resize

LAYOUTS = ["HW", "HWC", "CHW", "NHW", "NHWC", "NCHW"]
LENGTHS = {"N": 5, "H": 37, "W": 50, "C": 3}
NEW_SIZE = (20, 60)


def in_layout(layout):
    """Images in a layout, and the same as Pillow resizes them."""
    full = random_images(*(LENGTHS[axis] if axis in layout else 1 for axis in "NHWC"))
    resized = np.stack([pillow_resized(image, NEW_SIZE) for image in full])
    return (_reordered(array, layout) for array in (full, resized))


def _reordered(array, layout):
    for axis in reversed(range(4)):
        if "NHWC"[axis] not in layout:
            array = array.squeeze(axis)
    axes = ["".join(axis for axis in "NHWC" if axis in layout).index(axis) for axis in layout]
    return np.ascontiguousarray(array.transpose(axes))


@settings(max_examples=50)
@given(image=images(60), size=st.tuples(st.integers(1, 60), st.integers(1, 60)))
def test_any_image_equals_pillow(image, size):
    assert np.array_equal(resize(image, size, layout="HWC"), pillow_resized(image, size))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(layout):
    original, expected = in_layout(layout)
    before = original.copy()
    result = resize(original, NEW_SIZE, layout=layout)
    assert result.flags.c_contiguous
    assert result.dtype == np.uint8
    assert np.array_equal(result, expected)
    assert np.array_equal(original, before)


@pytest.mark.parametrize("layout", ["HW", "NHW", "NHWC"])
def test_layouts_that_need_not_be_named(layout):
    original, expected = in_layout(layout)
    assert np.array_equal(resize(original, NEW_SIZE), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("view", ["reversed", "strided", "cropped", "Fortran"])
def test_any_view_is_resized_as_its_contents(layout, view):
    original, expected = in_layout(layout)
    if view == "reversed":
        original = original[::-1].copy()[::-1]
    elif view == "strided":
        original = np.repeat(original, 2, axis=-1)[..., ::2]
    elif view == "cropped":
        original = np.pad(original, 1)[(slice(1, -1),) * original.ndim]
    else:
        original = np.asfortranarray(original)
    assert np.array_equal(resize(original, NEW_SIZE, layout=layout), expected)


def test_read_only_images():
    original, expected = in_layout("HWC")
    original.flags.writeable = False
    assert np.array_equal(resize(original, NEW_SIZE, layout="HWC"), expected)


@pytest.mark.parametrize(("layout", "moved"), [("HWC", (2, 0, 1)), ("NCHW", (0, 2, 3, 1))])
def test_channels_stay_where_they_are_in_memory(layout, moved):
    original, expected = in_layout(layout)
    back = np.argsort(moved)
    original = np.ascontiguousarray(original.transpose(moved)).transpose(back)
    result = resize(original, NEW_SIZE, layout=layout)
    assert np.array_equal(result, expected)
    assert result.transpose(moved).flags.c_contiguous


def test_one_number_is_both_sides():
    image = random_images(9, 7)
    assert np.array_equal(resize(image, 5), resize(image, (5, 5)))


def test_the_same_size_is_a_copy():
    image = random_images(9, 70)
    result = resize(image, (9, 70))
    assert np.array_equal(result, image)
    assert not np.shares_memory(result, image)


def test_no_images():
    assert resize(np.empty((0, 8, 9, 3), np.uint8), (4, 5)).shape == (0, 4, 5, 3)


def test_images_larger_than_the_memory_that_is_kept():
    image = random_images(8, 60000, 3)
    assert np.array_equal(resize(image, (9, 5000), layout="HWC"), pillow_resized(image, (9, 5000)))


class TestOut:
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_is_written_and_returned(self, layout):
        original, expected = in_layout(layout)
        out = np.zeros_like(expected)
        assert resize(original, NEW_SIZE, layout=layout, out=out) is out
        assert np.array_equal(out, expected)

    @pytest.mark.parametrize("images_last", [True, False])
    @pytest.mark.parametrize("out_last", [True, False])
    def test_may_have_its_channels_elsewhere_than_images(self, images_last, out_last):
        original, expected = in_layout("NCHW")
        if images_last:
            original = np.ascontiguousarray(original.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
        out = np.zeros_like(expected)
        if out_last:
            out = np.zeros((5, *NEW_SIZE, 3), np.uint8).transpose(0, 3, 1, 2)
        assert np.array_equal(resize(original, NEW_SIZE, layout="NCHW", out=out), expected)

    @pytest.mark.parametrize(
        ("out", "rule"),
        [
            (np.zeros((20, 61), np.uint8), r"out must be \(20, 60\) of uint8, got \(20, 61\)"),
            (np.zeros((20, 60), np.int8), "of uint8, got .* of int8"),
            (np.zeros((20, 120), np.uint8)[:, ::2], "out must be C-contiguous"),
            (np.frombuffer(bytes(1200), np.uint8).reshape(20, 60), "read-only"),
        ],
    )
    def test_that_cannot_be_used(self, out, rule):
        before = out.copy()
        with pytest.raises(InputError, match=rule):
            resize(random_images(9, 70), NEW_SIZE, out=out)
        assert np.array_equal(out, before)

    def test_shares_no_memory_with_images(self):
        memory = random_images(100, 60)
        with pytest.raises(InputError, match="shares memory"):
            resize(memory[10:], NEW_SIZE, out=memory[:20])

    def test_is_of_the_same_kind(self, torch):
        with pytest.raises(InputTypeError, match="same kind as images: NumPy"):
            resize(random_images(9, 70), NEW_SIZE, out=torch.zeros(NEW_SIZE, dtype=torch.uint8))


class TestRefused:
    @pytest.mark.parametrize(
        "size", [0, -1, (0, 5), (5, 0), 65536, (5, 2.0), (5,), (5, 5, 5), "5x5", None, 1.5]
    )
    def test_sizes(self, size):
        with pytest.raises(InputError, match=r"size is \(height, width\), each from 1 to 65535"):
            resize(random_images(9, 70), size)

    @pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.float32, np.bool_, object])
    def test_dtypes(self, dtype):
        with pytest.raises(InputTypeError, match="images to be resized are uint8, got"):
            resize(np.zeros((9, 70), dtype), 5)

    def test_kinds(self):
        with pytest.raises(InputTypeError, match="blockmix takes NumPy arrays or torch"):
            resize([[1, 2], [3, 4]], 5)
        with pytest.raises(InputTypeError, match="masked"):
            resize(np.ma.zeros((9, 70), np.uint8), 5)

    @pytest.mark.parametrize("channels", [1, 2, 3, 4])
    def test_three_axes_that_could_be_either(self, channels):
        with pytest.raises(InputError, match="pass layout='NHW' or layout='HWC'"):
            resize(random_images(9, 70, channels), 5)

    @pytest.mark.parametrize(
        ("shape", "layout", "rule"),
        [
            ((9,), None, r"images have two to four axes, got shape \(9,\)"),
            ((1, 2, 3, 4, 5), None, "images have two to four axes"),
            ((9, 70), "HWC", "images of layout HWC have 3 axes, got"),
            ((9, 70), "WH", "layout is one of HW, HWC, CHW, NHW, NHWC, NCHW, got 'WH'"),
            ((9, 70), 2, "layout is one of .*, got 2"),
            ((2, 9, 70, 5), None, "images have 1 to 4 channels, got 5 .* name the axes by layout="),
            ((2, 3, 70, 70), None, "images have 1 to 4 channels, got 70"),
            ((2, 0, 70, 70), "NCHW", "images have 1 to 4 channels, got 0"),
            ((0, 70), None, "1 to 65535 pixels a side, got 0 x 70"),
            ((65536, 1), None, "1 to 65535 pixels a side, got 65536 x 1"),
        ],
    )
    def test_shapes(self, shape, layout, rule):
        with pytest.raises(InputError, match=rule):
            resize(np.zeros(shape, np.uint8), 5, layout=layout)

    def test_arrays_on_a_device(self, fake_cupy):
        with pytest.raises(InputError, match="resized on the CPU, but they are on cuda:0: copy"):
            resize(fake_cupy(random_images(9, 70)), 5)

    def test_without_the_compiler(self):
        code = "import numpy, blockmix; blockmix.resize(numpy.zeros((2, 2), numpy.uint8), 1)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env={"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": ":".join(sys.path)},
        )
        assert "unset NUMBA_DISABLE_JIT" in done.stderr.splitlines()[-1]


class TestTorch:
    def test_every_layout(self, torch):
        for layout in LAYOUTS:
            original, expected = in_layout(layout)
            result = resize(torch.from_numpy(original), NEW_SIZE, layout=layout)
            assert isinstance(result, torch.Tensor)
            assert result.is_contiguous()
            assert np.array_equal(result.numpy(), expected)

    def test_channels_last(self, torch):
        original, expected = in_layout("NCHW")
        tensor = torch.from_numpy(original).contiguous(memory_format=torch.channels_last)
        result = resize(tensor, NEW_SIZE, layout="NCHW")
        assert result.is_contiguous(memory_format=torch.channels_last)
        assert np.array_equal(result.numpy(), expected)

    def test_out(self, torch):
        original, expected = in_layout("NHWC")
        out = torch.zeros(expected.shape, dtype=torch.uint8)
        assert resize(torch.from_numpy(original), NEW_SIZE, out=out) is out
        assert np.array_equal(out.numpy(), expected)

    def test_dtypes_that_are_refused(self, torch):
        for dtype in (torch.int8, torch.bool, torch.float16):
            with pytest.raises(InputTypeError, match="images to be resized are uint8, got torch"):
                resize(torch.zeros((9, 70), dtype=dtype), 5)
