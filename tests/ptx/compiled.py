"""The CUDA kernels, compiled to PTX for five generations of GPUs; no driver is needed."""

from functools import cache

from numba import boolean, int32, int64, types, uint8, uint16, uint32, uint64

from blockmix.kernels import draw_cuda, gather_cuda
from blockmix.kernels.cuda import cuda

# Turing, Ampere, Hopper, and Blackwell for data centres and for desktops.
CAPABILITIES = [(7, 5), (8, 0), (9, 0), (10, 0), (12, 0)]

MAPS = (int32[::1], int32[::1])
KEY = types.UniTuple(uint32, 8)
CLASSES = (KEY, int64, uint64[::1], int32[::1], int64[::1], int32[::1])


def gather_signature(word):
    words, size = (word[::1], int64, int64), (int64, int64)
    maps, table = (int32[::1], int32[::1], int64), (int32[::1], word[::1], int64)
    return (*words, *words, *size, *maps, *table, int64)


KERNELS = {
    "fill_pools": (draw_cuda.fill_pools, (int32[::1], int64, *CLASSES)),
    "throw_dice": (
        draw_cuda.throw_dice,
        (*MAPS, boolean, int64, int64, int32[::1], int64, *CLASSES, uint64[::1], uint64[::1]),
    ),
    "gather_words of 64 bits": (gather_cuda.gather_words, gather_signature(uint64)),
    "gather_words of 32 bits": (gather_cuda.gather_words, gather_signature(uint32)),
    "gather_words of 16 bits": (gather_cuda.gather_words, gather_signature(uint16)),
    "gather_words of 8 bits": (gather_cuda.gather_words, gather_signature(uint8)),
}


@cache
def ptx(kernel, signature, capability):
    """The PTX of a kernel for the types of its arguments and a generation of GPUs."""
    code, _ = cuda.compile(
        kernel.py_func,
        types.void(*signature),
        device=False,
        cc=capability,
        output="ptx",
        abi="numba",
    )
    return code
