"""The rule of the draw, version 1: scalars in, scalars out, shared by every backend.

Paper, section IV-B and Algorithm 1. The word stream of image ``i`` in round ``t`` is addressed by
a purpose (pool or die), the round and the 64-bit id of the image, see `nonce`:

- The pool (the paper's N_s images I_l): ``sources`` distinct images of the same label and of other
  groups, by Floyd's algorithm over the class with the image's own group taken out. Member ``m``
  uses words ``2 m`` (high) and ``2 m + 1`` (low) of the pool stream. A class is in the order of
  groups, by the lowest id of each, and of ids within a group, so that a group is a run in it.
  Without groups every image is a group of its own, and the class is in the order of ids.
- The die (the paper's S_01, and the choice of R): block ``b`` uses word ``b`` of the die stream.
  The die has ``pool size / probability`` faces. A face below the pool size means "replaced, from
  that member of the pool"; any other face means "kept".

This rule is law: the same key, labels, grid and parameters give the same map for ever. A change
is a new version beside this one, never an edit.
"""

from fractions import Fraction

import numpy as np
from numba import njit, uint32, uint64

VERSION = 1

# Words of a stream come in groups, see `nonce`.
WORDS = 16

# A purpose and a round share the first nonce word: the purpose in the top eight bits.
# (Typed, because numba compiles anew for each plain integer literal.)
POOL = np.uint32(0)
DIE = np.uint32(1)
ROUND_BITS = 24
MAX_ROUNDS = 1 << ROUND_BITS
MAX_SOURCES = 255
SMALLEST_PROBABILITY = Fraction(1, 1 << 32)


@njit(inline="always")
def nonce(purpose, round_, image_id):
    """The three words that address an image's stream: group ``g`` holds words 16 g to 16 g + 15."""
    return (
        uint32((purpose << uint32(ROUND_BITS)) | uint32(round_)),
        uint32(image_id & uint64(0xFFFFFFFF)),
        uint32(image_id >> uint64(32)),
    )


@njit(inline="always")
def below(high, low, bound):
    """An integer in [0, bound) from one 64-bit draw: ``floor(draw * bound / 2**64)``.

    ``high`` and ``low`` are the two words of the draw, ``bound`` is at most 2**31.
    """
    carried = (uint64(low) * uint64(bound)) >> uint64(32)
    return uint32((uint64(high) * uint64(bound) + carried) >> uint64(32))


@njit(inline="always")
def pool_word(member):
    """The word of the pool stream at which the draw of a pool's member begins: high, then low."""
    return 2 * member


@njit(inline="always")
def floyd_last(candidates, pool_size, member):
    """Upper end, inclusive, of Floyd's draw for this member, among the class without the group.

    ``candidates`` is the number of these images.
    """
    return uint32(candidates - pool_size + member)


@njit(inline="always")
def floyd_distinct(pick, earlier, last):
    """The pick, or the last entry if an earlier member of the pool has the pick."""
    return last if pick == earlier else pick


@njit(inline="always")
def other_member(pick, group_rank, group_size):
    """The rank in the class of entry ``pick`` of the class without the group."""
    return uint32(pick + uint32(pick >= group_rank) * group_size)


@njit(inline="always")
def throw_die(word, faces, shift):
    """The face of the die from `die` that a word shows, by one multiplication."""
    return (uint64(word) * uint64(faces)) >> uint64(shift)


def die(pool_size: int, probability: float) -> tuple[int, int]:
    """The die with ``pool_size / probability`` faces, as ``(faces, shift)`` for `throw_die`.

    ``faces / 2**(shift - 32)`` is the number of faces in fixed point with 32 significant bits:
    2**31 <= faces <= 2**32, so the product with a word fits into 64 bits. Probability 1 is exact
    (the number of faces is a whole number); probability 0 needs no die, as it has no rounds. A
    probability below 2**-32 acts as 2**-32, which is one word.
    """
    count = Fraction(pool_size) / max(Fraction(probability), SMALLEST_PROBABILITY)
    fraction_bits = 31 - (count.numerator // count.denominator).bit_length() + 1
    return round(count * Fraction(2) ** fraction_bits), 32 + fraction_bits


def quantised_probability(pool_size: int, probability: float) -> Fraction:
    """The exact probability with which a block is replaced in one round.

    It is a whole number of words out of 2**32, and differs from ``probability`` by less than
    2**-31 (or is 2**-32, the smallest above 0).
    """
    if probability == 0:
        return Fraction(0)
    faces, shift = die(pool_size, probability)
    replacing_words = -((-pool_size << shift) // faces)
    return Fraction(min(replacing_words, 1 << 32), 1 << 32)
