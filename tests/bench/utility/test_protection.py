"""What a way protects: the entries of a report, of the same sets."""

import json
from dataclasses import replace

import numpy as np
import pytest
from builders import random_images
from utility_record import small_record

from blockmix import BlockGrid, BlockMixer, Key
from blockmix.bench.utility import protection, records, single_blocks
from blockmix.bench.utility.plan import Way
from blockmix.bench.utility.ways import taken_images
from blockmix.privacy import Pair, measure

COUNT, SIDE = 60, 32


@pytest.fixture
def labelled():
    """Noise, of which every block differs from every other, in two labels."""
    return random_images(COUNT, SIDE, SIDE, 3), np.arange(COUNT) % 2


@pytest.fixture
def mixer():
    return BlockMixer(block=8, sources=4, probability="balanced", key=Key.from_seed(0))


WAY = Way("mixing", BlockGrid.even(SIDE, SIDE, 8), sources=4, probability="balanced")


def without_seconds(measured):
    return measured | {"seconds": 0}


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_way_that_mixes_is_measured_on_the_images_that_it_takes(labelled, mixer, share):
    images, labels = labelled
    way = replace(WAY, image_share=share, augmentation=("flip",))
    taken = taken_images(way, labels, seed=0)
    assert len(taken) == share * COUNT
    measured = protection.protection_of(way, images, labels, seed=0)
    expected = protection.of_mixing(images[taken], labels[taken], mixer, seed=0)
    assert without_seconds(measured) == without_seconds(expected)


@pytest.mark.parametrize(
    "way", [Way("original"), Way("pixelation", strength=2.0), Way("blur", strength=1.0)]
)
def test_what_does_not_mix_is_linked_by_pixels(labelled, way):
    measured = protection.protection_of(way, *labelled, seed=0)
    assert measured["linked"]["value"] == 1  # noise differs much more between images
    assert measured["linked"]["by"] == "by_pixels"
    assert (measured["single_block"] is None) == (way.kind != "original")


@pytest.mark.parametrize("way", [Way("original"), WAY, Way("blur", strength=1.0)])
def test_it_fits_the_schema_of_the_record(labelled, way):
    record = small_record()
    record["ways"][0]["protection"] = protection.protection_of(way, *labelled, seed=0)
    records.check(json.loads(json.dumps(record)), "it")


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_images_that_are_combined_are_linked_to_the_larger_part(labelled, torch, kind):
    images, labels = labelled
    measured = protection.protection_of(Way(kind, strength=1.0), images, labels, seed=0)
    assert measured["linked"]["value"] > 0.95
    assert measured["largest_share"] is None


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
    assert without_seconds(again) == without_seconds(sampled)


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
    measured = protection.of_images(images, darker, labels, np.arange(COUNT), seed=0)
    distances = ((darker[:, None].astype(int) - images[None]) ** 2).sum(axis=(2, 3, 4))
    distances[labels[:, None] != labels] = distances.max() + 1
    right = (distances.argmin(axis=1) == np.arange(COUNT)).mean()
    assert measured["linked"]["by"] == "by_pixels"
    assert measured["linked"]["value"] == pytest.approx(right)
    assert measured["largest_share"] is measured["single_block"] is measured["reassembled"] is None
