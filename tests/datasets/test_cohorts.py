"""How labels are cut into cohorts, and cohorts packed into memory."""

from operator import attrgetter

import pytest
from builders import SECRET
from hypothesis import given
from hypothesis import strategies as st

from blockmix import InputError, Key
from blockmix.datasets.cohorts import capacity, cut_into_cohorts, group_into_loads
from blockmix.datasets.folder.image_folder import FileSample


def images(**counts):
    labels = [label for label, count in counts.items() for _ in range(count)]
    return [FileSample(i, None, label, f"{i}.png") for i, label in enumerate(labels)]


def test_a_label_that_fits_is_one_cohort_in_its_order():
    (cohort,) = cut_into_cohorts(images(a=9), 9, Key(SECRET))
    assert cohort.name == "a"
    assert [image.id for image in cohort.members] == list(range(9))


@given(st.integers(1, 300), st.integers(1, 40))
def test_cohorts_share_out_a_label_evenly(count, largest):
    cohorts = cut_into_cohorts(images(a=count), largest, Key(SECRET))
    sizes = [len(cohort.members) for cohort in cohorts]
    assert max(sizes) <= largest
    assert max(sizes) - min(sizes) <= 1
    assert len(cohorts) == -(-count // largest)
    assert sorted(image.id for cohort in cohorts for image in cohort.members) == list(range(count))


def test_cohorts_are_shuffled_by_the_key():
    def ids(key):
        return [[i.id for i in c.members] for c in cut_into_cohorts(images(a=100), 50, key)]

    assert ids(Key(SECRET)) == ids(Key(SECRET))
    assert ids(Key(SECRET)) != ids(Key.from_seed(0))
    assert ids(Key(SECRET))[0] != list(range(50))


def test_cohorts_are_named():
    names = [cohort.name for cohort in cut_into_cohorts(images(a=3, b=6), 4, Key(SECRET))]
    assert names == ["a", "b (cohort 1 of 2)", "b (cohort 2 of 2)"]


@given(st.integers(1, 255), st.integers(1, 1000), st.integers(0, 2000))
def test_every_cohort_of_a_label_that_does_not_fit_can_be_mixed(sources, extra, more):
    """The least capacity leaves sources + 1 images in every cohort, however the label divides."""
    largest = capacity((3 + 1024) * (2 * (sources + 1) + more), 1, blocks=0, sources=sources)
    cohorts = cut_into_cohorts(images(a=largest + extra), largest, Key(SECRET))
    assert min(len(cohort.members) for cohort in cohorts) >= sources + 1


def test_capacity():
    needed = 3 * 96 + 8 * 5 + 1024
    assert capacity(300_000, image_bytes=96, blocks=5, sources=3) == 300_000 // needed


def test_a_budget_that_is_too_small_says_what_would_do():
    needed = 3 * 2**20 + 1024
    with pytest.raises(InputError, match="needs 8 for a cohort: give at least 25MiB"):
        capacity(8 * needed - 1, 2**20, 0, sources=3)
    assert capacity(25 * 2**20, 2**20, 0, sources=3) == 8


def loads_of(cohorts, largest):
    return group_into_loads(cohorts, largest, attrgetter("size"))


def test_cohorts_are_grouped_into_loads():
    cohorts = cut_into_cohorts(images(a=4, b=3, c=3, d=9, e=1), 9, Key(SECRET))
    loads = [[cohort.name for cohort in load] for load in loads_of(cohorts, 9)]
    assert loads == [["a", "b"], ["c"], ["d"], ["e"]]
    assert list(loads_of([], 9)) == []
    alone = [[cohort.name for cohort in load] for load in loads_of(cohorts, 3)]
    assert alone == [["a"], ["b"], ["c"], ["d"], ["e"]]
