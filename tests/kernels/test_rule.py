"""The scalar rule: bounded integers, the die, its quantisation."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit, uint32, uint64

from blockmix.kernels import rule

WORD = st.integers(0, 2**32 - 1)


@njit
def below(high, low, bound):
    return rule.below(uint32(high), uint32(low), uint32(bound))


@njit
def other_member(pick, group_rank, group_size):
    return rule.other_member(uint32(pick), uint32(group_rank), uint32(group_size))


@njit
def floyd_last(candidates, pool_size, member):
    return rule.floyd_last(uint32(candidates), uint32(pool_size), uint32(member))


@njit
def floyd_distinct(pick, earlier, last):
    return rule.floyd_distinct(uint32(pick), uint32(earlier), uint32(last))


@njit
def throw_die(word, faces, shift):
    return rule.throw_die(uint32(word), uint64(faces), uint64(shift))


@given(WORD, WORD, st.integers(1, 2**31))
def test_below_is_the_exact_product(high, low, bound):
    assert below(high, low, bound) == (high * 2**32 + low) * bound // 2**64


def test_below_at_its_ends():
    assert below(0, 0, 2**31) == 0
    assert below(2**32 - 1, 2**32 - 1, 2**31) == 2**31 - 1
    assert below(2**32 - 1, 2**32 - 1, 1) == 0


@given(st.data())
def test_floyd_from_scalars_picks_distinct_entries(data):
    """The steps as a loop, with any picks: all members in range, none twice."""
    candidates = data.draw(st.integers(1, 29))
    pool_size = data.draw(st.integers(1, candidates))
    pool = []
    for m in range(pool_size):
        last = floyd_last(candidates, pool_size, m)
        pick = data.draw(st.integers(0, last))
        for earlier in pool:
            pick = floyd_distinct(pick, earlier, last)
        pool.append(pick)
    assert len(set(pool)) == pool_size
    assert max(pool) < candidates


def test_other_member_steps_over_the_own_group():
    assert [other_member(pick, 2, 1) for pick in range(4)] == [0, 1, 3, 4]
    assert [other_member(pick, 0, 1) for pick in range(3)] == [1, 2, 3]
    assert [other_member(pick, 1, 3) for pick in range(3)] == [0, 4, 5]
    assert other_member(2**30, 5, 2**30 - 1) == 2**31 - 1


@given(st.integers(1, 255), st.floats(2**-40, 1))
def test_die_fits_into_a_64_bit_product(pool_size, probability):
    faces, shift = rule.die(pool_size, probability)
    assert 2**31 <= faces <= 2**32
    assert 0 <= shift < 64


@given(WORD, st.integers(1, 255), st.floats(0, 1, exclude_min=True))
def test_throw_is_the_exact_product(word, pool_size, probability):
    faces, shift = rule.die(pool_size, probability)
    assert throw_die(word, faces, shift) == word * faces // 2**shift


@pytest.mark.parametrize("pool_size", [1, 2, 3, 10, 128, 255])
def test_probability_one_always_replaces(pool_size):
    faces, shift = rule.die(pool_size, 1.0)
    assert throw_die(2**32 - 1, faces, shift) == pool_size - 1
    assert rule.quantised_probability(pool_size, 1.0) == 1


@pytest.mark.parametrize("pool_size", [1, 3, 10, 255])
def test_probability_zero_and_half_are_exact(pool_size):
    assert rule.quantised_probability(pool_size, 0.0) == 0
    assert rule.quantised_probability(pool_size, 0.5) == Fraction(1, 2)


@given(st.integers(1, 255), st.floats(0, 1, exclude_min=True))
def test_quantised_probability_counts_the_words_that_replace(pool_size, probability):
    faces, shift = rule.die(pool_size, probability)
    words = rule.quantised_probability(pool_size, probability) * 2**32
    assert words.denominator == 1
    assert throw_die(int(words) - 1, faces, shift) < pool_size
    assert words == 2**32 or throw_die(int(words), faces, shift) >= pool_size
    assert abs(words - Fraction(probability) * 2**32) < 2


def test_smallest_probability_is_one_word():
    assert rule.quantised_probability(10, 1e-300) == Fraction(1, 2**32)
