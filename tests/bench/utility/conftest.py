"""Shared fixtures of the tests of utility: small generated data."""

import numpy as np
import pytest

from blockmix.bench.utility.data import split
from blockmix.bench.utility.generated import generated_images

SIZE = (32, 32)


@pytest.fixture
def train():
    return generated_images(48, SIZE, seed=0)


@pytest.fixture
def test_images():
    """Two thirds are of the first class."""
    images = generated_images(40, SIZE, seed=1)
    first, second = np.flatnonzero(images.labels == 0), np.flatnonzero(images.labels == 1)
    return images.take(np.concatenate([first[:20], second[:10]]))


@pytest.fixture
def data(train, test_images):
    return split(train, test_images)
