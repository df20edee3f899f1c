"""The names of mixed images, which stay the same for the same key."""

from blockmix.datasets.opaque_names import opaque_name


def test_names_follow_from_key_and_position(key):
    assert [opaque_name(key, id) for id in (0, 1, 2**40)] == [
        "c379c31315ca73da659c23572ae5411e",
        "517951d29a628bf8d103872bbf6bfc5c",
        "953b448947a9556d6bab060e2fbacc54",
    ]
