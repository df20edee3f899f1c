"""Which shards a user names."""

import os

import pytest
from shard_builders import write_tar

from blockmix import InputError
from blockmix.datasets.shards.urls import expand_braces, names_shards, shard_urls


@pytest.fixture
def shards(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("set/b.tar", "set/a.tar", "set/notes.txt", "set/below/c.tar", "more/a.TAR"):
        write_tar(tmp_path / name, [])
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("set.tar", ["set.tar"]),
        ("s-{09..11}.tar", ["s-09.tar", "s-10.tar", "s-11.tar"]),
        ("{a,b}/{1..2}.tar", ["a/1.tar", "a/2.tar", "b/1.tar", "b/2.tar"]),
        ("{}.tar", [".tar"]),
    ],
)
def test_braces(pattern, names):
    assert list(expand_braces(pattern)) == names


def test_braces_that_go_down_are_refused():
    with pytest.raises(InputError, match=r"write \{1\.\.3\}"):
        list(expand_braces("{3..1}.tar"))


@pytest.mark.parametrize(
    ("src", "urls"),
    [
        ("set", ["set/a.tar", "set/b.tar"]),
        ("set/*.tar", ["set/a.tar", "set/b.tar"]),
        ("set/{b,a}.tar", ["set/a.tar", "set/b.tar"]),
        (["more", "set/b.tar"], ["more/a.TAR", "set/b.tar"]),
    ],
)
def test_shards_are_found_and_sorted(shards, src, urls):
    assert shard_urls(src) == urls


@pytest.mark.parametrize(
    ("src", "words"),
    [
        ("set/*.parquet", "there are no shards"),
        ("nowhere", "there are no shards"),
        (["set", "set/a.tar"], "set/a.tar is named twice"),
        (["set", "x.parquet"], "two formats"),
        ("set/notes.*", "set/notes.txt is no shard: their names end in one of .tar, .parquet"),
    ],
)
def test_what_cannot_be_mixed_is_refused(shards, src, words):
    with pytest.raises(InputError, match=words):
        shard_urls(src)


def test_a_folder_of_shards_differs_from_one_of_images(shards):
    assert names_shards("more")
    assert names_shards("anything.parquet")
    assert names_shards("set/*")
    assert names_shards("{set,more}")
    assert names_shards("s3://bucket/set")
    assert not names_shards(".")
    assert not names_shards("nowhere")
    assert not names_shards("set/notes.txt")


def test_a_folder_of_both_is_refused(shards):
    with pytest.raises(InputError, match=r"a shard, [ab]\.tar, and a folder, below: .* as set/\*"):
        names_shards("set")


@pytest.mark.parametrize("name", ["a{1..2}.tar", "b*.tar", "[c].tar", "d?"])
def test_a_path_that_exists_is_itself(shards, name):
    if name.endswith(".tar"):
        open(name, "w").close()
        assert shard_urls(name) == [name]
    else:
        os.mkdir(name)
        open(f"{name}/x.tar", "w").close()
        assert shard_urls(name) == [f"{name}/x.tar"]
