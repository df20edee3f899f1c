"""The paper's experiments (section VI-C and Table IV): parameters and results."""

from __future__ import annotations

from typing import Any

SIDE = 192  # height and width of an image in pixels
SHAPE = (SIDE, SIDE, 3)
SOURCES = 10  # N_s
PROBABILITY = 0.5  # S_01

COUNTS = (1000, 2000, 3000, 4000, 5000)  # N_IS
BLOCKS = (4, 8, 16, 32, 64, 128, 256)  # N_b
MAX_COUNT = max(COUNTS)

# "approximately 13 and 6 images respectively per second"
REFERENCE: dict[str, Any] = {
    "source": "Xiang et al., section VI-C: about 13 and 6 images a second",
    "machine": "Intel Core i5-8265U",
    "points": [
        {"images": 5000, "blocks": 128, "images_per_second": 13},
        {"images": 5000, "blocks": 256, "images_per_second": 6},
    ],
}

# Mean SSIM of mixed images with their originals, for each number in BLOCKS.
TABLE_IV = {
    "WIKI": (0.35640, 0.34625, 0.32716, 0.29683, 0.28486, 0.24846, 0.26440),
    "CNBC": (0.62312, 0.61694, 0.60893, 0.59498, 0.58072, 0.55228, 0.52728),
}
