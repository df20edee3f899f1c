"""Smooth pictures that cost a codec about what faces do, so that the curves run anywhere.

No person is in them: an oval of a random tone with eyes, nose and mouth on a plain ground, all made
of Gaussian spots, and a little grain.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

STORED = 224  # height and width of what is stored, so that the curves have something to resize
_SPOTS = 7
# The grain of all faces, shifted for each: drawing it anew takes longer than all else. As strong
# as makes a JPEG of quality 95 some 30 kB, between photographs that are sharp and soft.
_GRAIN = np.random.default_rng(0).normal(0, 2.5, (STORED, STORED, 1)).astype(np.float32)


def face(label: int, number: int) -> npt.NDArray[np.uint8]:
    """The picture of that number, (224, 224, 3); always the same one."""
    draw = np.random.default_rng((label, number))
    at = np.linspace(-1, 1, STORED, dtype=np.float32)
    # Head, two eyes, nose, mouth, and two shades of the ground: where, how large, how bright.
    y = np.array([0, -0.2, -0.2, 0.1, 0.4, *draw.uniform(-1, 1, 2)]) + draw.normal(0, 0.05, _SPOTS)
    x = np.array([0, -0.3, 0.3, 0, 0, *draw.uniform(-1, 1, 2)]) + draw.normal(0, 0.05, _SPOTS)
    tall = np.array([0.6, 0.06, 0.06, 0.18, 0.06, 0.8, 0.8]) * draw.uniform(0.8, 1.2, _SPOTS)
    wide = np.array([0.4, 0.12, 0.12, 0.07, 0.2, 0.8, 0.8]) * draw.uniform(0.8, 1.2, _SPOTS)
    skin = np.array([120, 90, 70]) * draw.uniform(0.5, 1.2) + 10 * (label % 3)
    colours = np.stack([skin, *[-0.6 * skin] * 2, 0.15 * skin, skin * [0.1, -0.5, -0.4]])
    colours = np.concatenate([colours, draw.normal(0, 30, (2, 3))]).astype(np.float32)
    down = np.exp(-(((at[:, None] - y) / tall) ** 2)).astype(np.float32)
    across = np.exp(-(((at[:, None] - x) / wide) ** 2)).astype(np.float32)
    picture = np.einsum("is,js,sc->ijc", down, across, colours, optimize=True)
    grain = np.roll(_GRAIN, draw.integers(0, STORED, 2), (0, 1))
    ground = draw.uniform(60, 120, 3).astype(np.float32)
    return np.clip(picture + grain + ground, 0, 255).astype(np.uint8)


def write_faces(folder: Path, count: int, labels: int) -> list[Path]:
    """Write so many JPEG files as ``folder/<label>/<number>.jpg``; labels take turns."""
    paths = []
    for index in range(count):
        label, number = index % labels, index // labels
        path = folder / f"label{label}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face(label, number)).save(path, quality=95)
        paths.append(path)
    return paths
