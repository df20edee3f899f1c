"""A recogniser finds the original of a mixed image, or no more than chance."""

import sys

import numpy as np
import pytest
from privacy_builders import ALL_FACES, FACES, mixed_pair, smooth_faces

from blockmix import InputError
from blockmix.privacy.attacks.identity import identity


def test_identity_of_unmixed_and_of_foreign_images():
    pair = mixed_pair(smooth_faces(), 0)
    scores = identity(pair, pair.match, ALL_FACES, None)
    assert scores["recogniser"] == "eigenfaces"
    assert (
        scores["rank_1"]["value"] == scores["rank_5"]["value"] == scores["accepted"]["value"] == 1
    )
    foreign = identity(pair, np.roll(pair.match, 2), ALL_FACES, None)
    assert foreign["rank_1"]["value"] == 0
    assert scores["chance_1"] == pytest.approx(2 / FACES)
    assert scores["chance_5"] == pytest.approx(10 / FACES)


def test_eigenfaces_of_few_images_recognise_mixed_ones():
    """Forty images do not have a hundred components."""
    pair = mixed_pair(smooth_faces(), 0.2)
    scores = identity(pair, pair.match, ALL_FACES, None)
    assert scores["rank_1"]["value"] > 5 * scores["chance_1"]


def test_a_constant_recogniser_is_right_by_chance():
    pair = mixed_pair(np.repeat(smooth_faces(), 5, axis=0), 0)
    all_images = np.arange(5 * FACES)
    scores = identity(pair, pair.match, all_images, lambda images: np.ones((len(images), 3)))
    assert scores["rank_1"]["value"] == pytest.approx(scores["chance_1"], abs=0.03)
    assert scores["rank_5"]["value"] == pytest.approx(scores["chance_5"], abs=0.05)


def test_a_recogniser_cannot_change_the_images():
    pair = mixed_pair(smooth_faces(), 0)

    def overwrite(images):
        images[:] = 0

    with pytest.raises(InputError, match="read-only"):
        identity(pair, pair.match, ALL_FACES, overwrite)
    assert pair.originals.any()


def test_identity_by_a_recogniser_of_the_users():
    pair = mixed_pair(smooth_faces(), 0.5)

    def by_the_middle(images):
        return images[:, 40:56, 40:56].reshape(len(images), -1).astype(float) - 128

    scores = identity(pair, pair.match, ALL_FACES, by_the_middle)
    assert scores["recogniser"] == "the user's"
    assert 0.05 < scores["rank_1"]["value"] < 0.95


@pytest.mark.parametrize(
    "recogniser",
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
def test_identity_refuses_wrong_embeddings(recogniser):
    pair = mixed_pair(smooth_faces(), 0.5)
    pair.mixed[0] = 0  # has fewer values
    with pytest.raises(InputError, match=r"vector|the recogniser failed: (Zero|SystemExit)"):
        identity(pair, pair.match, ALL_FACES[:3], recogniser)
