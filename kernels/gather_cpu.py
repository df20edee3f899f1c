"""The gather on the CPU: move bytes according to a map, strip by strip.

The part of a block that lies in one line is a *piece*, see `pieces`.

A *strip* is the same few lines of all images of a *class group* (a class, or several small ones).
A thread packs it into scratch memory of its own, which reads every byte from memory once and in
order, and fits into the cache. Then it gathers image after image from there, piece by piece, into
a small buffer, and streams that out in whole cache lines. While it gathers one strip it packs its
next, so that memory is read and written at the same time.

A class group too large for that, or whose pieces are long, is gathered from the images themselves,
prefetched one image ahead.

Each thread takes the next strip that is free, and never waits for another thread.
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
    fetch_add,
    load_int32,
    load_int64,
    prefetch,
    stream_64,
)
from .pieces import cut_image
from .threads import inlined, parallel, serial

# Measured on two threads of a shared Zen 3 EPYC (512 KiB of second-level cache each, 32 MiB of
# third-level cache for all), as time of the gather relative to these values, in one run. Sets are
# 5,000 images of 192x192x3 of two labels, 4 to 1,024 blocks, if not said otherwise.
# Scratch of 0.5 MiB 1.34 to 1.90, of 0.75 MiB 1.12 to 1.26, of 2 MiB 0.98 to 1.00, of 3 MiB 0.99
# to 1.90. One strip shared by all threads, which then wait for each other at its end: 1.00 to 1.11,
# and 10 to 25 on a machine that was also busy with other work.
SCRATCH_BYTES = 3 << 19  # of a packed strip, roughly; each thread has two
# Strips of a class group are packed if it has at most MAX_PACKED images, and their number times the
# mean bytes of a piece is at most PACKED_BYTES. Not packed, a piece takes some 12 ns for each cache
# line that it touches, at any distance of the prefetch: this machine reads random lines no faster.
# Packed, images take the longer the more they are, as their strips become short. Speed of not
# packing relative to packing:
#
#   bytes of a piece    288   144    72    36    18
#   classes of   500   1.17  1.03  0.99  0.87
#              1,250   1.03  0.99  0.92  0.79
#              2,500   1.17  1.08  0.98  0.93  0.59
#              5,000   1.84  1.56  1.22  0.96  0.84
#             10,000   2.70  1.93  1.48  1.33  0.97
#             14,000                     2.61  2.10
PACKED_BYTES = 180_000
MAX_PACKED = 10_000
# As shares of a copy's speed: two labels of 10,000 images, 64 blocks, packed in strips of 128 bytes
# 0.20, of 192 bytes 0.27, of 288 bytes 0.22.
SHORTEST_STRIP = 192  # bytes of one image in a packed strip
# One label of 14,000: 256 images 1.00, 8,192 images 1.05.
MAX_AT_ONCE = 1024  # images of a larger class group that a thread takes
# 100 labels of 20, 64 and 1,024 blocks: 2,048 bytes 1.10 and 0.98, 24,576 bytes 1.06 and 1.06.
LONGEST_STRIP = 8192  # bytes of one image, so that the buffers stay in the first-level cache
# 600 bytes 1.10 to 1.20, 4,608 bytes 0.96 to 1.03, 9,216 bytes 0.98 to 1.05.
AHEAD_BYTES = 2304  # between what packing copies and what it prefetches
# 32 to 512 images: always 0.94 to 0.99, never 1.08 to 1.39; but a small output may be read next.
STREAM_BYTES = 4 << 20  # outputs of this size and more are written past the caches
BUFFER_BYTES = LONGEST_STRIP + 2 * CACHE_LINE  # a strip, aligned to cache lines, and room after it
PIECE_BYTES = 24  # three int64, see `cut_strips`
EXACT = 0  # the width of copies that depends on the piece, see `copy_width`
# The columns of steps, see `plan_steps`.
SLOT, STOP, BEGIN, END, PACKED, FIRST, COUNT, WIDTH = range(8)


@serial
def move(target, origin, count):
    """Copy ``count`` bytes by copies of one width; the last may overlap the one before."""
    if count >= 64:
        for offset in range(0, count - 63, 64):
            copy_64(target + offset, origin + offset)
        copy_64(target + count - 64, origin + count - 64)
    elif count >= 32:
        copy_32(target, origin)
        copy_32(target + count - 32, origin + count - 32)
    elif count >= 16:
        copy_16(target, origin)
        copy_16(target + count - 16, origin + count - 16)
    elif count >= 8:
        copy_8(target, origin)
        copy_8(target + count - 8, origin + count - 8)
    elif count >= 4:
        copy_4(target, origin)
        copy_4(target + count - 4, origin + count - 4)
    else:
        for offset in range(count):
            copy_1(target + offset, origin + offset)


@inlined
def gather_image(target, packed, strip_bytes, map_address, pieces, piece_count, width):
    """Gather the strip of one image from a packed strip.

    ``map_address`` is that of the image's first entry in the map. Unless ``width`` is `EXACT`,
    every piece is moved by one copy of that width, which may write beyond the piece: the next
    pieces write there again, and after the last piece there is room.
    """
    for piece in range(pieces, pieces + piece_count * PIECE_BYTES, PIECE_BYTES):
        source = load_int32(map_address + load_int64(piece))
        offset = load_int64(piece + 8)
        # Eq. 5, with the choice in the map: these bytes become those of the source.
        origin = packed + source * strip_bytes + offset
        if width == 8:
            copy_8(target + offset, origin)
        elif width == 16:
            copy_16(target + offset, origin)
        elif width == 32:
            copy_32(target + offset, origin)
        else:
            move(target + offset, origin, load_int64(piece + 16))


@inlined
def gather_directly(
    target, images, stride, order, map_address, next_map_address, pieces, piece_count
):
    """Gather the strip of one image from the images, and prefetch the pieces of the next image."""
    for piece in range(pieces, pieces + piece_count * PIECE_BYTES, PIECE_BYTES):
        entry, offset, length = load_int64(piece), load_int64(piece + 8), load_int64(piece + 16)
        prefetched = images + order[load_int32(next_map_address + entry)] * stride + offset
        for offset_in_piece in range(0, length, CACHE_LINE):
            prefetch(prefetched + offset_in_piece)
        prefetch(prefetched + length - 1)
        origin = images + order[load_int32(map_address + entry)] * stride + offset
        move(target + offset, origin, length)  # Eq. 5


@serial
def write_and_pack(target, buffer, count, streamed, packed, image, prefetched, next_count):
    """Write out the strip of one image, and pack the next strip of another, a line each in turn.

    Taking turns keeps both directions of the memory busy: 5 to 13 % faster than one after the
    other. ``count`` and ``next_count`` may be 0.
    """
    if not streamed:
        move(target, buffer, count)
        count = 0
    head = min(count, -target % CACHE_LINE)  # only full cache lines can be streamed
    move(target, buffer, head)
    target, buffer, count = target + head, buffer + head, count - head
    full, next_full = count // CACHE_LINE * CACHE_LINE, next_count // CACHE_LINE * CACHE_LINE
    common = min(full, next_full)
    for offset in range(0, common, CACHE_LINE):
        prefetch(prefetched + offset)
        copy_64(packed + offset, image + offset)
        stream_64(target + offset, buffer + offset)
    for offset in range(common, full, CACHE_LINE):
        stream_64(target + offset, buffer + offset)
    for offset in range(common, next_full, CACHE_LINE):
        prefetch(prefetched + offset)
        copy_64(packed + offset, image + offset)
    move(target + full, buffer + full, count - full)
    move(packed + next_full, image + next_full, next_count - next_full)


@serial
def run_step(
    out, out_stride, images, images_stride, slot_map, order, cols, streamed,
    packed, next_packed, pieces, step, next_step, buffers,
):  # fmt: skip
    """Gather the strip of ``step`` for all its images, and pack that of ``next_step``."""
    strip_bytes, next_bytes = step[END] - step[BEGIN], next_step[END] - next_step[BEGIN]
    slot, stop = step[SLOT], step[STOP]
    next_slot = next_step[SLOT]
    next_stop = next_step[STOP] if next_step[PACKED] > 0 else next_slot
    images_ahead = max(1, AHEAD_BYTES // max(1, next_bytes))
    packed -= step[SLOT] * strip_bytes
    next_packed -= next_step[SLOT] * next_bytes
    pieces, piece_count = pieces + step[FIRST] * PIECE_BYTES, step[COUNT]
    buffer, previous_buffer = buffers, buffers + BUFFER_BYTES
    target, previous_bytes = out, int64(0)
    # An image is written one turn after it was gathered, when its bytes have left the store queue:
    # wide loads of bytes that were stored in narrow pieces would have to wait for that.
    while slot < stop or previous_bytes > 0 or next_slot < next_stop:
        gathered_bytes = int64(0)
        if slot < stop:
            gathered_bytes = strip_bytes
            map_address = slot_map + slot * cols * 4
            if step[PACKED] > 0:
                gather_image(
                    buffer, packed, strip_bytes, map_address, pieces, piece_count, step[WIDTH]
                )
            else:
                next_map_address = map_address if slot == stop - 1 else map_address + cols * 4
                gather_directly(
                    buffer, images + step[BEGIN], images_stride, order,
                    map_address, next_map_address, pieces, piece_count,
                )  # fmt: skip
        image, prefetched, packing_bytes = images, images, int64(0)
        if next_slot < next_stop:
            packing_bytes = next_bytes
            image = images + order[next_slot] * images_stride + next_step[BEGIN]
            slot_ahead = min(next_slot + images_ahead, next_stop - 1)
            prefetched = order[slot_ahead] * images_stride + images + next_step[BEGIN]
        write_and_pack(
            target, previous_buffer, previous_bytes, streamed,
            next_packed + next_slot * next_bytes, image, prefetched, packing_bytes,
        )  # fmt: skip
        previous_bytes = gathered_bytes
        if slot < stop:
            target = out + order[slot] * out_stride + step[BEGIN]
        buffer, previous_buffer = previous_buffer, buffer
        slot += 1
        next_slot += 1


@parallel
def gather_bytes(
    out, out_stride, images, images_stride, slot_map, order, cols, streamed,
    scratch, strip_bytes, part_bytes, pieces, steps, counter, parts,
):  # fmt: skip
    """See `gather`.

    Images, the map and scratch memory are given by address, so that one compilation serves every
    stride.
    """
    last = steps.shape[0] - 1
    for part in prange(parts):
        packed = scratch + part * part_bytes
        next_packed = packed + strip_bytes
        buffers = next_packed + strip_bytes
        step = int64(0)
        while step < last:
            next_step = min(fetch_add(counter), last)
            run_step(
                out, out_stride, images, images_stride, slot_map, order, cols, streamed,
                packed, next_packed, pieces, steps[step], steps[next_step], buffers,
            )  # fmt: skip
            packed, next_packed = next_packed, packed
            step = next_step
        fence()


def strip_edges(longest, image_bytes, line_bytes, phase):
    """Bytes of an image at which strips begin, and the end.

    Strips are whole lines where a line fits, shifted to begin with a cache line of ``out``.
    """
    unit = line_bytes if line_bytes <= longest else CACHE_LINE
    begins = np.arange(0, image_bytes, longest // unit * unit)
    begins[1:] += (phase - begins[1:]) % CACHE_LINE
    return np.unique(np.minimum(np.append(begins, image_bytes), image_bytes))


def cut_strips(edges, row_edges, byte_edges, planes, image_count):
    """Cut the strips of an image into pieces, in the order of their addresses.

    Returns
    -------
    pieces : (pieces, 3) int64
        The position in the map of the source that the piece has in image 0, in bytes; its
        position in the strip; its length.
    starts : (strips + 1,) int64
        The piece at which each strip begins, and the end.
    """
    bounds, row, col = cut_image(row_edges, byte_edges, planes, edges)
    entries = row * image_count * (byte_edges.size - 1) + col
    begins = bounds[:-1]
    strip = np.searchsorted(edges, begins, "right") - 1
    pieces = np.column_stack((entries * 4, begins - edges[strip], np.diff(bounds)))
    return pieces, np.searchsorted(begins, edges)


def copy_width(pieces):
    """The width of the copies of a strip: the narrowest that copies each piece at once, or `EXACT`.

    Beyond 32 bytes it would read one more cache line for most pieces: 1.2 to 1.4 times as slow.
    """
    return next((width for width in (8, 16, 32) if pieces[:, 2].max() <= width), EXACT)


def class_groups(starts):
    """First slot and end of every class group: a large class, or several small ones."""
    group_size = SCRATCH_BYTES // LONGEST_STRIP
    begins_group = np.diff(starts[:-1] // group_size, prepend=-1) > 0
    return pairwise(np.append(starts[:-1][begins_group], starts[-1]).tolist())


def plan_steps(starts, row_edges, byte_edges, planes, phase):
    """The steps of a gather: every strip of every class group, with an empty step at both ends.

    Returns
    -------
    steps : (steps, 8) int64
        First slot and end; first byte of an image and end; whether the strip is packed; first
        piece and number of pieces; width of their copies.
    pieces : (pieces, 3) int64
        See `cut_strips`.
    """
    line_bytes = int(byte_edges[-1])
    image_bytes = planes * int(row_edges[-1]) * line_bytes
    most_packed = min(MAX_PACKED, PACKED_BYTES * (byte_edges.size - 1) // line_bytes)
    empty_step = (0, 0, 0, 0, 1, 0, 0, EXACT)
    steps, pieces, piece_count = [empty_step], [], 0
    strips_by_edges = {}
    for start, stop in class_groups(starts):
        packed = stop - start <= most_packed
        longest, at_once = LONGEST_STRIP, MAX_AT_ONCE
        if packed:
            longest = min(longest, max(SCRATCH_BYTES // (stop - start), SHORTEST_STRIP))
            at_once = stop - start
        edges = strip_edges(longest, image_bytes, line_bytes, phase)
        edge_bytes = edges.tobytes()
        if edge_bytes not in strips_by_edges:
            new_pieces, begins = cut_strips(edges, row_edges, byte_edges, planes, int(starts[-1]))
            strips_by_edges[edge_bytes] = [
                (begin, end, piece_count + first, last - first, copy_width(new_pieces[first:last]))
                for (begin, end), (first, last) in zip(
                    pairwise(edges.tolist()), pairwise(begins.tolist()), strict=True
                )
            ]
            pieces.append(new_pieces)
            piece_count += len(new_pieces)
        steps += [
            (slot, min(slot + at_once, stop), begin, end, packed, first, count, width)
            for slot in range(start, stop, at_once)
            for begin, end, first, count, width in strips_by_edges[edge_bytes]
        ]
    return np.array([*steps, empty_step], np.int64), np.concatenate(pieces)


def gather(out, images, slot_map, order, starts, row_edges, byte_edges, planes):
    """Copy every block of ``out`` from the image that the map names.

    Parameters
    ----------
    out : (N, bytes) uint8, written
        One image per row, the last axis contiguous.
    images : (N, bytes) uint8
        The same. Must not share memory with ``out``.
    slot_map : (rows * N * cols,) int32
        The map: block (r, c) of the image in slot s comes from the slot in entry (r, s, c).
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
    lengths, image_counts = steps[:, END] - steps[:, BEGIN], steps[:, STOP] - steps[:, SLOT]
    longest = int((lengths * image_counts * steps[:, PACKED]).max())
    strip_bytes = (longest + 2 * CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE  # with room after it
    threads = numba.get_num_threads()
    part_bytes = 2 * (strip_bytes + BUFFER_BYTES)
    scratch = np.empty(threads * part_bytes + CACHE_LINE, np.uint8)
    counter = np.ones(1, np.int64)  # the next step to hand out; step 0 is empty
    gather_bytes(
        out.ctypes.data,
        out.strides[0],
        images.ctypes.data,
        images.strides[0],
        slot_map.ctypes.data,
        order,
        byte_edges.size - 1,
        out.nbytes >= STREAM_BYTES,
        scratch.ctypes.data + -scratch.ctypes.data % CACHE_LINE,
        strip_bytes,
        part_bytes,
        pieces.ctypes.data,
        steps,
        counter.ctypes.data,
        threads,
    )
