"""The one module that imports `numba.cuda`, so that a successor can be swapped in here.

Kernels are launched in one dimension, which reaches to 2**31 - 1 blocks of threads where the
others end at 65,535.
"""

from numba import config, cuda

# Threads of a block: a multiple of the 32 of a warp, few enough that small batches still give
# every multiprocessor several blocks. Not measured yet.
THREADS = 128
# numba warns of fewer, as it does not know that small batches are meant; the rest ends at once.
LEAST_BLOCKS = 128


def kernel(function):
    """Compile a CUDA loop for the types that it is first called with.

    Nothing is kept on disk: numba would not notice an edit of the scalar rule that it calls.
    """
    return cuda.jit(function)


def device(function):
    """A part of kernels that takes arrays; parts that take scalars only are `numba.njit`."""
    return cuda.jit(function, device=True, inline="always")


def blocks_for(items):
    """Blocks of threads, for a thread each."""
    return (items + THREADS - 1) // THREADS


def launch(compiled, blocks, stream, *arguments):
    """Run a kernel on a stream, without waiting for it."""
    compiled[max(blocks, LEAST_BLOCKS), THREADS, stream](*arguments)


def keep_context(device):
    """Leave a context current on a thread that has none.

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
    """Memory of another library, as numba takes it."""

    def __init__(self, owner, address, count, dtype):
        self.owner = owner  # kept alive
        self.__cuda_array_interface__ = {
            "version": 3,
            "shape": (count,),
            "strides": None,
            "typestr": dtype.str,
            "data": (address, False),
        }


def array_at(owner, address, count, dtype):
    """A flat device array over memory that another library has allocated; not waited for."""
    return cuda.as_cuda_array(_Address(owner, address, count, dtype), sync=False)
