"""How often images are linked, forecast and drawn."""

import numpy as np
import pytest

from blockmix import BlockMixer, Key
from blockmix.forecasting.forecast import own_kept
from blockmix.forecasting.linking import log_likelihood_ratio, others
from blockmix.privacy import balanced, forecast

# Class size, sources, rounds, probability, blocks.
CASES = [
    (300, 10, 1, 0.5, 64),
    (300, 10, 1, 10 / 11, 64),
    (300, 10, 2, 0.5, 16),
    (300, 10, 3, 0.5, 16),
    (300, 10, 3, 0.75, 64),
    (300, 10, 3, 10 / 11, 256),
    (300, 3, 2, 0.75, 64),
    (300, 5, 1, 0.95, 64),
    (400, 5, 1, 0.75, 64),
    (400, 3, 1, 0.7, 64),
    (300, 10, 1, 0.5, 4),
    (30, 10, 3, 0.5, 16),
]


def shares(size, sources, rounds, probability, blocks, seed):
    """How many blocks each image has of each original: (images, originals)."""
    mixer = BlockMixer(
        block=1, sources=sources, rounds=rounds, probability=probability, key=Key.from_seed(seed)
    )
    found = mixer.plan([0] * size, 1, blocks).sources.reshape(size, blocks)
    counts = np.zeros((size, size), int)
    np.add.at(counts, (np.arange(size)[:, None], found), 1)
    return counts


@pytest.mark.parametrize("case", CASES)
def test_linked(case):
    size, sources, rounds, probability, blocks = case
    own = own_kept(size, probability, rounds)
    tells = log_likelihood_ratio(own, others(size, own, sources, probability, rounds), blocks)
    ranks = np.argsort(np.argsort(tells, kind="stable"))
    generator, right = np.random.default_rng(0), []
    for seed in range(2400 // size):
        told = ranks[shares(*case, seed)] + generator.random((size, size)) / 2
        right.append((told.argmax(axis=1) == np.arange(size)).mean())
    made = forecast(size, sources=sources, rounds=rounds, probability=probability, blocks=blocks)
    error = np.sqrt(made.linked * (1 - made.linked) / 2400)
    few = sources <= 5 or blocks < 16
    assert abs(np.mean(right) - made.linked) <= (0.07 if few else 0.02) + 4 * error


def tells_of(sources, probability, blocks):
    own = own_kept(300, probability, 1)
    return log_likelihood_ratio(own, others(300, own, sources, probability, 1), blocks)


def test_with_the_papers_parameters_more_blocks_tell_more():
    assert (np.diff(tells_of(10, 0.5, 64)) > 0).all()


def test_beyond_balance_few_blocks_tell_most():
    """An image has about 3 of its own blocks then, and 12 of each of its five sources."""
    assert 1 <= tells_of(5, 0.95, 64).argmax() <= 3
    beyond, at = (forecast(300, sources=5, probability=p).linked for p in (0.95, balanced(5)))
    assert beyond > 0.9
    assert at < 0.2


def test_others_are_all_counted():
    for size, sources, rounds, p in [(300, 10, 1, 0.5), (1500, 10, 3, 0.5), (50, 5, 10, 0.2)]:
        own = own_kept(size, p, rounds)
        made = others(size, own, sources, p, rounds)
        assert sum(made.values()) == pytest.approx(size - 1, rel=0.01)
        assert sum(chance * many for chance, many in made.items()) == pytest.approx(
            1 - own, rel=0.02
        )


@pytest.mark.parametrize("probability", [0.2, 0.5, 0.8])
def test_a_class_of_two_with_one_block(probability):
    """It is the image's own or the other's; the likelier of the two is taken."""
    made = forecast(2, sources=1, probability=probability, blocks=1)
    assert made.linked == pytest.approx(max(probability, 1 - probability), abs=0.1)
