"""ChaCha20 (RFC 8439, section 2.3) on scalars: the only source of chance in blockmix.

A cryptographic generator, because whoever can guess the stream can undo the mixing. In counter
mode every 16-word group has an address (key, counter, nonce), so no state is kept and the number
of threads or machines cannot matter.
"""

from numba import njit, uint32


@njit(inline="always")
def quarter_round(a, b, c, d):
    """RFC 8439, section 2.1. Sums wrap at 32 bits; the lines of two shifts rotate left."""
    a = uint32(a + b)
    d = uint32(d ^ a)
    d = uint32((d << uint32(16)) | (d >> uint32(16)))
    c = uint32(c + d)
    b = uint32(b ^ c)
    b = uint32((b << uint32(12)) | (b >> uint32(20)))
    a = uint32(a + b)
    d = uint32(d ^ a)
    d = uint32((d << uint32(8)) | (d >> uint32(24)))
    c = uint32(c + d)
    b = uint32(b ^ c)
    b = uint32((b << uint32(7)) | (b >> uint32(25)))
    return a, b, c, d


@njit(inline="always")
def chacha20_group(key, counter, nonce0, nonce1, nonce2):
    """One group of 16 words, each a uint32, as a tuple.

    ``key`` is a tuple of eight uint32, the other arguments are uint32.
    """
    s0, s1, s2, s3 = uint32(0x61707865), uint32(0x3320646E), uint32(0x79622D32), uint32(0x6B206574)
    k0, k1, k2, k3, k4, k5, k6, k7 = key
    x0, x1, x2, x3 = s0, s1, s2, s3
    x4, x5, x6, x7, x8, x9, x10, x11 = k0, k1, k2, k3, k4, k5, k6, k7
    x12, x13, x14, x15 = counter, nonce0, nonce1, nonce2
    for _ in range(10):
        x0, x4, x8, x12 = quarter_round(x0, x4, x8, x12)
        x1, x5, x9, x13 = quarter_round(x1, x5, x9, x13)
        x2, x6, x10, x14 = quarter_round(x2, x6, x10, x14)
        x3, x7, x11, x15 = quarter_round(x3, x7, x11, x15)
        x0, x5, x10, x15 = quarter_round(x0, x5, x10, x15)
        x1, x6, x11, x12 = quarter_round(x1, x6, x11, x12)
        x2, x7, x8, x13 = quarter_round(x2, x7, x8, x13)
        x3, x4, x9, x14 = quarter_round(x3, x4, x9, x14)
    return (
        uint32(x0 + s0),
        uint32(x1 + s1),
        uint32(x2 + s2),
        uint32(x3 + s3),
        uint32(x4 + k0),
        uint32(x5 + k1),
        uint32(x6 + k2),
        uint32(x7 + k3),
        uint32(x8 + k4),
        uint32(x9 + k5),
        uint32(x10 + k6),
        uint32(x11 + k7),
        uint32(x12 + counter),
        uint32(x13 + nonce0),
        uint32(x14 + nonce1),
        uint32(x15 + nonce2),
    )
