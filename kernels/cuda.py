"""The one module that imports `numba.cuda`, so that a successor can be swapped in here.

Kernels are launched in the first dimension, which allows 2**31 - 1 blocks of threads; the other
dimensions allow 65,535.
"""

from numba import config, cuda

# Threads per block: a multiple of the 32 of a warp, few enough that small batches still give every
# multiprocessor several blocks. Not measured yet.
THREADS = 128
# numba warns about fewer blocks, even if a batch is small. Blocks without work end at once.
MIN_BLOCKS = 128


def kernel(function):
    """Compile a CUDA loop when it is first called.

    It is not cached on disk: numba would not notice an edit of the scalar rule that it calls.
    """
    return cuda.jit(function)


def device(function):
    """Make a function on arrays callable from kernels; functions on scalars are `numba.njit`."""
    return cuda.jit(function, device=True, inline="always")


def blocks_for(items):
    """The number of blocks that give each item a thread."""
    return (items + THREADS - 1) // THREADS


def launch(compiled, blocks, stream, *arguments):
    """Run a kernel on a stream, without waiting for it."""
    compiled[max(blocks, MIN_BLOCKS), THREADS, stream](*arguments)


def keep_context(device):
    """Give this thread a current context if it has none.

    numba frees device memory in finalizers, which may run at any time and need a context.
    """
    if config.ENABLE_CUDASIM:
        return
    from numba.cuda.cudadrv.driver import driver

    with driver.get_active_context() as active:
        if active:
            return
    cuda.current_context(device)


class _Address:
    """Memory of another library, in the form that numba reads."""

    def __init__(self, owner, address, count, dtype):
        self.owner = owner  # keeps the memory alive
        self.__cuda_array_interface__ = {
            "version": 3,
            "shape": (count,),
            "strides": None,
            "typestr": dtype.str,
            "data": (address, False),
        }


def array_at(owner, address, count, dtype):
    """A flat device array over memory that another library allocated, without waiting for it."""
    return cuda.as_cuda_array(_Address(owner, address, count, dtype), sync=False)
