"""Which shards are mixed together."""

from collections import Counter

import pytest
from builders import SECRET
from hypothesis import given
from hypothesis import strategies as st

from blockmix import BlockMixer, InputError, Key
from blockmix.datasets.shards.grouping import group_shards, shuffled


def mixer(**parameters):
    return BlockMixer(**{"sources": 3, "key": Key(SECRET)} | parameters)


def test_a_shard_with_enough_of_every_label_is_a_unit():
    units = group_shards([Counter(a=4, b=9)] * 5, mixer())
    assert sorted(map(len, units)) == [1] * 5
    assert sorted(shard for unit in units for shard in unit) == list(range(5))


def test_shards_are_grouped_by_powers_of_two():
    units = group_shards([Counter(a=1)] * 11, mixer())
    assert sorted(map(len, units)) == [5, 6]


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 9)), min_size=1, max_size=9))
def test_every_label_of_a_unit_has_enough_images(counts):
    counts = [Counter(count) for count in counts]
    try:
        units = group_shards(counts, mixer())
    except InputError:
        assert any(count < 4 for count in sum(counts, Counter()).values())
        return
    assert sorted(shard for unit in units for shard in unit) == list(range(len(counts)))
    for unit in units:
        total = sum((counts[shard] for shard in unit), Counter())
        assert all(count >= 4 for count in total.values())


def test_a_label_with_too_few_images_in_all_shards_is_named():
    with pytest.raises(InputError) as caught:
        group_shards([Counter({"rare": 2, "common": 9, 7: 1}), Counter(rare=1)], mixer())
    assert str(caught.value) == (
        "every label needs 4 images, with sources=3, but in all shards together 7 has 1, 'rare' "
        "has 3: lower sources, or pass small_classes='clamp'"
    )


def test_clamped_labels_need_two_images():
    units = group_shards([Counter(a=2)] * 3, mixer(small_classes="clamp"))
    assert len(units) == 3
    with pytest.raises(InputError, match="every label needs 2 images"):
        group_shards([Counter(a=1)], mixer(small_classes="clamp"))


def test_the_order_follows_from_key_and_purpose_alone():
    first = shuffled(Key(SECRET), "shard order", 99)
    assert first == shuffled(Key(SECRET), "shard order", 99)
    assert sorted(first) == list(range(99))
    assert first != shuffled(Key(SECRET), "shard number", 99)
    assert first != shuffled(Key(SECRET[::-1]), "shard order", 99)
