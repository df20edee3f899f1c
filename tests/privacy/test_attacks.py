"""Each attack finds what is there to be found, and no more than chance where nothing is."""

import numpy as np
import pytest
from conftest import random_images

from blockmix import BlockGrid, BlockMixer, InputError, Key, SourceMap
from blockmix.bench.curves.faces import face
from blockmix.privacy import Pair
from blockmix.privacy.attacks.identity import identity
from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.attacks.releases import releases
from blockmix.privacy.attacks.seams import largest_piece, seams
from blockmix.privacy.attacks.seeds import seed_search
from blockmix.privacy.nearest import most_blocks, nearest
from blockmix.progress import unseen

COUNT, SIZE, BLOCK = 40, 96, 24


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


def test_linkage(pictures):
    pair = mixed(pictures, 0.5)
    made = linkage(pair, pair.match, nearest(pair, most_blocks, unseen))
    assert made["by_blocks"]["value"] > 0.7
    assert made["by_pixels"]["value"] > 0.4
    assert made["chance"] == pytest.approx(2 / COUNT)
    low, high = made["by_blocks"]["low"], made["by_blocks"]["high"]
    assert low < made["by_blocks"]["value"] <= high <= 1


def test_linkage_is_judged_by_the_match(pictures):
    """An attacker who always takes the next image of the label is never right."""
    pair = mixed(pictures, 0)
    found = nearest(pair, most_blocks, unseen)
    assert linkage(pair, pair.match, found)["by_blocks"]["value"] == 1
    assert linkage(pair, np.roll(pair.match, 2), found)["by_blocks"]["value"] == 0


def test_seams_show_in_smooth_pictures_and_not_in_noise(pictures):
    smooth = mixed(pictures, 0.5)
    made = seams(smooth, smooth.sources, smooth.match, ALL)
    assert made["auc"] > 0.85
    assert made["seams"] == COUNT * 24
    assert made["own_in_piece"]["value"] > made["own_share"] + 0.1
    noise = mixed(random_images(COUNT, SIZE, SIZE, 3), 0.5)
    assert abs(seams(noise, noise.sources, noise.match, ALL)["auc"] - 0.5) < 0.05


def test_seams_where_there_is_nothing_to_tell(pictures):
    whole = mixed(pictures, 0)
    assert seams(whole, whole.sources, whole.match, ALL)["auc"] is None
    single = mixed(pictures, 0.5, block=SIZE)
    made = seams(single, single.sources, single.match, ALL)
    assert (made["seams"], made["auc"], made["own_in_piece"]) == (0, None, None)
    blind = seams(single, single.sources, None, ALL)
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
    made = reassembly(pair, pair.sources, ALL, unseen)
    for score in ("direct", "neighbour", "largest"):
        assert made[score] == {"value": 1, "low": 1, "high": 1}
    assert made["ceiling"] == 1
    assert made["chance"] == pytest.approx((1 + 15 / COUNT) / 16)


def test_reassembly_of_noise_is_chance():
    noise = mixed(random_images(COUNT, SIZE, SIZE, 3), 0.5)
    made = reassembly(noise, noise.sources, ALL, unseen)
    assert made["direct"]["value"] == pytest.approx(made["chance"], abs=0.05)


def test_reassembly_of_unmixed_pictures_finds_neighbours(pictures):
    pair = mixed(pictures, 0)
    made = reassembly(pair, pair.sources, ALL[:10], unseen)
    assert made["ceiling"] == 1
    assert made["direct"]["value"] > 3 * made["chance"]
    assert made["largest"]["value"] <= 1
    assert made["neighbour"]["value"] > 0.3


def test_reassembly_of_a_single_block(pictures):
    pair = mixed(pictures, 0.5, block=SIZE)
    made = reassembly(pair, pair.sources, ALL[:3], unseen)
    assert made["direct"]["value"] == made["chance"] == 1


def test_identity_of_unmixed_and_of_foreign_pictures(pictures):
    pair = mixed(pictures, 0)
    made = identity(pair, pair.match, ALL, None)
    assert made["recogniser"] == "eigenfaces"
    assert made["rank_1"]["value"] == made["rank_5"]["value"] == made["accepted"]["value"] == 1
    foreign = identity(pair, np.roll(pair.match, 2), ALL, None)
    assert foreign["rank_1"]["value"] == 0
    assert made["chance"] == pytest.approx(2 / COUNT)


def test_identity_by_a_recogniser_of_the_users(pictures):
    pair = mixed(pictures, 0.5)

    def by_the_middle(images):
        return images[:, 40:56, 40:56].reshape(len(images), -1).astype(float) - 128

    made = identity(pair, pair.match, ALL, by_the_middle)
    assert made["recogniser"] == "the user's"
    assert 0.05 < made["rank_1"]["value"] < 0.95


@pytest.mark.parametrize(
    "wrong",
    [lambda images: np.zeros(3), lambda images: np.full((len(images), 2), np.nan)],
    ids=["shape", "not finite"],
)
def test_identity_refuses_what_is_no_embedding(pictures, wrong):
    pair = mixed(pictures, 0.5)
    with pytest.raises(InputError, match="a recogniser gives a finite vector for each image"):
        identity(pair, pair.match, ALL, wrong)


def test_releases_come_out_as_forecast():
    labels = np.repeat([0, 1], [300, 200])
    for line in releases(labels, sources=10, rounds=1, probability=0.5, blocks=64):
        assert line["found"] == pytest.approx(line["forecast"], abs=0.01)


def test_seeds():
    made = seed_search(sources=10)
    assert made["bits"] == 32
    assert made["days"] == pytest.approx(2**32 / made["seeds_per_second"] / 86400)
    assert made["fresh_key_years_power_of_ten"] > 50
