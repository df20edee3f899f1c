"""The images of the demonstration, which ship inside scikit-image, before and after."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from blockmix.support.arguments import new_or_empty
from blockmix.support.extras import load

_SHOWN = 8
_TILE = 96
_GAP = 8


def write_originals(folder: Path) -> None:
    """Write ``skimage.data.lfw_subset`` as ``folder/face/*.png`` and ``folder/other/*.png``."""
    needed = "the demonstration takes its faces from scikit-image"
    data = load("skimage.data", needed, "demo").data
    new_or_empty(folder.parent)
    patches = np.asarray(data.lfw_subset() * 255).round().astype(np.uint8)
    for index, patch in enumerate(patches):
        path = folder / ("face" if index < 100 else "other") / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(patch).save(path)


def contact_sheet(originals: Path, mixed: Path, sheet: Path) -> None:
    """Draw the first images of every label, originals above and mixed below, into one PNG."""
    rows = [
        [folder / label.name / original.name for original in sorted(label.iterdir())[:_SHOWN]]
        for label in sorted(originals.iterdir())
        for folder in (originals, mixed)
    ]
    step = _TILE + _GAP
    canvas = Image.new("L", (_SHOWN * step + _GAP, len(rows) * step + _GAP), 255)
    for row, paths in enumerate(rows):
        for col, path in enumerate(paths):
            with Image.open(path) as image:
                tile = image.resize((_TILE, _TILE), Image.Resampling.LANCZOS)
            canvas.paste(tile, (_GAP + col * step, _GAP + row * step))
    canvas.save(sheet)
