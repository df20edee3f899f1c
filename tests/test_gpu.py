"""The host side of the CUDA backend, where no GPU is: choices and errors.

Arrays on a GPU are fakes of CuPy's here, whose memory is the host's. That shows what is checked
before anything is launched, and leaves unproven that real arrays look the same to it: tests/gpu
does that where there is a GPU.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer, InputError, InputTypeError, Key, WorkError, mix
from blockmix.arrays.batch import open_images, open_out
from blockmix.arrays.containers import location_of, on_host
from blockmix.arrays.location import enough_memory
from blockmix.backends import driver

ROOT = Path(__file__).parents[1]
LABELS = [0, 1] * 12


class FakeCupy:
    """A CuPy array as far as blockmix looks at one."""

    def __init__(self, array, device=0):
        self.array = array
        self.shape, self.strides, self.dtype = array.shape, array.strides, array.dtype
        self.data = SimpleNamespace(ptr=array.ctypes.data)
        self.device = SimpleNamespace(id=device)

    def get(self):
        return self.array.copy()


@pytest.fixture
def fake(monkeypatch):
    """Makes fakes, beside a module cupy whose arrays they are."""
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(ndarray=FakeCupy))
    return FakeCupy


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CUDA", "cuda:-1", 0, True])
def test_devices_that_have_no_meaning(device):
    with pytest.raises(InputError, match="device is 'cpu', 'cuda' or 'cuda:<index>'"):
        mix(random_images(24, 4, 4), LABELS, block=2, device=device)


def test_the_cpu_by_name(key):
    images = random_images(24, 4, 4)
    mixer = BlockMixer(block=2, key=key)
    assert np.array_equal(mixer(images, LABELS, device="cpu"), mixer(images, LABELS))


def test_without_numba_cuda_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(driver, "find_spec", lambda name: None)
    with pytest.raises(InputTypeError, match=r"pip install 'blockmix\[cuda13\]'"):
        mix(random_images(24, 4, 4), LABELS, block=2, device="cuda")


def test_after_a_fork_the_error_names_the_way_out(monkeypatch):
    monkeypatch.setattr(driver, "find_spec", lambda name: True)
    monkeypatch.setattr(driver, "_used_by", os.getpid() + 1)
    with pytest.raises(WorkError, match="start worker processes with the method 'spawn'"):
        mix(random_images(24, 4, 4), LABELS, block=2, device="cuda")


def test_without_a_driver(monkeypatch):
    """With numba-cuda a machine without a GPU says so; the test needs neither."""
    monkeypatch.setattr(driver, "find_spec", lambda name: True)
    monkeypatch.setattr("numba.cuda.is_available", lambda: False)
    with pytest.raises(WorkError, match=r"CUDA cannot be used .*: mix on the CPU"):
        mix(random_images(24, 4, 4), LABELS, block=2, device="cuda")


def test_nothing_is_written_before_an_error(monkeypatch):
    monkeypatch.setattr(driver, "find_spec", lambda name: None)
    out = np.zeros((24, 4, 4), np.uint8)
    with pytest.raises(InputTypeError):
        mix(random_images(24, 4, 4), LABELS, block=2, out=out, device="cuda")
    assert not out.any()


@pytest.mark.parametrize(
    "error",
    [
        type("OutOfMemoryError", (Exception,), {})("of CuPy or torch"),
        RuntimeError("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY"),
        RuntimeError("CUDA error: out of memory"),
    ],
)
def test_too_little_device_memory(error):
    needed = pytest.raises(WorkError, match="3 MiB more of device or pinned memory are needed")
    with needed, enough_memory(3 << 20):
        raise error


def test_other_errors_stay_what_they_are():
    with pytest.raises(ZeroDivisionError), enough_memory(1):
        raise ZeroDivisionError


class TestFakeArrays:
    def test_the_view_is_of_the_same_memory(self, fake):
        images = random_images(24, 4, 6, 3)
        batch = open_images(fake(images), "NHWC")
        assert (batch.height, batch.width, batch.pixel_bytes, batch.planes) == (4, 6, 3, 1)
        assert batch.location.name == "cuda:0"
        assert batch.bytes().ctypes.data == images.ctypes.data
        assert batch.bytes().strides == (72, 1)

    def test_any_dtype_is_bytes(self, fake):
        images = random_images(24, 4, 6, dtype="f8")
        assert open_images(fake(images), "NHWC").bytes().shape == (24, 4 * 6 * 8)

    def test_out_on_another_device(self, fake):
        images = random_images(24, 4, 6)
        with pytest.raises(InputError, match="out is on cuda:1 and images are on cuda:0"):
            open_out(fake(np.zeros_like(images), device=1), fake(images), "NHWC")

    def test_out_on_the_host(self, fake):
        images = random_images(24, 4, 6)
        with pytest.raises(InputTypeError, match="out must be of the same kind as images"):
            open_out(np.zeros_like(images), fake(images), "NHWC")

    def test_out_that_overlaps(self, fake):
        memory = random_images(30, 4, 6)
        with pytest.raises(InputError, match="out shares memory with images"):
            open_out(fake(memory[6:]), fake(memory[:24]), "NHWC")

    @pytest.mark.parametrize("device", ["cpu", "cuda:1"])
    def test_images_do_not_leave_their_device(self, fake, device):
        with pytest.raises(InputError, match="the images are on cuda:0, but device is"):
            mix(fake(random_images(24, 4, 6)), LABELS, block=2, device=device)

    def test_labels_come_to_the_host(self, fake):
        labels = np.array(LABELS)
        assert type(on_host(fake(labels))) is np.ndarray
        mixer = BlockMixer(block=2, key=Key.from_seed(0))
        assert mixer.plan(fake(labels), 4, 4) == mixer.plan(labels, 4, 4)

    def test_where_a_map_is_drawn(self, fake):
        assert location_of(fake(random_images(2, 2, 2), device=3), "like").name == "cuda:3"
        assert location_of(None, "like").name == "cpu"


def test_the_tests_for_a_gpu_can_be_collected():
    """They run nowhere else than on a GPU, so that much is seen here."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/gpu"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"[5-9]\d tests collected", done.stdout)


def test_the_check_says_what_it_needs():
    """Where no GPU is: a line, and exit code 2."""
    command = [sys.executable, "bench/gpu_check.py"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, env=environment
    )
    assert done.returncode == 2, done.stderr
    assert "This needs a GPU that numba-cuda, CuPy and torch can use." in done.stdout
