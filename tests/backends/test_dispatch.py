"""Which backend mixes which arrays, and what is refused before anything is written."""

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer, InputError, InputTypeError, mix
from blockmix.backends import driver

LABELS = [0, 1] * 12


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CUDA", "cuda:-1", 0, True])
def test_devices_that_have_no_meaning(device):
    with pytest.raises(InputError, match="device is 'cpu', 'cuda' or 'cuda:<index>'"):
        mix(random_images(24, 4, 4), LABELS, block=2, device=device)


def test_the_cpu_by_name(key):
    images = random_images(24, 4, 4)
    mixer = BlockMixer(block=2, key=key)
    assert np.array_equal(mixer(images, LABELS, device="cpu"), mixer(images, LABELS))


@pytest.mark.parametrize("device", ["cpu", "cuda:1"])
def test_images_do_not_leave_their_device(fake_cupy, device):
    with pytest.raises(InputError, match="the images are on cuda:0, but device is"):
        mix(fake_cupy(random_images(24, 4, 6)), LABELS, block=2, device=device)


def test_nothing_is_written_before_an_error(monkeypatch):
    monkeypatch.setattr(driver, "find_spec", lambda name: None)
    out = np.zeros((24, 4, 4), np.uint8)
    with pytest.raises(InputTypeError):
        mix(random_images(24, 4, 4), LABELS, block=2, out=out, device="cuda")
    assert not out.any()
