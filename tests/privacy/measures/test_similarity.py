"""SSIM and PSNR, and their floors."""

import numpy as np
import pytest
from builders import random_images

from blockmix.privacy import Pair
from blockmix.privacy.measures.similarity import psnr, similarity, ssim
from blockmix.support.progress import no_progress


def test_ssim_and_psnr():
    first, second = random_images(2, 32, 32, 3)
    assert ssim(first, first) == 1
    assert abs(ssim(first, second)) < 0.1
    assert psnr(first, first) == 100
    lighter = np.clip(first.astype(int) + 10, 0, 255).astype(np.uint8)
    error = ((lighter.astype(float) - first) ** 2).mean()
    assert psnr(first, lighter) == pytest.approx(10 * np.log10(255**2 / error))


def test_similarity_has_a_floor():
    images = random_images(10, 32, 32, 3)
    pair = Pair.of_arrays(images, images, [0] * 10, block=8)
    scores = similarity(pair, pair.match, np.arange(6), 0, no_progress)
    assert scores["images"] == 6
    assert scores["ssim"] == {"value": 1, "low": 1, "high": 1}
    assert scores["psnr"]["value"] == 100
    assert abs(scores["ssim_floor"]["value"]) < 0.1
    assert 6 < scores["psnr_floor"]["value"] < 9
    strangers = similarity(pair, np.roll(pair.match, 1), np.arange(6), 0, no_progress)
    assert strangers["ssim"]["value"] == pytest.approx(scores["ssim_floor"]["value"], abs=0.05)
