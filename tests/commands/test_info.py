"""``blockmix info``."""

import re
import sys


def test_info(blockmix):
    code, output, _ = blockmix("info")
    assert code == 0
    lines = dict(line.split(None, 1) for line in output.splitlines())
    assert lines.keys() >= {"blockmix", "python", "numba", "numpy", "pillow", "simplejpeg"}
    assert lines.keys() >= {"backends", "threads"}
    assert "threading layer" in output


def test_info_shows_the_folder_of_cached_kernels(blockmix, monkeypatch):
    cache = sys.modules["blockmix.kernels.cache"]
    assert re.search(
        rf"kept kernels +{re.escape(str(cache.cache_folder()))}\n", blockmix("info")[1]
    )
    monkeypatch.setattr(cache, "DIGEST", None)
    assert re.search("kept kernels +none, so every process compiles them", blockmix("info")[1])
