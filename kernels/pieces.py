"""Cutting an image into pieces: a piece is the part of one block in one line.

The bytes of an image are planes of lines. A block is a range of lines and a range of bytes of a
line, the same in every plane.
"""

import numpy as np


def cut_image(row_edges, byte_edges, planes, cuts=()):
    """Cut an image into pieces, in the order of their addresses.

    Parameters
    ----------
    row_edges, byte_edges : (rows + 1,), (cols + 1,) int64
        Lines at which rows of blocks begin, bytes of a line at which blocks begin, and the ends.
    planes : int
    cuts : (cuts,) int64
        Further bytes of an image at which to cut.

    Returns
    -------
    edges : (pieces + 1,) int64
        Bytes of an image at which pieces begin, and the end.
    row, col : (pieces,) int64
        The row and column of the block that each piece belongs to.
    """
    height, line_bytes = row_edges[-1], byte_edges[-1]
    lines = np.arange(planes * height)[:, None] * line_bytes
    edges = np.append((lines + byte_edges[:-1]).ravel(), [*cuts, planes * height * line_bytes])
    edges.sort(kind="stable")  # two sorted runs: far quicker than NumPy's set functions
    edges = edges[np.append(True, edges[1:] != edges[:-1])]
    line, line_byte = np.divmod(edges[:-1], line_bytes)
    row = np.searchsorted(row_edges, line % height, "right") - 1
    col = np.searchsorted(byte_edges, line_byte, "right") - 1
    return edges, row, col
