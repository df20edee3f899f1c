"""What a way protects: the entries of a report, of the same sets."""

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer, Key
from blockmix.bench.utility import protection, single_blocks
from blockmix.privacy import Pair, measure

COUNT, SIDE = 60, 32


@pytest.fixture
def labelled():
    """Noise, of which every block differs from every other, in two labels."""
    return random_images(COUNT, SIDE, SIDE, 3), np.arange(COUNT) % 2


@pytest.fixture
def mixer():
    return BlockMixer(block=8, sources=4, probability="balanced", key=Key.from_seed(0))


def test_a_set_that_is_measured_whole_gives_the_entries_of_a_report(labelled, mixer):
    images, labels = labelled
    plan = mixer.plan(labels, SIDE, SIDE)
    pair = Pair.of_arrays(images, plan.apply(images), labels, block=8, source_map=plan)
    report = measure(
        pair, sources=4, probability=mixer.quantised_probability(), sample=COUNT, seed=3
    )
    measured = protection.of_mixing(images, labels, mixer, seed=3)
    assert measured["linkage"] == {
        name: report["linkage"][name] for name in ("by_blocks", "by_pixels")
    }
    assert measured["linked"] == {**report["linkage"]["by_blocks"], "by": "by_blocks"}
    assert measured["forecast"].items() <= report["forecast"].items()
    assert measured["own_share"] == report["situations"]["own_kept"]
    assert measured["largest_share"] == report["shares"]["largest"]
    assert measured["half_shown"] == report["shares"]["half_shown"]
    assert measured["recognised"] == report["identity"]["rank_1"]
    assert measured["seams"] == report["seams"]["auc"]
    assert measured["reassembled"].keys() == report["reassembly"]["right"].keys()
    assert measured["images"] == {"linked": COUNT, "seen": COUNT, "puzzles": COUNT}
    assert measured["single_block"] == single_blocks.right(plan.grid.row_edges, plan.grid.col_edges)


def test_samples_are_of_images_and_shares_are_not(labelled, mixer, monkeypatch):
    images, labels = labelled
    whole = protection.of_mixing(images, labels, mixer, seed=0)
    for name, size in (("LINKED", 20), ("SEEN", 10), ("PUZZLES", 5)):
        monkeypatch.setattr(protection, name, size)
    sampled = protection.of_mixing(images, labels, mixer, seed=0)
    assert sampled["images"] == {"linked": 20, "seen": 10, "puzzles": 5}
    assert sampled["linkage"]["by_blocks"]["value"] * 20 % 1 == pytest.approx(0)
    for name in ("largest_share", "half_shown", "own_share", "forecast"):
        assert sampled[name] == whole[name]
    again = protection.of_mixing(images, labels, mixer, seed=0)
    assert again | {"seconds": 0} == sampled | {"seconds": 0}


def test_originals_give_everything_away(labelled):
    measured = protection.of_originals(*labelled, seed=0)
    assert measured["linked"]["value"] == measured["recognised"]["value"] == 1
    for name in ("largest_share", "half_shown", "reassembled"):
        assert measured[name] == {"value": 1, "low": 1, "high": 1}
    assert measured["own_share"] == 1
    assert measured["single_block"]["value"] == 0.9625
    assert measured["seams"] is measured["forecast"] is None


def test_other_changes_are_linked_by_pixels(labelled):
    images, labels = labelled
    darker = images // 2
    measured = protection.of_images(images, darker, labels, seed=0)
    distances = ((darker[:, None].astype(int) - images[None]) ** 2).sum(axis=(2, 3, 4))
    distances[labels[:, None] != labels] = distances.max() + 1
    right = (distances.argmin(axis=1) == np.arange(COUNT)).mean()
    assert measured["linked"]["by"] == "by_pixels"
    assert measured["linked"]["value"] == pytest.approx(right)
    assert measured["largest_share"] is measured["single_block"] is measured["reassembled"] is None
