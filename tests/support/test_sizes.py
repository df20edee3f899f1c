"""Sizes as people write them."""

import pytest

from blockmix import InputError
from blockmix.support.sizes import image_size, parse_memory, parse_pair, show_memory


def test_pairs():
    assert parse_pair("192x128", "size") == (192, 128)
    assert parse_pair(" 24X24 ", "size") == (24, 24)
    assert parse_pair("24", "size") == (24, 24)


@pytest.mark.parametrize("text", ["", "x", "24x", "24x24x3", "-1x4", "2.5", "a", "24 24"])
def test_what_is_no_pair(text):
    with pytest.raises(InputError, match="size is written HEIGHTxWIDTH"):
        parse_pair(text, "size")


@pytest.mark.parametrize(
    ("text", "amount"),
    [("7", 7), (7, 7), ("7B", 7), ("64MiB", 2**26), ("64mib", 2**26), ("1.5 GB", 1_500_000_000)],
)
def test_memory(text, amount):
    assert parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "much", "64Mib3", "-1MiB", "1e9", "64 M", None])
def test_what_is_no_amount_of_memory(text):
    with pytest.raises(InputError, match="memory is an amount such as"):
        parse_memory(text)


def test_memory_is_shown_rounded_up():
    assert show_memory(2**20 + 1) == "1025KiB"
    assert show_memory(4 * 2**20 + 1) == "5MiB"


@pytest.mark.parametrize(("size", "pair"), [(5, (5, 5)), ((5, 6), (5, 6)), ([5, 6], (5, 6))])
def test_image_sizes(size, pair):
    assert image_size(size) == pair


@pytest.mark.parametrize(
    "size",
    [0, (0, 5), (5, 65536), (5,), (5, 5, 3), "5x5", 2.5, (5, None), (5, 2.5), True, (5, True)],
)
def test_what_is_no_image_size(size):
    with pytest.raises(InputError, match="size is"):
        image_size(size)
