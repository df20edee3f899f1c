"""ChaCha20 (RFC 8439, section 2.3), as scalars and constants: the only source of randomness.

The generator is cryptographic, because anyone who can guess the stream can undo the mixing. In
counter mode every 16-word group has an address (key, counter, nonce), so no state is kept and the
number of threads or machines cannot matter.

The state has 16 words: four constants, eight of the key, the counter, three of the nonce. It goes
ten times through `QUARTER_ROUNDS`, and the initial state is added to the result.
"""

from numba import njit, uint32

CONSTANTS = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574)
DOUBLE_ROUNDS = 10
QUARTER_ROUNDS = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)


@njit(inline="always")
def quarter_round(a, b, c, d):
    """RFC 8439, section 2.1. Sums wrap at 32 bits; the lines with two shifts rotate left."""
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
