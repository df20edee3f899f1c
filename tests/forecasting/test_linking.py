"""The forecast of linking agrees with drawn classes."""

import numpy as np
import pytest
from forecasting_builders import drawn_class

from blockmix.forecasting.forecast import own_kept
from blockmix.forecasting.linking import chances_of_others, log_likelihood_ratio
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


def shared_blocks(size, sources, rounds, probability, blocks, seed):
    """Number of blocks that each image shares with each original: (images, originals)."""
    sources_of_blocks = drawn_class(size, sources, rounds, probability, blocks, seed)
    counts = np.zeros((size, size), int)
    np.add.at(counts, (np.arange(size)[:, None], sources_of_blocks), 1)
    return counts


@pytest.mark.parametrize("case", CASES)
def test_linked(case):
    size, sources, rounds, probability, blocks = case
    own = own_kept(size, probability, rounds)
    ratio = log_likelihood_ratio(
        own, chances_of_others(size, own, sources, probability, rounds), blocks
    )
    ranks = np.argsort(np.argsort(ratio, kind="stable"))
    rng, shares_right = np.random.default_rng(0), []
    for seed in range(2400 // size):
        evidence = ranks[shared_blocks(*case, seed)] + rng.random((size, size)) / 2
        shares_right.append((evidence.argmax(axis=1) == np.arange(size)).mean())
    expected = forecast(
        size, sources=sources, rounds=rounds, probability=probability, blocks=blocks
    )
    error = np.sqrt(expected.linked * (1 - expected.linked) / 2400)
    few = sources <= 5 or blocks < 16
    assert abs(np.mean(shares_right) - expected.linked) <= (0.07 if few else 0.02) + 4 * error


def ratio_of(sources, probability, blocks):
    own = own_kept(300, probability, 1)
    return log_likelihood_ratio(own, chances_of_others(300, own, sources, probability, 1), blocks)


def test_with_the_papers_parameters_more_blocks_are_stronger_evidence():
    assert (np.diff(ratio_of(10, 0.5, 64)) > 0).all()


def test_beyond_balance_few_blocks_are_the_strongest_evidence():
    """An image has about 3 of its own blocks then, and 12 of each of its five sources."""
    assert 1 <= ratio_of(5, 0.95, 64).argmax() <= 3
    beyond_balance, at_balance = (
        forecast(300, sources=5, probability=p).linked for p in (0.95, balanced(5))
    )
    assert beyond_balance > 0.9
    assert at_balance < 0.2


def test_chances_of_others_count_all_others():
    for size, sources, rounds, p in [(300, 10, 1, 0.5), (1500, 10, 3, 0.5), (50, 5, 10, 0.2)]:
        own = own_kept(size, p, rounds)
        counts = chances_of_others(size, own, sources, p, rounds)
        assert sum(counts.values()) == pytest.approx(size - 1, rel=0.01)
        assert sum(chance * count for chance, count in counts.items()) == pytest.approx(
            1 - own, rel=0.02
        )


@pytest.mark.parametrize("probability", [0.2, 0.5, 0.8])
def test_a_class_of_two_with_one_block(probability):
    """The block is the image's own or the other's; the attacker takes the likelier."""
    expected = forecast(2, sources=1, probability=probability, blocks=1)
    assert expected.linked == pytest.approx(max(probability, 1 - probability), abs=0.1)
