"""JPEG files as Pillow encodes them, and images to encode."""

import io

import numpy as np
from PIL import Image
from skimage import data

PHOTOGRAPH = data.astronaut()


def alone(images, quality):
    """The file of each image, encoded by Pillow."""
    files = []
    for pixels in images:
        memory = io.BytesIO()
        Image.fromarray(pixels).save(memory, "JPEG", quality=quality, subsampling="4:4:4")
        files.append(memory.getvalue())
    return files


def crops(count, height, width, *channels):
    """Parts of a photograph, each another one: in colour with 3 channels, grey without."""
    images = np.stack(
        [PHOTOGRAPH[9 * i : 9 * i + height, 7 * i : 7 * i + width] for i in range(count)]
    )
    return np.ascontiguousarray(images if channels else images[..., 0])
