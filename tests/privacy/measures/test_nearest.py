"""Where blocks come from, as pixels tell it."""

import numpy as np
import pytest
from builders import random_images
from privacy_builders import growing_ratio

from blockmix import BlockGrid, BlockMixer, Key
from blockmix.forecasting.linking import log_likelihood_ratio, others
from blockmix.privacy import Pair
from blockmix.privacy.measures.nearest import UNKNOWN, nearest
from blockmix.privacy.measures.situations import situations
from blockmix.support.progress import no_progress


def pair_of(count=30, size=16, block=4, labels=2, **parameters):
    images = random_images(count, size, size, 3)
    numbers = np.arange(count) % labels
    mixer = BlockMixer(block=block, sources=5, key=Key.from_seed(1), **parameters)
    plan = mixer.plan(numbers, size, size)
    return Pair.of_arrays(images, plan.apply(images), numbers, block=block, source_map=plan)


@pytest.mark.parametrize("block", [4, (3, 7), 16, BlockGrid([0, 5, 16], [0, 1, 3, 16])])
def test_pixels_tell_the_map(block):
    pair = pair_of(block=block, rounds=2)
    found = nearest(pair, growing_ratio, no_progress)
    assert np.array_equal(found.sources, pair.sources)
    assert found.exact == 1


def test_pixels_tell_the_map_of_stored_images():
    """Changed a little, as by a codec with loss."""
    pair = pair_of()
    noisy = pair.mixed.astype(int) + np.random.default_rng(0).integers(-9, 10, pair.mixed.shape)
    stored = np.clip(noisy, 0, 255).astype(np.uint8)
    found = nearest(
        Pair.of_arrays(pair.originals, stored, pair.labels, block=4), growing_ratio, no_progress
    )
    assert np.array_equal(found.sources, pair.sources)
    assert found.exact == 0


def test_linked_as_a_whole_and_by_blocks():
    pair = pair_of(probability=0.3)
    found = nearest(pair, growing_ratio, no_progress)
    assert np.array_equal(found.image, pair.match)
    counts = (pair.sources.reshape(30, -1, 1) == np.arange(30)).sum(axis=1)
    assert (counts[np.arange(30), found.votes] == counts.max(axis=1)).all()


def test_what_numbers_tell_decides_who_is_voted_for():
    pair = pair_of()

    def fewest_but_some(_label):
        return np.array([0.0, *range(16, 0, -1)])

    found = nearest(pair, fewest_but_some, no_progress)
    counts = (pair.sources.reshape(30, -1, 1) == np.arange(30)).sum(axis=1)
    least = np.where(counts > 0, counts, 99).min(axis=1)
    assert (counts[np.arange(30), found.votes] == least).all()


def test_all_at_once_takes_no_original_twice():
    pair = pair_of(count=200, size=32, labels=1, probability=0.75)
    tells = log_likelihood_ratio(0.25, others(200, 0.25, 5, 0.75, 1), 64)
    found = nearest(pair, lambda _label: tells, no_progress)
    assert sorted(found.jointly) == list(range(200))
    assert (found.jointly == pair.match).mean() > (found.votes == pair.match).mean() + 0.05


def test_blocks_that_many_have_tell_nothing():
    """A plain border, as photographs of documents have."""
    images = random_images(40, 32, 32, 3)
    images[:, :8] = images[:, -8:] = 255
    images[:, :, :8] = images[:, :, -8:] = 255
    mixer = BlockMixer(block=4, key=Key.from_seed(0))
    plan = mixer.plan([0] * 40, 32, 32)
    pair = Pair.of_arrays(images, plan.apply(images), [0] * 40, block=4)
    found = nearest(pair, growing_ratio, no_progress)
    inside = found.sources[:, 2:6, 2:6]
    assert np.array_equal(inside, plan.sources[:, 2:6, 2:6])
    assert (found.sources != UNKNOWN).sum() == inside.size
    assert found.told == pytest.approx(16 / 64)
    assert found.exact == 1
    assert (found.votes == pair.match).mean() > 0.9
    assert found.lost == 0
    counted = situations(pair, found.sources)
    truth = situations(pair, plan.sources.astype(np.int64))
    assert counted["places"] == 16
    for name in ("own_kept", "erased", "repeated"):
        assert counted[name] == pytest.approx(truth[name], abs=0.05)


def test_near_duplicates_are_told_apart():
    """One step of brightness between them: little beside the size of the pixels, yet enough."""
    images = (random_images(1, 96, 96, 3) // 2 + np.arange(20)[:, None, None, None]).astype(
        np.uint8
    )
    pair = Pair.of_arrays(images, images, [0] * 20, block=96)
    found = nearest(pair, growing_ratio, no_progress)
    assert np.array_equal(found.votes, np.arange(20))
    assert found.exact == 1


def test_progress_of_comparing():
    told = []
    nearest(pair_of(size=8), growing_ratio, lambda *step: told.append(step))
    assert told == [("blocks", 15, 30), ("blocks", 30, 30)]
