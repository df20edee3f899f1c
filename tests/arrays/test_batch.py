"""Device arrays as batches of bytes, and checks of out: what is looked at before a launch."""

import numpy as np
import pytest
from builders import random_images

from blockmix import InputError, InputTypeError
from blockmix.arrays.batch import open_images, open_out


def test_the_view_is_of_the_same_memory(fake_cupy):
    images = random_images(24, 4, 6, 3)
    batch = open_images(fake_cupy(images), "NHWC")
    assert (batch.height, batch.width, batch.pixel_bytes, batch.planes) == (4, 6, 3, 1)
    assert batch.location.name == "cuda:0"
    assert batch.bytes().ctypes.data == images.ctypes.data
    assert batch.bytes().strides == (72, 1)


def test_any_dtype_is_bytes(fake_cupy):
    images = random_images(24, 4, 6, dtype="f8")
    assert open_images(fake_cupy(images), "NHWC").bytes().shape == (24, 4 * 6 * 8)


def test_out_on_another_device(fake_cupy):
    images = random_images(24, 4, 6)
    with pytest.raises(InputError, match="out is on cuda:1 and images are on cuda:0"):
        open_out(fake_cupy(np.zeros_like(images), device=1), fake_cupy(images), "NHWC")


def test_out_on_the_host(fake_cupy):
    images = random_images(24, 4, 6)
    with pytest.raises(InputTypeError, match="out must be of the same kind as images"):
        open_out(np.zeros_like(images), fake_cupy(images), "NHWC")


def test_out_that_overlaps(fake_cupy):
    memory = random_images(30, 4, 6)
    with pytest.raises(InputError, match="out shares memory with images"):
        open_out(fake_cupy(memory[6:]), fake_cupy(memory[:24]), "NHWC")
