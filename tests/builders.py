"""Shared parts of tests: a fixed key, small image sets, folders of images, the command line."""

import contextlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from blockmix.datasets import jpeg

SECRET = bytes(range(32))
COMMAND = str(Path(sys.executable).with_name("blockmix"))


def random_images(*shape, dtype=np.uint8, seed=0):
    """Images of random bytes, so that every block of every image differs from every other."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    data = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    return data.view(dtype).reshape(shape)


def write_images(folder, labels, *, size=(16, 16), suffix=".png", seed=0, grey=False):
    """Write random images as ``folder/<label>/<number>``; ``labels`` maps a label to a count."""
    rng = np.random.default_rng(seed)
    channels = () if grey else (3,)
    for label, count in labels.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 256, (*size, *channels), np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number:03}{suffix}")
    return folder


def read_tree(folder):
    """Every file below a folder, as a mapping from relative path to bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextlib.contextmanager
def pillow_alone():
    """JPEGs are decoded as where simplejpeg is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg, "simplejpeg", None)
        yield


class FakeDevice(contextlib.nullcontext):
    def __init__(self, number):
        super().__init__()
        self.id = number


class FakeCupy:
    """A CuPy array as far as blockmix looks at one, in memory of the host.

    It shows what is checked before anything is launched. That real arrays look the same is left
    to tests/gpu.
    """

    def __init__(self, array, device=0):
        self.array = array
        self.shape, self.strides, self.dtype = array.shape, array.strides, array.dtype
        self.data = SimpleNamespace(ptr=array.ctypes.data)
        self.device = FakeDevice(device)

    def get(self):
        return self.array.copy()

    def empty_like(self, order):
        """The function of the module, which NumPy has with the same meaning of ``order``."""
        return FakeCupy(np.empty_like(self.array, order=order), self.device.id)
