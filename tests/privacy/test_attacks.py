"""Each attack finds what is there to be found, and no more than chance where nothing is."""

import sys

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockGrid, BlockMixer, InputError, Key, SourceMap
from blockmix.bench.common.faces import face
from blockmix.privacy import Pair, forecast
from blockmix.privacy.attacks.identity import identity
from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.attacks.releases import releases
from blockmix.privacy.attacks.seams import largest_piece, seams
from blockmix.privacy.attacks.seeds import seed_search
from blockmix.privacy.nearest import UNKNOWN, nearest
from blockmix.support.progress import no_progress

COUNT, SIZE, BLOCK = 40, 96, 24


TOGETHER = 0.275  # 0.5 squared, and 10 sources with 0.05 squared


@pytest.fixture(scope="module")
def pictures():
    """Smooth pictures of two labels, without grain to speak of."""
    return np.stack([face(number % 2, number)[16:208:2, 16:208:2] for number in range(COUNT)])


def mixed(images, probability, block=BLOCK, **parameters):
    labels = np.arange(len(images)) % 2
    mixer = BlockMixer(block=block, probability=probability, key=Key.from_seed(5), **parameters)
    plan = mixer.plan(labels, *images.shape[1:3])
    return Pair.of_arrays(images, plan.apply(images), labels, block=block, source_map=plan)


ALL = np.arange(COUNT)


def most_blocks(_label):
    """The more blocks are an original's, the more that tells."""
    return np.arange(300.0)


def test_linkage(pictures):
    pair = mixed(pictures, 0.5)
    made = linkage(pair, pair.match, nearest(pair, most_blocks, no_progress))
    assert made["by_blocks"]["value"] > 0.7
    assert made["by_pixels"]["value"] > 0.4
    assert made["chance"] == pytest.approx(2 / COUNT)
    low, high = made["by_blocks"]["low"], made["by_blocks"]["high"]
    assert low < made["by_blocks"]["value"] <= high <= 1


def test_linkage_is_judged_by_the_match(pictures):
    """An attacker who always takes the next image of the label is never right."""
    pair = mixed(pictures, 0)
    found = nearest(pair, most_blocks, no_progress)
    assert linkage(pair, pair.match, found)["by_blocks"]["value"] == 1
    assert linkage(pair, np.roll(pair.match, 2), found)["by_blocks"]["value"] == 0


def test_seams_show_in_smooth_pictures_and_not_in_noise(pictures):
    smooth = mixed(pictures, 0.5)
    made = seams(smooth, smooth.sources, smooth.match, ALL, TOGETHER)
    assert made["auc"]["value"] > 0.85
    assert made["auc"]["low"] < made["auc"]["value"] < made["auc"]["high"]
    assert made["seams"] == COUNT * 24
    assert made["together"] == pytest.approx(TOGETHER, abs=0.05)
    assert made["own_in_piece"]["value"] > made["own_share"] + 0.2
    assert made["own_recovered"]["value"] > made["piece"] + 0.1
    noise = mixed(random_images(200, 48, 48, 3), 0.5, block=12)
    made = seams(noise, noise.sources, noise.match, np.arange(200), TOGETHER)
    assert made["auc"]["value"] == pytest.approx(0.5, abs=0.03)
    assert made["own_recovered"]["value"] == pytest.approx(made["piece"], abs=0.05)
    assert made["own_in_piece"]["value"] == pytest.approx(made["own_share"], abs=0.05)


def test_seams_leave_out_what_is_not_known(pictures):
    pair = mixed(pictures, 0.5)
    sources = pair.sources.copy()
    sources[:, 1, 1] = UNKNOWN
    made = seams(pair, sources, pair.match, ALL, TOGETHER)
    assert made["seams"] == COUNT * 20
    assert made["auc"]["value"] > 0.85


def test_seams_where_there_is_nothing_to_tell(pictures):
    whole = mixed(pictures, 0)
    assert seams(whole, whole.sources, whole.match, ALL, TOGETHER)["auc"] is None
    single = mixed(pictures, 0.5, block=SIZE)
    made = seams(single, single.sources, single.match, ALL, TOGETHER)
    assert (made["seams"], made["auc"], made["own_in_piece"]) == (0, None, None)
    blind = seams(single, single.sources, None, ALL, TOGETHER)
    assert blind["own_share"] is None


def test_the_largest_piece():
    across = np.array([[True, False], [False, True], [False, False]])
    down = np.array([[True, False, False], [True, False, True]])
    assert largest_piece(across, down).tolist() == [
        [True, True, False],
        [True, False, False],
        [True, False, False],
    ]


def test_reassembly_restores_what_was_only_shuffled():
    """Flat pictures, each of its own grey, with every block somewhere: all can be put back."""
    images = np.empty((COUNT, SIZE, SIZE, 1), np.uint8)
    images[:] = 5 * np.arange(COUNT)[:, None, None, None]
    draw = np.random.default_rng(0)
    shuffled = np.stack([draw.permutation(COUNT) for _ in range(16)], axis=1)
    plan = SourceMap(shuffled.reshape(COUNT, 4, 4).astype(np.int32), BlockGrid.even(SIZE, SIZE, 24))
    pair = Pair.of_arrays(images, plan.apply(images), [0] * COUNT, block=24, source_map=plan)
    made = reassembly(pair, pair.sources, ALL, 0, no_progress)
    for score in ("direct", "neighbour", "largest"):
        assert made[score] == {"value": 1, "low": 1, "high": 1}
    assert made["ceiling"] == 1
    assert made["chance"]["direct"] == pytest.approx((1 + 15 / COUNT) / 16, abs=0.02)
    assert made["as_published"]["direct"] == pytest.approx((1 + 15 / COUNT) / 16, abs=0.02)


