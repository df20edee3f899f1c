"""Forecasts against drawn maps. Bounds are five standard errors, unless a docstring allows more."""

import numpy as np
import pytest
from forecasting_builders import drawn_class

from blockmix import BlockMixer, InputError, Key
from blockmix.forecasting.forecast import copies_of_a_block, own_kept
from blockmix.privacy import balanced, forecast

# Class size, sources, rounds, probability, blocks.
CASES = [
    (200, 10, 1, 0.5, 64),
    (200, 10, 1, 10 / 11, 16),
    (200, 10, 3, 0.5, 64),
    (200, 10, 3, 10 / 11, 64),
    (200, 5, 10, 0.2, 16),
    (200, 10, 1, 1.0, 64),
    (30, 10, 3, 0.5, 16),
    (12, 11, 2, 0.9, 8),
    (5, 2, 3, 0.5, 9),
    (2, 1, 1, 0.5, 8),
]


def drawn(size, sources, rounds, probability, blocks):
    """Sources of blocks in many independent classes: (classes, images, blocks)."""
    return np.stack(
        [
            drawn_class(size, sources, rounds, probability, blocks, seed)
            for seed in range(max(4, 4000 // size))
        ]
    )


def forecast_of(size, sources, rounds, probability, blocks):
    return forecast(size, sources=sources, rounds=rounds, probability=probability, blocks=blocks)


def assert_near(values, forecast, slack=0.0):
    """The mean over independent classes is within five of its standard errors."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - forecast) <= 5 * error + slack + 1e-12


@pytest.mark.parametrize("case", CASES)
def test_own_blocks_kept(case):
    maps = drawn(*case)
    own = maps == np.arange(case[0])[:, None]
    assert_near(own.mean(axis=(1, 2)), forecast_of(*case).own_kept)


def copies_of(maps):
    """Number of copies of each block of each image: (classes, images, blocks)."""
    count, size, blocks = maps.shape
    cells = np.arange(count * blocks).reshape(count, 1, blocks)
    flat = (maps * count * blocks + cells).reshape(-1)
    counts = np.bincount(flat, minlength=maps.size).reshape(size, count, blocks)
    return counts.swapaxes(0, 1)


@pytest.mark.parametrize("case", CASES)
def test_copies_of_a_block(case):
    copies, expected = copies_of(drawn(*case)), forecast_of(*case)
    assert sum(expected.copies) == pytest.approx(1)
    assert expected.erased == expected.copies[0] == pytest.approx(1 - expected.published)
    for times, share in enumerate(expected.copies[:-1]):
        assert_near((copies == times).mean(axis=(1, 2)), share, slack=1e-3)


@pytest.mark.parametrize("case", CASES)
def test_distinct_sources(case):
    ordered = np.sort(drawn(*case), axis=2)
    counts = 1 + (ordered[:, :, 1:] != ordered[:, :, :-1]).sum(axis=2).mean(axis=1)
    slack = 0 if case[2] == 1 else 0.02 * counts.mean()  # exact with one round
    assert_near(counts, forecast_of(*case).distinct_sources, slack)


def test_one_round_follows_the_formulas():
    n, sources, p, blocks = 1500, 10, 0.5, 64
    expected = forecast_of(n, sources, 1, p, blocks)
    assert expected.own_kept == pytest.approx(1 - p)
    assert expected.erased == pytest.approx(p * (1 - p / (n - 1)) ** (n - 1))
    assert expected.unmixed == pytest.approx((1 - p) ** blocks)
    assert expected.anonymity_set == pytest.approx(1 / max(1 - p, p / sources))
    assert expected.effective_anonymity_set == pytest.approx(2 * sources**0.5)
    assert expected.distinct_sources == pytest.approx(
        1 - p**blocks + sources * (1 - (1 - p / sources) ** blocks)
    )
    assert expected.key_bits == 256


def test_many_rounds_iterate_the_formula():
    """For a large class: s becomes (p + q s) exp(p (s - 1)) with every round."""
    p, erased = 0.5, 0.0
    for rounds in range(1, 11):
        erased = (p + (1 - p) * erased) * np.exp(p * (erased - 1))
        assert copies_of_a_block(10**6, p, rounds)[0] == pytest.approx(erased, abs=1e-5)


def test_probabilities_0_and_1():
    never, always = forecast_of(50, 10, 3, 0, 8), forecast_of(50, 10, 1, 1, 8)
    assert (never.own_kept, never.erased, never.distinct_sources, never.linked) == (1, 0, 1, 1)
    assert never.anonymity_set == never.effective_anonymity_set == 1
    assert (always.own_kept, always.unmixed) == (pytest.approx(0), pytest.approx(0))
    assert always.anonymity_set == pytest.approx(10)


def test_balanced_depends_on_the_pool():
    assert forecast(1000, sources=7, probability="balanced") == forecast(
        1000, sources=7, probability=7 / 8
    )
    assert forecast(3, sources=7, probability="balanced").probability == 2 / 3


def test_balanced_makes_an_image_and_its_sources_equally_likely():
    expected = forecast(1000, sources=7, probability=balanced(7))
    assert expected.own_kept == pytest.approx(1 / 8)
    assert expected.anonymity_set == pytest.approx(8)
    assert expected.effective_anonymity_set == pytest.approx(8)
    for other in (0.5, 0.8, 0.95, 1):
        assert forecast(1000, sources=7, probability=other).anonymity_set < 7.99


@pytest.mark.parametrize("size", [2, 30, 49, 1500])
@pytest.mark.parametrize("probability", [0.9, 1])
def test_the_anonymity_set_of_a_single_source(size, probability):
    """The expected number of sources is 1, or slightly less by rounding."""
    expected = forecast(size, sources=1, probability=probability)
    assert expected.anonymity_set == pytest.approx(1 / probability)


@pytest.mark.parametrize(
    ("size", "sources", "rounds", "probability"),
    [(400, 4, 2, 0.5), (400, 4, 3, 0.5), (300, 10, 3, 10 / 11), (400, 4, 2, 0.8)],
)
def test_anonymity_sets_with_several_rounds(size, sources, rounds, probability):
    """An image of very many blocks shows all chances. Forecasts are up to a fifth too large."""
    parameters = {"sources": sources, "rounds": rounds, "probability": probability}
    mixer = BlockMixer(block=1, key=Key.from_seed(3), **parameters)
    expected = forecast(size, **parameters)
    entropies, largest = [], []
    for row in mixer.plan([0] * size, 1, 100_000).sources[:24, 0]:
        chances = np.bincount(row, minlength=size) / 100_000
        positive = chances[chances > 0]
        entropies.append(2 ** -(positive * np.log2(positive)).sum())
        largest.append(chances.max())
    assert np.mean(entropies) == pytest.approx(expected.effective_anonymity_set, rel=0.05)
    anonymity_set = 1 / np.mean(largest)
    assert 0.95 * anonymity_set <= expected.anonymity_set <= 1.2 * anonymity_set


@pytest.mark.parametrize("releases", [1, 2, 5])
def test_releases(releases):
    size, blocks = 400, 64
    own = np.zeros((size, blocks), int)
    for seed in range(releases):
        mixer = BlockMixer(block=1, key=Key.from_seed(seed))
        own += mixer.plan([0] * size, 1, blocks).sources[:, 0] == np.arange(size)[:, None]
    shares = (own >= 2).mean(axis=1)
    assert_near(shares, forecast(size, blocks=blocks).found_from_releases(releases))


def test_in_a_small_class_every_other_image_is_a_source():
    assert forecast(5, sources=10) == forecast(5, sources=4)


def test_extremes_are_fast_and_finite():
    expected = forecast(2**31, sources=255, rounds=100, blocks=1_000_000)
    values = [expected.own_kept, expected.distinct_sources, expected.linked, *expected.copies]
    assert np.isfinite(values).all()
    assert own_kept(2, 1.0, 1) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"class_size": 1}, "class_size is from 2"),
        ({"sources": 0}, "sources is from 1 to 255"),
        ({"rounds": 0}, "rounds is from 1"),
        ({"blocks": 0}, "blocks is from 1"),
        ({"probability": 1.5}, "probability is from 0 to 1, got 1.5"),
        ({"probability": float("nan")}, "probability is from 0 to 1, got nan"),
        ({"probability": "half"}, "from 0 to 1, or 'balanced', got 'half'"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(InputError, match=message):
        forecast(**{"class_size": 10, **arguments})
