"""The gather on the CPU: move bytes according to a map, strip by strip.

What of a block lies in one line is a *piece*, see `pieces`.

A *strip* is the same few lines of all images of a *group* (a class, or several small ones). A
thread packs it into scratch memory of its own, which reads every byte from memory once and in
order, and is small enough for the cache to keep. Then it gathers image after image from there,
piece by piece, into a small buffer, and streams that out in whole cache lines. While it gathers
one strip it packs its next, so that memory is read and written at the same time.

A group too large for that is gathered from where the images lie, prefetched one image ahead.

Threads take strips as they come and never wait for one another.
"""

from itertools import pairwise

import numba
import numpy as np
from numba import int64, prange

from .moves import (
    CACHE_LINE,
    copy_1,
    copy_4,
    copy_8,
    copy_16,
    copy_32,
    copy_64,
    fence,
    load_int32,
    load_int64,
    prefetch,
    stream_64,
    take,
)
from .pieces import cut_image
from .threads import inlined, parallel, serial

# Measured on two threads of a shared Zen 3 EPYC (512 KiB of second-level cache each, 32 MiB of
# third-level cache for all), as time of the gather relative to these values, in one run. Sets are
# 5,000 images of 192x192x3 of two labels, 4 to 1,024 blocks, if not said otherwise.
# Scratch of 0.5 MiB 1.34 to 1.90, of 0.75 MiB 1.12 to 1.26, of 2 MiB 0.98 to 1.00, of 3 MiB 0.99
# to 1.90. One strip shared by all threads, which then wait for each other at its end: 1.00 to 1.11,
# and 10 to 25 on a machine that was also busy with other work.
SCRATCH_BYTES = 3 << 19  # of one packed strip, about; each thread has two
# As shares of a copy's speed: 20,000 images of one label, 4, 64, 1,024 blocks: packed in strips of
# 192 bytes 0.07, 0.05, 0.05, of 320 bytes 0.11, 0.08, 0.06; not packed 0.38, 0.24, 0.12. Two labels
# of 10,000, 64 blocks: packed in strips of 128 bytes 0.20, of 192 bytes 0.27, of 288 bytes 0.22.
SHORTEST_STRIP = 192  # bytes of one image
MOST_PACKED = 12_000  # images of a group
# One label of 14,000: 256 images 1.00, 8,192 images 1.05.
MOST_AT_ONCE = 1024  # images that a thread takes of a larger group
# 100 labels of 20, 64 and 1,024 blocks: 2,048 bytes 1.10 and 0.98, 24,576 bytes 1.06 and 1.06.
LONGEST_STRIP = 8192  # bytes of one image, so that the buffers stay in the first-level cache
# 600 bytes 1.10 to 1.20, 4,608 bytes 0.96 to 1.03, 9,216 bytes 0.98 to 1.05.
AHEAD_BYTES = 2304  # that packing prefetches ahead
# 32 to 512 images: always 0.94 to 0.99, never 1.08 to 1.39; but what is small may be read next.
STREAM_BYTES = 4 << 20  # outputs of this size are written past the caches
BUFFER_BYTES = LONGEST_STRIP + 2 * CACHE_LINE  # a strip, moved on to a cache line, and room behind
PIECE_BYTES = 24  # three int64, see `cut_strips`
EXACT = 0  # the width of copies where it depends on the piece, see `width_of`
# What a step is, see `plan_steps`.
SLOT, STOP, BEGIN, END, PACKED, FIRST, COUNT, WIDTH = range(8)


@serial
def move(to, origin, count):
    """Copy bytes by moves of one width, of which the last overlaps the one before."""
    if count >= 64:
        for at in range(0, count - 63, 64):
            copy_64(to + at, origin + at)
        copy_64(to + count - 64, origin + count - 64)
    elif count >= 32:
        copy_32(to, origin)
        copy_32(to + count - 32, origin + count - 32)
    elif count >= 16:
        copy_16(to, origin)
        copy_16(to + count - 16, origin + count - 16)
    elif count >= 8:
        copy_8(to, origin)
        copy_8(to + count - 8, origin + count - 8)
    elif count >= 4:
        copy_4(to, origin)
        copy_4(to + count - 4, origin + count - 4)
    else:
        for at in range(count):
            copy_1(to + at, origin + at)


