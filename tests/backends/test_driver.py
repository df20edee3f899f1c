"""Why CUDA cannot be used, where it cannot."""

import os

import pytest
from builders import random_images

from blockmix import InputTypeError, WorkError, mix
from blockmix.backends import driver

LABELS = [0, 1] * 12


def test_without_numba_cuda_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(driver, "find_spec", lambda name: None)
    with pytest.raises(InputTypeError, match=r"pip install '\.\[cuda13\]' in a checkout"):
        mix(random_images(24, 4, 4), LABELS, block=2, device="cuda")


def test_after_a_fork_the_error_names_the_way_out(monkeypatch):
    monkeypatch.setattr(driver, "find_spec", lambda name: True)
    monkeypatch.setattr(driver, "_cuda_process", os.getpid() + 1)
    with pytest.raises(WorkError, match="start worker processes with the method 'spawn'"):
        mix(random_images(24, 4, 4), LABELS, block=2, device="cuda")


def test_without_a_driver(monkeypatch):
    """With numba-cuda a machine without a GPU says so; the test needs neither."""
    monkeypatch.setattr(driver, "find_spec", lambda name: True)
    monkeypatch.setattr("numba.cuda.is_available", lambda: False)
    with pytest.raises(WorkError, match=r"CUDA cannot be used .*: mix on the CPU"):
        mix(random_images(24, 4, 4), LABELS, block=2, device="cuda")
