"""Files of rows, of which a kill may have cut off the last line."""

import resource

import pytest

from blockmix import InputError
from blockmix.bench.utility.rows import Rows, key_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.jsonl"


def test_rows_are_read_again(path):
    rows = Rows(path)
    for key in "ab":
        rows.add({"key": key, "value": 1 / 3})
    assert Rows(path).by_key == rows.by_key == {key: {"key": key, "value": 1 / 3} for key in "ab"}


def test_a_line_that_was_cut_off_is_dropped(path):
    Rows(path).add({"key": "a"})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key": "b", "val')
    rows = Rows(path)
    assert path.read_bytes() == whole
    rows.add({"key": "c"})
    assert [*Rows(path).by_key] == ["a", "c"]


def test_a_row_that_does_not_fit_on_the_disk_is_an_error(path):
    Rows(path).add({"key": "a"})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            Rows(path).add({"key": "b"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [*Rows(path).by_key] == ["a"]


@pytest.mark.parametrize("line", ["{]", "[1]", '{"way": "original"}'])
def test_a_line_that_is_no_row_is_refused(path, line):
    path.write_text(f'{{"key": "a"}}\n{line}\n')
    with pytest.raises(InputError, match=r"line 2 of .*rows\.jsonl is not a row: remove the line"):
        Rows(path)


def test_keys_depend_on_all_parts():
    assert len({key_of(way=way, seed=seed) for way in ("a", "b") for seed in (0, 1)}) == 4
