"""A recogniser finds the original of a mixed image, or no more than chance."""

import sys

import numpy as np
import pytest
from privacy_builders import ALL_FACES, FACES, mixed_pair, smooth_faces

from blockmix import InputError
from blockmix.privacy.attacks.identity import identity


def test_identity_of_unmixed_and_of_foreign_pictures():
    pair = mixed_pair(smooth_faces(), 0)
    made = identity(pair, pair.match, ALL_FACES, None)
    assert made["recogniser"] == "eigenfaces"
    assert made["rank_1"]["value"] == made["rank_5"]["value"] == made["accepted"]["value"] == 1
    foreign = identity(pair, np.roll(pair.match, 2), ALL_FACES, None)
    assert foreign["rank_1"]["value"] == 0
    assert made["chance_1"] == pytest.approx(2 / FACES)
    assert made["chance_5"] == pytest.approx(10 / FACES)


def test_eigenfaces_of_few_pictures_recognise_mixed_ones():
    """There are no hundred components of forty pictures."""
    pair = mixed_pair(smooth_faces(), 0.2)
    made = identity(pair, pair.match, ALL_FACES, None)
    assert made["rank_1"]["value"] > 5 * made["chance_1"]


def test_a_recogniser_that_says_nothing_is_right_by_chance():
    pair = mixed_pair(np.repeat(smooth_faces(), 5, axis=0), 0)
    everyone = np.arange(5 * FACES)
    made = identity(pair, pair.match, everyone, lambda images: np.ones((len(images), 3)))
    assert made["rank_1"]["value"] == pytest.approx(made["chance_1"], abs=0.03)
    assert made["rank_5"]["value"] == pytest.approx(made["chance_5"], abs=0.05)


def test_a_recogniser_cannot_change_the_images():
    pair = mixed_pair(smooth_faces(), 0)

    def spoil(images):
        images[:] = 0

    with pytest.raises(InputError, match="read-only"):
        identity(pair, pair.match, ALL_FACES, spoil)
    assert pair.originals.any()


def test_identity_by_a_recogniser_of_the_users():
    pair = mixed_pair(smooth_faces(), 0.5)

    def by_the_middle(images):
        return images[:, 40:56, 40:56].reshape(len(images), -1).astype(float) - 128

    made = identity(pair, pair.match, ALL_FACES, by_the_middle)
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
def test_identity_refuses_what_is_no_embedding(wrong):
    pair = mixed_pair(smooth_faces(), 0.5)
    pair.mixed[0] = 0  # of fewer values
    with pytest.raises(InputError, match=r"vector|the recogniser failed: (Zero|SystemExit)"):
        identity(pair, pair.match, ALL_FACES[:3], wrong)