def test_reassembly_of_noise_is_chance():
    noise = mixed(random_images(COUNT, SIZE, SIZE, 3), 0.5)
    made = reassembly(noise, noise.sources, ALL, 0, no_progress)
    assert made["direct"]["value"] == pytest.approx(made["chance"]["direct"], abs=0.05)


def test_reassembly_of_unmixed_pictures_finds_neighbours(pictures):
    pair = mixed(pictures, 0)
    made = reassembly(pair, pair.sources, ALL[:10], 0, no_progress)
    assert made["ceiling"] == 1
    assert made["as_published"] == {"direct": 1, "neighbour": 1, "largest": 1}
    for score in ("direct", "neighbour", "largest"):
        assert made[score]["value"] > 2 * made["chance"][score]


def test_reassembly_of_a_single_block(pictures):
    pair = mixed(pictures, 0.5, block=SIZE)
    made = reassembly(pair, pair.sources, ALL[:3], 0, no_progress)
    assert made["images"] == 0
    assert made["direct"] is made["chance"] is None


def test_reassembly_where_nothing_is_known(pictures):
    pair = mixed(pictures, 0.5)
    made = reassembly(pair, np.full_like(pair.sources, UNKNOWN), ALL[:3], 0, no_progress)
    assert made["images"] == 0
    assert made["direct"] is made["ceiling"] is None


def test_reassembly_is_judged_where_something_is_known():
    noise = mixed(random_images(COUNT, SIZE, SIZE, 3), 0.5)
    sources = noise.sources.copy()
    sources[:, 0] = UNKNOWN  # a plain border
    made = reassembly(noise, sources, ALL, 0, no_progress)
    assert made["direct"]["value"] == pytest.approx(made["chance"]["direct"], abs=0.06)
    assert made["direct"]["value"] <= made["ceiling"]
    assert made["as_published"]["direct"] > made["chance"]["direct"]


def test_identity_of_unmixed_and_of_foreign_pictures(pictures):
    pair = mixed(pictures, 0)
    made = identity(pair, pair.match, ALL, None)
    assert made["recogniser"] == "eigenfaces"
    assert made["rank_1"]["value"] == made["rank_5"]["value"] == made["accepted"]["value"] == 1
    foreign = identity(pair, np.roll(pair.match, 2), ALL, None)
    assert foreign["rank_1"]["value"] == 0
    assert made["chance_1"] == pytest.approx(2 / COUNT)
    assert made["chance_5"] == pytest.approx(10 / COUNT)


def test_eigenfaces_of_few_pictures_recognise_mixed_ones(pictures):
    """There are no hundred components of forty pictures."""
    pair = mixed(pictures, 0.2)
    made = identity(pair, pair.match, ALL, None)
    assert made["rank_1"]["value"] > 5 * made["chance_1"]


def test_a_recogniser_that_says_nothing_is_right_by_chance(pictures):
    pair = mixed(np.repeat(pictures, 5, axis=0), 0)
    everyone = np.arange(5 * COUNT)
    made = identity(pair, pair.match, everyone, lambda images: np.ones((len(images), 3)))
    assert made["rank_1"]["value"] == pytest.approx(made["chance_1"], abs=0.03)
    assert made["rank_5"]["value"] == pytest.approx(made["chance_5"], abs=0.05)


def test_a_recogniser_cannot_change_the_images(pictures):
    pair = mixed(pictures, 0)

    def spoil(images):
        images[:] = 0

    with pytest.raises(InputError, match="read-only"):
        identity(pair, pair.match, ALL, spoil)
    assert pair.originals.any()


def test_identity_by_a_recogniser_of_the_users(pictures):
    pair = mixed(pictures, 0.5)

    def by_the_middle(images):
        return images[:, 40:56, 40:56].reshape(len(images), -1).astype(float) - 128

    made = identity(pair, pair.match, ALL, by_the_middle)
    assert made["recogniser"] == "the user's"
    assert 0.05 < made["rank_1"]["value"] < 0.95


@pytest.mark.parametrize(
    "wrong",
    [
        lambda images: np.zeros(3),
        lambda images: np.full((len(images), 2), np.nan),
        lambda images: np.zeros((len(images), 0)),
        lambda images: 1 / 0,
        lambda images: sys.exit(0),
        lambda images: np.ones((len(images), len(np.unique(images)))),
    ],
    ids=["shape", "not finite", "empty", "fails", "exits", "of another length"],
)
def test_identity_refuses_what_is_no_embedding(pictures, wrong):
    pair = mixed(pictures, 0.5)
    pair.mixed[0] = 0  # of fewer values
    with pytest.raises(InputError, match=r"vector|the recogniser failed: (Zero|SystemExit)"):
        identity(pair, pair.match, ALL[:3], wrong)


def test_releases_come_out_as_forecast():
    made = {"a": forecast(300, blocks=64), "b": forecast(200, blocks=64)}
    for line in releases(made, {"a": 300, "b": 200}):
        assert line["drawn"] == pytest.approx(line["forecast"], abs=0.01)


def test_seeds():
    made = seed_search()
    assert made["bits"] == 32
    assert made["hours"] == pytest.approx(2**32 / made["seeds_per_second"] / 3600)
    assert made["fresh_key_years_power_of_ten"] > 50
