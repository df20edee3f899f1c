"""The paper's experiments (sections V and VI-C, Tables II to IV): parameters and results."""

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

# Accuracy on test images in per cent, by model: trained on originals; and trained on sets mixed in
# blocks of many sizes the highest, the lowest, and the mean.
TABLE_II = {  # WIKI, gender
    "ResNet50": (80.40, 80.21, 52.79, 65.55),
    "VGG16": (75.13, 79.79, 63.49, 70.06),
    "InceptionV3": (84.52, 84.30, 52.52, 71.63),
}
TABLE_III = {  # CNBC, race
    "ResNet50": (98.43, 99.01, 87.94, 95.29),
    "DenseNet121": (96.62, 98.75, 88.78, 95.18),
}