@inlined
def gather_image(to, packed, strip_bytes, sources, pieces, count, width):
    """Bring the strip of one image together. ``sources`` is where the image begins in the map.

    Unless that is `EXACT`, every piece is moved by one copy of ``width``, which is no shorter than
    any. What it writes too much, the next pieces write again, and behind the last there is room.
    """
    for piece in range(pieces, pieces + count * PIECE_BYTES, PIECE_BYTES):
        source = load_int32(sources + load_int64(piece))
        offset = load_int64(piece + 8)
        origin = packed + source * strip_bytes + offset
        if width == 8:
            copy_8(to + offset, origin)
        elif width == 16:
            copy_16(to + offset, origin)
        elif width == 32:
            copy_32(to + offset, origin)
        else:
            move(to + offset, origin, load_int64(piece + 16))


@inlined
def gather_directly(to, images, stride, order, sources, next_sources, pieces, count):
    """The same from where the images lie, while prefetching what the next image will need."""
    for piece in range(pieces, pieces + count * PIECE_BYTES, PIECE_BYTES):
        at, offset, length = load_int64(piece), load_int64(piece + 8), load_int64(piece + 16)
        later = images + order[load_int32(next_sources + at)] * stride + offset
        for line in range(0, length, CACHE_LINE):
            prefetch(later + line)
        prefetch(later + length - 1)
        move(to + offset, images + order[load_int32(sources + at)] * stride + offset, length)


@serial
def write_and_pack(to, buffer, count, streamed, packed, image, ahead, next_count):
    """Write out the strip of one image, and pack another's next, a cache line each in turn.

    Taking turns keeps both directions of the memory busy: 5 to 13 % faster than one after the
    other. ``count`` and ``next_count`` may be 0.
    """
    if not streamed:
        move(to, buffer, count)
        count = 0
    head = min(count, -to % CACHE_LINE)  # only whole cache lines can be streamed
    move(to, buffer, head)
    to, buffer, count = to + head, buffer + head, count - head
    whole, next_whole = count // CACHE_LINE * CACHE_LINE, next_count // CACHE_LINE * CACHE_LINE
    both = min(whole, next_whole)
    for at in range(0, both, CACHE_LINE):
        prefetch(ahead + at)
        copy_64(packed + at, image + at)
        stream_64(to + at, buffer + at)
    for at in range(both, whole, CACHE_LINE):
        stream_64(to + at, buffer + at)
    for at in range(both, next_whole, CACHE_LINE):
        prefetch(ahead + at)
        copy_64(packed + at, image + at)
    move(to + whole, buffer + whole, count - whole)
    move(packed + next_whole, image + next_whole, next_count - next_whole)


