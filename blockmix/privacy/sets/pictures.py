"""Arrays of pixels as pictures of Pillow."""

from __future__ import annotations

import numpy as np
from PIL import Image

from blockmix.privacy.sets.pair import Pixels


def picture(pixels: Pixels) -> Image.Image:
    """One image, (H, W, C), grey or RGB."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def small_greys(images: Pixels, height: int, width: int) -> Pixels:
    """Every image, grey, reduced to fields that are the mean of their pixels: (N, H, W)."""
    result = np.empty((len(images), height, width), np.uint8)
    for number, image in enumerate(images):
        grey = picture(image).convert("L")
        result[number] = np.asarray(grey.resize((width, height), Image.Resampling.BOX))
    return result
