"""The gather on the CPU: move bytes according to a map, all images in parallel.

An image is a run of bytes: planes, each of lines, each of bytes. A block is a range of lines and
a range of bytes, the same in every plane; it is copied line by line.
"""

from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic

from .threads import parallel


@intrinsic
def copy_bytes(typingctx, destination, source, count):
    """``memcpy`` between two addresses."""

    def codegen(context, builder, signature, arguments):
        pointer = context.get_value_type(types.voidptr)
        to, origin, size = arguments
        cgutils.raw_memcpy(
            builder,
            builder.inttoptr(to, pointer),
            builder.inttoptr(origin, pointer),
            size,
            itemsize=1,
        )
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


@parallel
def gather_bytes(out, out_stride, images, images_stride, sources, row_edges, byte_edges, planes):
    """See `gather`. Addresses, so that one compilation serves every stride and every dtype."""
    rows, cols = sources.shape[1:]
    line_bytes = byte_edges[cols]
    plane_bytes = row_edges[rows] * line_bytes
    for i in prange(sources.shape[0]):
        for plane in range(planes):
            for row in range(rows):
                for line in range(row_edges[row], row_edges[row + 1]):
                    offset = plane * plane_bytes + line * line_bytes
                    to = out + i * out_stride + offset
                    for col in range(cols):
                        begin = byte_edges[col]
                        copy_bytes(
                            to + begin,
                            images + sources[i, row, col] * images_stride + offset + begin,
                            byte_edges[col + 1] - begin,
                        )


def gather(out, images, sources, row_edges, byte_edges, planes):
    """Copy every block of ``out`` from the image that the map names.

    Parameters
    ----------
    out, images : (N, planes * lines * bytes of a line) uint8
        The last axis is contiguous, the first may have any stride. ``out`` is written.
    sources : (N, rows, cols) int32
    row_edges : (rows + 1,) int64
        Lines at which blocks begin, and the end.
    byte_edges : (cols + 1,) int64
        Bytes of a line at which blocks begin, and the end.
    planes : int
    """
    gather_bytes(
        out.ctypes.data,
        out.strides[0],
        images.ctypes.data,
        images.strides[0],
        sources,
        row_edges,
        byte_edges,
        planes,
    )
