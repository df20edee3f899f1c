"""The picture of a record of privacy."""

import pytest

from blockmix.bench.privacy.figures import draw_puzzles
from blockmix.privacy import balanced

pytest.importorskip("matplotlib")


def small_record():
    """Rows of a record with what the picture needs."""
    return [
        {
            "grid": {"blocks": blocks},
            "parameters": {"sources": 10, "rounds": rounds, "probability": probability},
            "reassembly": {
                "right": {"value": 1 / rounds - 0.1, "low": 0.2, "high": 0.95},
                "ceiling": 0.97,
            },
        }
        for blocks in (4, 16, 64, 128)
        for rounds in (1, 3)
        for probability in (0.5, balanced(10))
    ]


def test_the_picture_is_drawn_the_same_again(tmp_path):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    for path in (first, second):
        draw_puzzles(small_record(), path)
    assert first.read_bytes().startswith(b"\x89PNG")
    assert first.read_bytes() == second.read_bytes()
