"""The README is short, says first what matters, and shows a true picture."""

import re
import runpy
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
LINES = README.splitlines()
SECTIONS = ["Install", "Use", "What it gives away", "Speed", "Documentation", "Cite", "Licence"]


def test_it_is_short_and_in_order():
    assert len(LINES) <= 135
    assert re.findall(r"^## (.*)$", README, re.MULTILINE) == SECTIONS


def test_the_first_screen_says_what_it_is_not_and_shows_code():
    assert any("obfuscation, not encryption" in line for line in LINES[:15])
    assert "```python" in LINES[:30]
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(code.splitlines()) <= 6


def test_it_names_every_page():
    for page in ROOT.glob("docs/*.md"):
        if page.name not in ("index.md", "changelog.md"):  # the site's own
            assert f"](docs/{page.name})" in README


def test_it_claims_no_speed_of_a_gpu():
    assert "CUDA backend has not run on a GPU" in " ".join(LINES)


def test_the_commands_of_a_newcomer_are_those_that_are_tried():
    tried = re.search(r"grep -oE '(.*)' README.md", (ROOT / ".ci" / "run").read_text())[1]
    commands = re.findall(tried, README, re.MULTILINE)
    assert commands == ["demo", "test"]


def test_the_picture_shows_what_mixing_does():
    """The rows below are the first one, mixed in the ways that are said."""
    script = runpy.run_path(str(ROOT / "docs" / "before_after.py"))
    path = ROOT / "docs" / "before-after.png"
    assert path.stat().st_size < 150_000
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    side, step = script["SIDE"], script["SIDE"] + script["GAP"]
    originals, *mixed = (
        np.stack(
            [pixels[top : top + side, left : left + side] for left in range(0, 12 * step, step)]
        )
        for top in range(0, pixels.shape[0], step)
    )
    assert len(mixed) == 2
    for images, parameters in zip(mixed, script["ROWS"], strict=True):
        assert (images == script["mixed"](originals, parameters)).all()