@serial
def run_step(
    out, out_stride, images, images_stride, sources, order, cols, streamed,
    packed, next_packed, pieces, now, soon, buffers,
):  # fmt: skip
    """Gather the strip ``now`` of all its images, and pack the strip ``soon`` of all of its."""
    strip_bytes, next_bytes = now[END] - now[BEGIN], soon[END] - soon[BEGIN]
    slot, stop = now[SLOT], now[STOP]
    next_slot, next_stop = soon[SLOT], soon[STOP] if soon[PACKED] > 0 else soon[SLOT]
    ahead = max(1, AHEAD_BYTES // max(1, next_bytes))
    packed -= now[SLOT] * strip_bytes
    next_packed -= soon[SLOT] * next_bytes
    pieces, count = pieces + now[FIRST] * PIECE_BYTES, now[COUNT]
    buffer, other = buffers, buffers + BUFFER_BYTES
    written, waiting = out, int64(0)
    # An image is written one turn after it was gathered: by then its bytes have left the store
    # queue, from which wide loads of what was stored in narrow pieces would have to wait.
    while slot < stop or waiting > 0 or next_slot < next_stop:
        gathered = int64(0)
        if slot < stop:
            gathered = strip_bytes
            here = sources + slot * cols * 4
            if now[PACKED] > 0:
                gather_image(buffer, packed, strip_bytes, here, pieces, count, now[WIDTH])
            else:
                later = here if slot == stop - 1 else here + cols * 4
                gather_directly(
                    buffer, images + now[BEGIN], images_stride, order, here, later, pieces, count
                )
        image, later, packing = images, images, int64(0)
        if next_slot < next_stop:
            packing = next_bytes
            image = images + order[next_slot] * images_stride + soon[BEGIN]
            later = (
                order[min(next_slot + ahead, next_stop - 1)] * images_stride + images + soon[BEGIN]
            )
        write_and_pack(
            written, other, waiting, streamed,
            next_packed + next_slot * next_bytes, image, later, packing,
        )  # fmt: skip
        waiting = gathered
        if slot < stop:
            written = out + order[slot] * out_stride + now[BEGIN]
        buffer, other = other, buffer
        slot += 1
        next_slot += 1


@parallel
def gather_bytes(
    out, out_stride, images, images_stride, sources, order, cols, streamed,
    scratch, strip_bytes, part_bytes, pieces, steps, next_step, parts,
):  # fmt: skip
    """See `gather`. Addresses, so that one compilation serves every stride and every dtype."""
    last = steps.shape[0] - 1
    for part in prange(parts):
        packed = scratch + part * part_bytes
        next_packed = packed + strip_bytes
        buffers = next_packed + strip_bytes
        step = int64(0)
        while step < last:
            soon = min(take(next_step), last)
            run_step(
                out, out_stride, images, images_stride, sources, order, cols, streamed,
                packed, next_packed, pieces, steps[step], steps[soon], buffers,
            )  # fmt: skip
            packed, next_packed = next_packed, packed
            step = soon
        fence()


def strip_edges(longest, image_bytes, line_bytes, phase):
    """Bytes of an image at which strips begin, and the end.

    Strips are whole lines where a line fits, moved on to where ``out`` has whole cache lines.
    """
    unit = line_bytes if line_bytes <= longest else CACHE_LINE
    begins = np.arange(0, image_bytes, longest // unit * unit)
    begins[1:] += (phase - begins[1:]) % CACHE_LINE
    return np.unique(np.minimum(np.append(begins, image_bytes), image_bytes))


def cut_strips(edges, row_edges, byte_edges, planes, images):
    """Cut the strips of an image into pieces, in the order of their addresses.

    Returns
    -------
    pieces : (pieces, 3) int64
        Where image 0 has the source of the piece in the map, in bytes; where the piece begins in
        its strip; its length.
    starts : (strips + 1,) int64
        The piece at which each strip begins, and the end.
    """
    bounds, row, col = cut_image(row_edges, byte_edges, planes, edges)
    entries = row * images * (byte_edges.size - 1) + col
    begins = bounds[:-1]
    strip = np.searchsorted(edges, begins, "right") - 1
    pieces = np.column_stack((entries * 4, begins - edges[strip], np.diff(bounds)))
    return pieces, np.searchsorted(begins, edges)


def width_of(pieces):
    """The width in which the pieces of a strip are copied: the narrowest that moves each at once.

    Beyond 32 bytes it would read a cache line more for most pieces: 1.2 to 1.4 times as slow.
    """
    return next((width for width in (8, 16, 32) if pieces[:, 2].max() <= width), EXACT)


def groups_of(starts):
    """Slots from and to of every group: a large class, or several small ones."""
    few = SCRATCH_BYTES // LONGEST_STRIP
    first_of_group = np.diff(starts[:-1] // few, prepend=-1) > 0
    return pairwise(np.append(starts[:-1][first_of_group], starts[-1]).tolist())


def plan_steps(starts, row_edges, byte_edges, planes, phase):
    """Every strip of every group, between a step that only packs and one that only gathers.

    Returns
    -------
    steps : (steps, 8) int64
        Images (slots) from and to; bytes of an image from and to; whether they are packed; the
        first of the pieces, and how many; the width in which these are copied.
    pieces : (pieces, 3) int64
        See `cut_strips`.
    """
    line_bytes = int(byte_edges[-1])
    image_bytes = planes * int(row_edges[-1]) * line_bytes
    nothing = [(0, 0, 0, 0, 1, 0, 0, EXACT)]
    steps, pieces, cut, total = [*nothing], [], {}, 0
    for start, stop in groups_of(starts):
        packed = stop - start <= MOST_PACKED
        longest, at_once = LONGEST_STRIP, MOST_AT_ONCE
        if packed:
            longest = min(longest, max(SCRATCH_BYTES // (stop - start), SHORTEST_STRIP))
            at_once = stop - start
        edges = strip_edges(longest, image_bytes, line_bytes, phase)
        key = edges.tobytes()
        if key not in cut:
            these, firsts = cut_strips(edges, row_edges, byte_edges, planes, int(starts[-1]))
            cut[key] = [
                (begin, end, total + first, last - first, width_of(these[first:last]))
                for (begin, end), (first, last) in zip(
                    pairwise(edges.tolist()), pairwise(firsts.tolist()), strict=True
                )
            ]
            pieces.append(these)
            total += len(these)
        steps += [
            (slot, min(slot + at_once, stop), begin, end, packed, first, count, width)
            for slot in range(start, stop, at_once)
            for begin, end, first, count, width in cut[key]
        ]
    return np.array(steps + nothing, np.int64), np.concatenate(pieces)


def gather(out, images, sources, order, starts, row_edges, byte_edges, planes):
    """Copy every block of ``out`` from the image that the map names.

    Parameters
    ----------
    out : (N, bytes) uint8, written
        One image a row, the last axis contiguous.
    images : (N, bytes) uint8
        The same. Must not share memory with ``out``.
    sources : (rows, N, cols) int32
        The map: block (r, c) of the image in slot s comes from slot ``sources[r, s, c]``.
    order : (N,) int32
        The image in each slot.
    starts : (classes + 1,) int64
        Slots at which classes begin, and the end. No image has a source in another class.
    row_edges : (rows + 1,) int64
        Lines at which rows of blocks begin, and the end.
    byte_edges : (cols + 1,) int64
        Bytes of a line at which blocks begin, and the end.
    planes : int
    """
    if out.size == 0:
        return
    phase = -out.ctypes.data % CACHE_LINE
    steps, pieces = plan_steps(starts, row_edges, byte_edges, planes, phase)
    lengths, images_of = steps[:, END] - steps[:, BEGIN], steps[:, STOP] - steps[:, SLOT]
    in_strips = lengths * images_of * steps[:, PACKED]
    strip_bytes = (
        (int(in_strips.max()) + 2 * CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE
    )  # with room behind
    threads = numba.get_num_threads()
    part_bytes = 2 * (strip_bytes + BUFFER_BYTES)
    scratch = np.empty(threads * part_bytes + CACHE_LINE, np.uint8)
    next_step = np.ones(1, np.int64)
    gather_bytes(
        out.ctypes.data,
        out.strides[0],
        images.ctypes.data,
        images.strides[0],
        sources.ctypes.data,
        order,
        byte_edges.size - 1,
        out.nbytes >= STREAM_BYTES,
        scratch.ctypes.data + -scratch.ctypes.data % CACHE_LINE,
        strip_bytes,
        part_bytes,
        pieces.ctypes.data,
        steps,
        next_step.ctypes.data,
        threads,
    )
