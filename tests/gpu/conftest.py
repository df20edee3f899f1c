"""Tests for a machine with a GPU, CuPy and torch: ``python bench/gpu_check.py`` runs them.

Nothing is skipped for want of one of these: without them the tests fail.
"""

import numpy as np
import pytest


class Cupy:
    """CuPy arrays, and NumPy's way to them and back."""

    def put(self, array):
        import cupy

        return cupy.asarray(array)

    def get(self, array):
        return array.get()

    def address(self, array):
        return array.data.ptr


class Torch:
    def put(self, array):
        import torch

        return torch.from_numpy(np.ascontiguousarray(array)).cuda()

    def get(self, array):
        return array.cpu().numpy()

    def address(self, array):
        return array.data_ptr()


@pytest.fixture(params=[Cupy, Torch], ids=["cupy", "torch"])
def library(request):
    return request.param()
