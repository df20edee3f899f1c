"""``blockmix demo``."""

import numpy as np
from PIL import Image


def test_demo(blockmix):
    code, output, _ = blockmix("demo", "demo")
    assert code == 0
    assert "mixed 200 images of 2 labels" in output
    with Image.open("demo/before-after.png") as sheet:
        pixels = np.asarray(sheet)
    originals, mixed = pixels[8:104, 8:104], pixels[112:208, 8:104]
    assert 0.2 < (originals == mixed).mean() < 0.9
    blocks = (originals == mixed).reshape(8, 12, 8, 12).all((1, 3))
    assert 10 < blocks.sum() < 54
