"""Errors of libraries whose device memory is used up."""

import pytest

from blockmix import WorkError
from blockmix.arrays.location import enough_memory


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
