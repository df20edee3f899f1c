"""A folder to mix."""

import pytest
from builders import write_images


@pytest.fixture
def src(tmp_path):
    return write_images(tmp_path / "src", {"cat": 12, "dog": 12})
