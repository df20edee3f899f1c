"""The CPU draw against the reference, exactly."""

import numpy as np
import pytest
from builders import SECRET
from hypothesis import given, settings
from hypothesis import strategies as st

from blockmix import BlockMixer, Key
from blockmix.kernels import reference


def drawn(labels, rows, cols, ids=None, groups=None, **parameters):
    mixer = BlockMixer(block=1, key=Key(SECRET), **parameters)
    source_map = mixer.plan(labels, rows, cols, ids=ids, groups=groups)
    return source_map.sources.reshape(len(labels), -1)


def some_ids(count):
    ids = st.integers(0, 2**64 - 1)
    return st.none() | st.lists(ids, min_size=count, max_size=count, unique=True)


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
    ids = data.draw(some_ids(len(labels)))
    parameters = {"sources": sources, "rounds": rounds, "probability": probability}
    expected = reference.source_map(SECRET, labels, rows * cols, ids=ids, **parameters)
    result = drawn(labels, rows, cols, ids, small_classes="clamp", **parameters)
    assert np.array_equal(result, expected)


@settings(max_examples=100)
@given(data=st.data())
def test_any_draw_with_groups_equals_the_reference(data):
    """Groups of any size, also over several labels, as long as every image has another one."""
    sources = data.draw(st.integers(1, 12))
    groups_by_class = data.draw(
        st.lists(
            st.lists(st.integers(0, 4), min_size=2, max_size=15).filter(lambda g: len({*g}) > 1),
            min_size=1,
            max_size=4,
        )
    )
    images = [(label, group) for label, groups in enumerate(groups_by_class) for group in groups]
    labels, groups = zip(*data.draw(st.permutations(images)), strict=True)
    ids = data.draw(some_ids(len(labels)))
    parameters = {
        "sources": sources,
        "rounds": data.draw(st.integers(1, 4)),
        "probability": data.draw(st.sampled_from([0, 0.5, 1, "balanced"]) | st.floats(0, 1)),
    }
    expected = reference.source_map(SECRET, labels, 12, ids=ids, groups=groups, **parameters)
    result = drawn(labels, 3, 4, ids, groups, small_classes="clamp", **parameters)
    assert np.array_equal(result, expected)
    named = [f"person {-group}" for group in groups]
    renamed = drawn(labels, 3, 4, ids, named, small_classes="clamp", **parameters)
    assert np.array_equal(renamed, expected)


@given(data=st.data())
def test_groups_that_all_differ_change_nothing(data):
    labels = data.draw(st.permutations([0] * 7 + [1] * 9))
    ids = data.draw(some_ids(16))
    groups = data.draw(st.permutations(range(16)))
    parameters = {"sources": 3, "rounds": 2}
    expected = drawn(labels, 3, 4, ids, **parameters)
    assert np.array_equal(drawn(labels, 3, 4, ids, groups, **parameters), expected)


def test_a_class_is_drawn_alike_whatever_other_classes_there_are():
    groups, ids = np.arange(40) % 7, np.arange(40)[::-1].copy()
    alone = drawn([0] * 40, 2, 3, ids, groups, sources=5)
    labels = np.concatenate([[1] * 40, [0] * 40, [2] * 40])
    together = drawn(
        labels, 2, 3, np.concatenate([ids + 100, ids, ids + 200]), np.tile(groups, 3), sources=5
    )
    assert np.array_equal(together[40:80] - 40, alone)


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
