"""Arrays of pixels as Pillow images."""

from __future__ import annotations

import numpy as np
from PIL import Image

from blockmix.support.pixels import Pixels


def picture(pixels: Pixels) -> Image.Image:
    """Return one image, (H, W, C), grey or RGB, as a Pillow image."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def small_greys(images: Pixels, height: int, width: int) -> Pixels:
    """Return every image in grey, reduced by averaging: (N, height, width)."""
    thumbnails = np.empty((len(images), height, width), np.uint8)
    for index, image in enumerate(images):
        grey = picture(image).convert("L")
        thumbnails[index] = np.asarray(grey.resize((width, height), Image.Resampling.BOX))
    return thumbnails


def stretched(images: Pixels, height: int, width: int) -> Pixels:
    """Return small images enlarged to a size by bicubic interpolation: (N, height, width, C)."""
    large = np.empty((len(images), height, width, images.shape[-1]), np.uint8)
    for index, image in enumerate(images):
        pixels = np.asarray(picture(image).resize((width, height), Image.Resampling.BICUBIC))
        large[index] = pixels.reshape(large.shape[1:])
    return large
