"""The CPU draw against the reference, exactly."""

import numpy as np
import pytest
from builders import SECRET
from hypothesis import given, settings
from hypothesis import strategies as st

from blockmix import BlockMixer, Key
from blockmix.kernels import reference


def drawn(labels, rows, cols, ids=None, **parameters):
    mixer = BlockMixer(block=1, key=Key(SECRET), **parameters)
    return mixer.plan(labels, rows, cols, ids=ids).sources.reshape(len(labels), -1)


@settings(max_examples=60)
@given(data=st.data())
def test_any_draw_equals_the_reference(data):
    """Awkward sizes on purpose: classes of 2, pools of all the others, 1 to 40 blocks."""
    sources = data.draw(st.integers(1, 12))
    sizes = data.draw(st.lists(st.integers(2, 15), min_size=1, max_size=4))
    labels = data.draw(st.permutations([c for c, size in enumerate(sizes) for _ in range(size)]))
    rows, cols = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 8))
    probability = data.draw(st.sampled_from([0, 1e-12, 0.1, 0.5, 0.999, 1]) | st.floats(0, 1))
    rounds = data.draw(st.integers(1, 4))
    ids = data.draw(
        st.none()
        | st.lists(
            st.integers(0, 2**64 - 1), min_size=len(labels), max_size=len(labels), unique=True
        )
    )
    parameters = {"sources": sources, "rounds": rounds, "probability": probability}
    expected = reference.source_map(SECRET, labels, rows * cols, ids=ids, **parameters)
    result = drawn(labels, rows, cols, ids, small_classes="clamp", **parameters)
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("sources", [8, 9, 255])
def test_pools_that_need_several_groups_of_words(sources):
    labels = [0] * 300
    expected = reference.source_map(SECRET, labels, 3, sources=sources, rounds=1, probability=0.9)
    assert np.array_equal(drawn(labels, 1, 3, sources=sources, probability=0.9), expected)


def test_the_most_rounds_do_not_reach_into_another_purpose():
    """The round shares a nonce word with the purpose, which the last round does not change."""
    last = 2**24 - 1
    assert reference.stream(SECRET, 0, last, 7, 4) != reference.stream(SECRET, 1, last, 7, 4)
    assert reference.stream(SECRET, 0, last, 7, 4) != reference.stream(SECRET, 1, 0, 7, 4)
