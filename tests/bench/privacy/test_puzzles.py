"""The record of images that are put together again."""

import json

import numpy as np
from builders import write_images

from blockmix.bench.privacy import puzzles


def test_a_small_record(run_python, tmp_path, monkeypatch):
    monkeypatch.setattr(puzzles, "IMAGES", 24)
    monkeypatch.setattr(puzzles, "GROWN", 3)
    monkeypatch.setattr(puzzles, "BLOCKS", (4, 16))
    monkeypatch.setattr(puzzles, "ROUNDS", (1,))
    folder = write_images(tmp_path / "images", {"a": 24, "b": 24}, size=(48, 48))
    record = puzzles.run(folder)
    assert record["images"]["count"] == 24
    ways = [
        (row["file_format"], row["grid"]["blocks"], row["parameters"]["probability"])
        for row in record["rows"]
    ]
    assert len(set(ways)) == len(ways) == 8
    for row in record["rows"]:
        shares = [row["reassembly"][name]["value"] for name in ("right", "wrong", "unfilled")]
        assert np.isclose(sum(shares), 1)
    parts = puzzles.tables(record["rows"])
    assert [len(part.splitlines()) for part in parts.values()] == [6, 6]
    path, page = tmp_path / "puzzles.json", tmp_path / "page.md"
    path.write_text(json.dumps(record))
    marks = "<!-- {0}: make pages -->\n<!-- end of {0} -->\n"
    page.write_text("".join(marks.format(name) for name in parts))
    for command, target in (("show", page), ("draw", tmp_path / "a.png")):
        run_python("-m", "blockmix.bench.privacy", command, str(path), str(target))
    assert all(part.strip() in page.read_text() for part in parts.values())
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
