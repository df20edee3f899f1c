"""Pillow as the oracle of resizing, and images that are hard to resize."""

import numpy as np
import PIL
from hypothesis import strategies as st
from PIL import Image

# Of modes whose channels Pillow resizes as they are; RGBA and LA are not among them.
MODES = {1: "L", 3: "RGB", 4: "RGBX"}
# Before this version Pillow always changed the width first.
ORDER_DEPENDS_ON_SIZE = int(PIL.__version__.split(".")[0]) >= 13


def pillow_resized(image, size):
    """An image (H, W, C), resized by Pillow, as version 13 does it."""
    height, width, channels = image.shape
    if channels not in MODES:
        return np.dstack([pillow_resized(image[..., [c]], size) for c in range(channels)])
    mode = MODES[channels]
    resized = Image.frombytes(mode, (width, height), image.tobytes())
    lost_lines, lost_columns = height - size[0], width - size[1]
    if not ORDER_DEPENDS_ON_SIZE and lost_lines > 0 and lost_lines > 2 * lost_columns:
        resized = resized.resize((width, size[0]), Image.Resampling.LANCZOS)
    resized = resized.resize(size[::-1], Image.Resampling.LANCZOS)
    return np.frombuffer(resized.tobytes(), np.uint8).reshape(*size, channels)


def checkerboard(height, width, channels, side):
    """Black and white squares, whose edges make sums leave the range of pixels on both sides."""
    row, col, channel = np.ogrid[:height, :width, :channels]
    return ((row // side + col // side + channel) % 2 * 255).astype(np.uint8)


@st.composite
def images(draw, longest_side, channels=(1, 2, 3, 4)):
    """Images (H, W, C) of random bytes, of random black and white, and checkerboards."""
    shape = (*(draw(st.integers(1, longest_side)) for _ in "HW"), draw(st.sampled_from(channels)))
    kind = draw(st.sampled_from(["bytes", "black and white", "checkerboard"]))
    if kind == "checkerboard":
        return checkerboard(*shape, draw(st.integers(1, 5)))
    pixels = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 256, shape, np.uint8)
    return pixels if kind == "bytes" else pixels // 128 * np.uint8(255)
