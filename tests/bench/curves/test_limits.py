"""Points that a machine cannot measure are left out, or the run is refused at its start."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from blockmix import InputError
from blockmix.bench.common import originals
from blockmix.bench.curves import limits
from blockmix.bench.curves.plan import FULL, with_numbers

ROOT = Path(__file__).parents[3]


def measurable_part(regimes, images=None, counts=(500, 1000, 2000)):
    plan = with_numbers(FULL, counts, None)
    return limits.measurable_part(regimes, plan, images, "cpu", ROOT)


def test_arrays_that_do_not_fit_into_memory_are_left_out(monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: 2 * 1000 * limits.IMAGE_BYTES / 0.6 + 9)
    images = originals.Originals([], 2, "generated")
    plan, left_out = measurable_part(("arrays",), images)
    assert plan.array_counts == (500, 1000)
    assert len(left_out) == 1
    assert left_out[0].startswith("arrays of 2000 images")
    with pytest.raises(InputError, match="give fewer --counts"):
        measurable_part(("arrays",), images, counts=(1001,))


def test_folders_with_too_few_images():
    images = originals.Originals([Path(__file__)] * 600, 2, "folder")
    plan, left_out = measurable_part(("files",), images)
    assert plan.file_counts == (500,)
    assert left_out[0] == "files of 1000 images: there are 600, equally many of each label"
    with pytest.raises(InputError, match="but there are 600"):
        measurable_part(("files",), images, counts=(1000,))
    many = originals.Originals([Path(__file__)] * 600, 50, "folder")
    with pytest.raises(InputError, match="50 labels with 10 sources need 550 images"):
        measurable_part(("files",), many)


def test_a_disk_that_is_too_small_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(limits.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))
    with pytest.raises(InputError, match="need up to"):
        limits.check_disk(FULL, originals.Originals([Path(__file__)], 1, "folder"), tmp_path)
