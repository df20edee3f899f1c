"""Whether numba can use CUDA, or why not."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from blockmix.errors import InputTypeError, WorkError
from blockmix.support.extras import installation

_cuda_process: int | None = None  # the id of the process that first used CUDA


def numba_cuda() -> Any:
    """`numba.cuda`, after checks whose errors name the way out, as its own do not."""
    global _cuda_process
    if _cuda_process == os.getpid():  # checked once, as every call comes here several times
        from blockmix.kernels.cuda import cuda

        return cuda
    if find_spec("numba_cuda") is None:
        raise InputTypeError(
            f"mixing on a GPU needs numba-cuda: {installation('cuda13')} (or cuda12, for drivers "
            "before 580), or bring the images to the CPU"
        )
    if _cuda_process is not None:
        raise WorkError(
            "CUDA was used before this process was forked, and does not survive that: start "
            "worker processes with the method 'spawn' or 'forkserver'"
        )
    from blockmix.kernels.cuda import cuda

    if not cuda.is_available():
        raise WorkError(
            f"CUDA cannot be used ({_reason(cuda)}): mix on the CPU, or, in a process that was "
            "forked after CUDA had been used, start workers with the method 'spawn'"
        )
    _cuda_process = os.getpid()
    return cuda


def _reason(cuda: Any) -> str:
    try:
        return f"{len(cuda.gpus)} GPUs, but no compiler: is the extra for this driver installed?"
    except Exception as error:  # numba's driver layer raises several kinds
        return " ".join(str(error).split()).strip(" :.") or "no GPU with a working driver"


def devices() -> list[str]:
    """The names of the GPUs that can be used, in the order of their indices."""
    if find_spec("numba_cuda") is None:
        return []
    from blockmix.kernels.cuda import cuda

    if not cuda.is_available():
        return []
    names = (device.name for device in cuda.list_devices())
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
