"""Smooth pictures that take a codec about as long as photographs of faces.

They show no person: an oval of a random tone with eyes, nose and mouth on a plain background, all
of Gaussian spots, and a little grain. With them the curves can be measured without a data set.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

STORED_SIDE = 224  # height and width of the files, which are larger than the paper's images
_SPOTS = 7
# The grain of all faces, shifted for each face: new grain would take longer than everything else.
# Its strength makes a JPEG of quality 95 some 30 kB, between sharp and soft photographs.
_GRAIN = np.random.default_rng(0).normal(0, 2.5, (STORED_SIDE, STORED_SIDE, 1)).astype(np.float32)


def face(label: int, number: int) -> npt.NDArray[np.uint8]:
    """The picture of a number within a label, (224, 224, 3); the same one every time."""
    rng = np.random.default_rng((label, number))
    positions = np.linspace(-1, 1, STORED_SIDE, dtype=np.float32)
    # Head, two eyes, nose, mouth, and two shades of the background: position, size, colour.
    y = np.array([0, -0.2, -0.2, 0.1, 0.4, *rng.uniform(-1, 1, 2)]) + rng.normal(0, 0.05, _SPOTS)
    x = np.array([0, -0.3, 0.3, 0, 0, *rng.uniform(-1, 1, 2)]) + rng.normal(0, 0.05, _SPOTS)
    heights = np.array([0.6, 0.06, 0.06, 0.18, 0.06, 0.8, 0.8]) * rng.uniform(0.8, 1.2, _SPOTS)
    widths = np.array([0.4, 0.12, 0.12, 0.07, 0.2, 0.8, 0.8]) * rng.uniform(0.8, 1.2, _SPOTS)
    skin = np.array([120, 90, 70]) * rng.uniform(0.5, 1.2) + 10 * (label % 3)
    colours = np.stack([skin, *[-0.6 * skin] * 2, 0.15 * skin, skin * [0.1, -0.5, -0.4]])
    colours = np.concatenate([colours, rng.normal(0, 30, (2, 3))]).astype(np.float32)
    vertical = np.exp(-(((positions[:, None] - y) / heights) ** 2)).astype(np.float32)
    horizontal = np.exp(-(((positions[:, None] - x) / widths) ** 2)).astype(np.float32)
    picture = np.einsum("is,js,sc->ijc", vertical, horizontal, colours, optimize=True)
    grain = np.roll(_GRAIN, rng.integers(0, STORED_SIDE, 2), (0, 1))
    background = rng.uniform(60, 120, 3).astype(np.float32)
    return np.clip(picture + grain + background, 0, 255).astype(np.uint8)


def write_faces(folder: Path, count: int, labels: int) -> list[Path]:
    """Write JPEG files ``folder/<label>/<number>.jpg``; labels take turns."""
    paths = []
    for index in range(count):
        label, number = index % labels, index // labels
        path = folder / f"label{label}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face(label, number)).save(path, quality=95)
        paths.append(path)
    return paths
