"""Parts of pages are written between the marks that name them."""

import pytest

from blockmix import InputError
from blockmix.bench.common.markdown import fill, fill_pages

PAGE = """before
<!-- speed: make pages -->
old
<!-- end of speed -->
between
<!-- options: make pages -->
<!-- end of options -->
after
"""


def test_each_part_goes_between_its_marks():
    filled = fill(PAGE, {"speed": "| 1 |\n", "options": "none\n"})
    assert (
        filled
        == """before
<!-- speed: make pages -->

| 1 |

<!-- end of speed -->
between
<!-- options: make pages -->

none

<!-- end of options -->
after
"""
    )
    assert fill(filled, {"options": "none\n", "speed": "| 1 |\n"}) == filled


def test_other_parts_stay():
    assert "old" in fill(PAGE, {"options": "none\n", "unknown": "x"})


def test_a_part_without_a_place_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    with pytest.raises(InputError, match=r"no page among .*page.md has the mark of 'unknown'"):
        fill_pages([page], {"speed": "new", "unknown": "x"})
    assert page.read_text() == PAGE
    fill_pages([page], {"speed": "new"})
    assert "\nnew\n" in page.read_text()
