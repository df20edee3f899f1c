"""What decides about the bytes of a run on one machine, and whether a worker would give the same.

A worker with another version of a codec would give other pixels or files, and nobody would notice.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import PIL
from PIL import features

from blockmix import __version__
from blockmix.compiler import rule
from blockmix.datasets.decode import decode, resized
from blockmix.datasets.encode import Encoder
from blockmix.datasets.jpeg import codec_version
from blockmix.errors import WorkError
from blockmix.key import Key
from blockmix.mixer import BlockMixer
from blockmix.support.pixels import Pixels
from blockmix.support.versions import version

_IMAGES, _HEIGHT, _WIDTH = 6, 40, 56
_SIZE = 24, 32

Traits = dict[str, str | int | None]


@cache
def traits(encoder: Encoder, libraries: tuple[str, ...] = ()) -> Traits:
    """Return versions, and a digest of small images that were decoded, resized, mixed and encoded.

    Two machines with equal traits give the same bytes, as far as that can be told beforehand.
    ``libraries`` are others that decide about bytes.
    """
    return {
        "blockmix": __version__,
        "rule": rule.VERSION,
        "pillow": PIL.__version__,
        "libjpeg": features.version("libjpeg_turbo") or features.version("jpg"),
        "simplejpeg": codec_version(),
        **{library: version(library) for library in libraries},
        "check": _digest(encoder),
    }


def check_traits(expected: Traits, encoder: Encoder, libraries: tuple[str, ...] = ()) -> None:
    """Refuse to work on a machine whose bytes would differ from those of the one that asks."""
    own = traits(encoder, libraries)
    differences = [
        f"{name} is {own[name]}, not {value}"
        for name, value in expected.items()
        if own[name] != value
    ]
    if differences:
        raise WorkError(
            f"this worker would give other bytes: {'; '.join(differences)}. Install on all "
            "machines what is installed where the run was started"
        )


def _digest(encoder: Encoder) -> str:
    originals = _drawn_images()
    jpeg = Encoder("jpeg", 95)
    files = [jpeg.encode(image) for image in originals]
    decoded = [decode("an image", _SIZE, resize=True, grey=False, data=file) for file in files]
    small = np.stack([resized(image, _SIZE) for image in decoded])
    mixer = BlockMixer(block=(8, 8), sources=3, rounds=2, key=Key.from_seed(0))
    mixed = mixer(small, [0] * _IMAGES)
    digest = hashlib.blake2b(digest_size=8)
    for data in (*files, small.tobytes(), *(encoder.encode(image) for image in mixed)):
        digest.update(data)
    return digest.hexdigest()


def _drawn_images() -> Pixels:
    """Return images of slopes, edges and noise, computed from whole numbers alone."""
    image, row, col, channel = np.indices((_IMAGES, _HEIGHT, _WIDTH, 3))
    slopes = row * (image + 2) + col * (channel + 3)
    edges = 60 * ((row // 9 + col // 7 + image) % 2)
    noise = (row * 7919 + col * 104_729 + image * 1299_709 + channel * 15_485_863) % 23
    pixels: Pixels = ((slopes + edges + noise) % 256).astype(np.uint8)
    return pixels
