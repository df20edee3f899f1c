"""Draw the picture of the README: ``python docs/before_after.py docs/before-after.png``.

The people do not exist: every portrait is drawn here from ovals, lines and random colours. The
first row holds the originals, the others what becomes of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import blockmix

COUNT, SIDE, GAP = 12, 96, 4  # portraits in a row, their height and width, pixels between them
SCALE = 6  # portraits are drawn so much larger; making them smaller smooths their edges
COLOURS = 160  # of all portraits together, which makes the file small
SEED = 0
BLOCK = 12
# The paper's defaults, and three rounds at the balanced probability.
ROWS: tuple[dict[str, Any], ...] = (
    {"block": BLOCK, "sources": 10, "rounds": 1, "probability": 0.5},
    {"block": BLOCK, "sources": 10, "rounds": 3, "probability": "balanced"},
)

SKIN = ("#f6d7c3", "#8d5a3c", "#eec1a2", "#b97a56", "#f0cbb0", "#6b412b", "#d9a07a")
HAIR = ("#2b2220", "#7a4b2a", "#d9b26a", "#4a3226", "#9a9aa0", "#9c3b24", "#b5803f")
CLOTHES = ("#2f5d8a", "#b3413c", "#3c7d5a", "#6a4c93", "#e0a030", "#37474f", "#c76b98")
GROUND = ("#bcd7e8", "#f1cfae", "#c6dfb8", "#d9c8e6", "#f4e09a", "#bfc8de", "#efbcc4")
STYLES = ("short", "long", "curly", "parted", "bun", "bald")


class Canvas:
    """An image of `SIDE` x `SIDE` to draw on, with coordinates in its pixels."""

    def __init__(self, ground: str) -> None:
        self._image = Image.new("RGB", (SIDE * SCALE, SIDE * SCALE), ground)
        self._draw = ImageDraw.Draw(self._image)

    def oval(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        """Fill an oval around (x, y)."""
        self._draw.ellipse(_scaled(x - wide, y - tall, x + wide, y + tall), colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """Fill a rectangle."""
        self._draw.rectangle(_scaled(left, top, right, bottom), colour)

    def half(
        self, x: float, y: float, wide: float, tall: float, span: Sequence[int], colour: str
    ) -> None:
        """Fill an oval that is cut straight between two angles in degrees."""
        self._draw.chord(_scaled(x - wide, y - tall, x + wide, y + tall), *span, colour)

    def arc(
        self, x: float, y: float, wide: float, tall: float, span: Sequence[int], colour: str
    ) -> None:
        """Draw a part of the outline of an oval, between two angles in degrees."""
        box = _scaled(x - wide, y - tall, x + wide, y + tall)
        self._draw.arc(box, *span, colour, round(1.6 * SCALE))

    def pixels(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The image as an array."""
        return np.asarray(self._image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def portrait(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The portrait of that number, (96, 96, 3); always the same one."""
    rng = np.random.default_rng((SEED, number))
    skin, hair = SKIN[number % 7], HAIR[(3 * number + number // 7) % 7]
    clothes, style = CLOTHES[(2 * number + 1) % 7], STYLES[(number + number // 6) % 6]
    shade, lips = _blend(skin, "#5a2a1a", 0.18), _blend(skin, "#b02a3a", 0.6)
    x, wide, tall = 48 + rng.uniform(-1, 1), rng.uniform(20, 23), rng.uniform(26, 28)
    canvas = Canvas(GROUND[(4 * number + number // 7) % 7])

    # Behind the face: hair, shoulders, neck, ears.
    if style == "long":
        canvas.oval(x, 44, wide + 8, 34, hair)
        canvas.box(x - wide - 8, 44, x + wide + 8, 84, hair)
    elif style == "bun":
        canvas.oval(x, 11, 10, 9, hair)
    elif style == "curly":
        for angle in np.linspace(0.9 * np.pi, 2.1 * np.pi, 13):
            canvas.oval(x + (wide + 3) * np.cos(angle), 42 + 26 * np.sin(angle), 9, 9, hair)
    canvas.oval(x, 106, 43, 30, clothes)
    canvas.box(x - 9, 62, x + 9, 78, shade)
    canvas.oval(x, 78, 9, 6, shade)
    for side in (-1, 1):
        canvas.oval(x + side * (wide + 1), 50, 4, 6, shade)

    canvas.oval(x, 48, wide, tall, skin)
    if number % 4 == 3:  # a beard, with the skin above it
        canvas.half(x, 50, wide, tall, (5, 175), hair)
        canvas.oval(x, 52, wide - 4, 13, skin)
    for side in (-1, 1):
        canvas.oval(x + side * 12, 58, 4.5, 3, _blend(skin, "#e0605a", 0.22))
    _features(canvas, x, number, _blend(hair, "#1c1412", 0.4), shade, lips)
    _fringe(canvas, x, wide, tall, style, hair)
    return canvas.pixels()


def _features(canvas: Canvas, x: float, number: int, dark: str, shade: str, lips: str) -> None:
    iris = ("#4a3222", "#2f5f86", "#3d6b46", "#2a211d")[number % 4]
    for side in (-1, 1):
        eye = x + side * 9.5
        canvas.oval(eye, 47, 4.6, 3.2, "#ffffff")
        canvas.oval(eye, 47, 2.7, 2.9, iris)
        canvas.oval(eye, 47, 1.4, 1.5, "#111111")
        canvas.oval(eye + 1, 46, 0.8, 0.8, "#ffffff")
        canvas.arc(eye, 43, 6, 4, (205, 335), dark)
        if number % 5 == 1:  # glasses
            canvas.arc(eye, 47, 7.6, 6.6, (0, 360), "#30343a")
    canvas.arc(x, 53, 3.5, 3.5, (20, 160), shade)
    if number % 3 == 0:  # an open smile
        canvas.half(x, 61, 8, 6, (0, 180), lips)
        canvas.half(x, 61, 6.5, 2.5, (0, 180), "#ffffff")
    else:
        canvas.arc(x, 57, 8.5, 7.5, (35, 145), lips)


def _fringe(canvas: Canvas, x: float, wide: float, tall: float, style: str, hair: str) -> None:
    """The hair in front of the face."""
    top = 48 - tall
    if style == "bald":
        return
    canvas.half(x, top + 16, wide + 2, 19, (180, 360), hair)
    if style == "parted":
        canvas.half(x - 5, top + 12, wide - 1, 9, (20, 215), hair)
    elif style == "curly":
        for step in range(-2, 3):
            canvas.oval(x + 8.5 * step, top + 11 + abs(step), 7, 6, hair)
    else:
        canvas.half(x, top + 15, wide + 1, 6 if style == "short" else 3, (0, 180), hair)


def _blend(colour: str, second_colour: str, share: float) -> str:
    """Return a colour with some share of a second one."""
    first, second = (
        [int(text[index : index + 2], 16) for index in (1, 3, 5)]
        for text in (colour, second_colour)
    )
    mixed = (round(a + share * (b - a)) for a, b in zip(first, second, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _scaled(*values: float) -> list[float]:
    return [SCALE * value for value in values]


def rows() -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """The originals, and what each way of mixing makes of them: (COUNT, SIDE, SIDE, 3) each."""
    drawn = np.concatenate([portrait(number) for number in range(COUNT)])
    few_colours = Image.fromarray(drawn).quantize(COLOURS, dither=Image.Dither.NONE)
    originals = np.asarray(few_colours.convert("RGB")).reshape(COUNT, SIDE, SIDE, 3)
    return [originals, *(mixed(originals, parameters) for parameters in ROWS)]


def mixed(originals: Any, parameters: dict[str, Any]) -> Any:
    """The originals, mixed in one way."""
    return blockmix.mix(originals, [0] * COUNT, key=blockmix.Key.from_seed(SEED), **parameters)


def sheet(rows: Sequence[np.ndarray[Any, np.dtype[np.uint8]]]) -> Image.Image:
    """All rows in one image."""
    step = SIDE + GAP
    pixels = np.full((len(rows) * step - GAP, COUNT * step - GAP, 3), 255, np.uint8)
    for row, images in enumerate(rows):
        for col, image in enumerate(images):
            pixels[row * step : row * step + SIDE, col * step : col * step + SIDE] = image
    return Image.fromarray(pixels)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Draw portraits before and after mixing.")
    parser.add_argument("picture", type=Path, help="PNG file to write")
    sheet(rows()).quantize().save(parser.parse_args().picture, optimize=True)


if __name__ == "__main__":
    main()
