"""Stores: whole files or none, failures that pass, and errors that say no secret."""

import errno
import os
import sys
from itertools import count
from pathlib import Path

import pytest

from blockmix import InputError
from blockmix.datasets.shards import storage as storage_module
from blockmix.datasets.shards.storage import FileInfo, LocalStore, StoreError, join, store_of

STAMP = 1_000_000_000


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses that a store makes, instead of making them."""
    made = []
    monkeypatch.setattr(storage_module.time, "sleep", made.append)
    return made


def url(tmp_path, name):
    return str(tmp_path / "set" / name)


class TestLocalStore:
    store = LocalStore()

    def test_write_and_read(self, tmp_path):
        file = url(tmp_path, "a.tar")
        self.store.write(file, b"one", STAMP)
        self.store.write(file, b"other", STAMP)
        assert self.store.read(file) == self.store.read(file, 5) == b"other"
        assert self.store.info(file) == FileInfo(5, str(STAMP * 10**9))
        assert os.listdir(tmp_path / "set") == ["a.tar"]

    def test_only_one_creates(self, tmp_path):
        file = url(tmp_path, "run.json")
        assert self.store.create(file, b"one")
        assert not self.store.create(file, b"other")
        assert self.store.read(file) == b"one"
        assert os.listdir(tmp_path / "set") == ["run.json"]

    def test_what_is_missing(self, tmp_path, pauses):
        file = url(tmp_path, "a.tar")
        assert self.store.info(file) is None
        assert self.store.sizes(str(tmp_path / "set")) == {}
        self.store.remove(file)
        with pytest.raises(StoreError, match=r"reading .*a\.tar failed: No such file"):
            self.store.read(file)
        assert pauses == []

    def test_sizes(self, tmp_path):
        for name in ("b.tar", "a.tar", "below/c.tar"):
            self.store.write(url(tmp_path, name), name.encode(), STAMP)
        (tmp_path / "set" / ".0123456789abcdef.part").write_bytes(b"on its way")
        folder = str(tmp_path / "set")
        assert self.store.sizes(folder) == {"a.tar": 5, "b.tar": 5, "below/c.tar": 11}
        assert self.store.sizes(folder, deep=False) == {"a.tar": 5, "b.tar": 5}

    def test_clean_removes_parts_alone(self, tmp_path):
        self.store.write(url(tmp_path, "a.tar"), b"", STAMP)
        (tmp_path / "set" / ".0123456789abcdef.part").write_bytes(b"left by a kill")
        (tmp_path / "set" / "mine.part").write_bytes(b"")
        (tmp_path / "set" / "empty").mkdir()
        self.store.clean(str(tmp_path / "set"))
        assert sorted(os.listdir(tmp_path / "set")) == ["a.tar", "empty", "mine.part"]

    def test_what_is_not_empty_stays(self, tmp_path):
        (tmp_path / "set" / "empty" / "below").mkdir(parents=True)
        self.store.write(url(tmp_path, "units/a.json"), b"", STAMP)
        (tmp_path / "set" / "units" / ".0123456789abcdef.part").write_bytes(b"left by a kill")
        self.store.remove_empty(str(tmp_path / "set"))
        assert os.listdir(tmp_path / "set") == ["units"]
        self.store.remove(url(tmp_path, "units/a.json"))
        self.store.remove_empty(str(tmp_path / "set"))
        assert not (tmp_path / "set").exists()

    def test_a_file_system_without_links(self, tmp_path, monkeypatch):
        def fail(*arguments):
            raise PermissionError(errno.EPERM, "no links")

        monkeypatch.setattr(os, "link", fail)
        file = url(tmp_path, "run.json")
        assert self.store.create(file, b"one")
        assert not self.store.create(file, b"other")
        assert self.store.read(file) == b"one"
        assert os.listdir(tmp_path / "set") == ["run.json"]

    def test_a_full_disk_is_not_tried_again(self, tmp_path, monkeypatch, pauses):
        def fail(*arguments):
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(Path, "write_bytes", fail)
        with pytest.raises(StoreError, match="No space left on device"):
            self.store.write(url(tmp_path, "a.tar"), b"", STAMP)
        assert pauses == []

    @pytest.mark.parametrize("operation", ["replace", "utime"])
    def test_a_write_that_fails_leaves_nothing(self, tmp_path, operation, monkeypatch, pauses):
        file = url(tmp_path, "a.tar")
        self.store.write(file, b"before", STAMP)

        def fail(*arguments, **options):
            raise OSError(errno.EIO, "Input/output error: /secret/path")

        monkeypatch.setattr(os, operation, fail)
        with pytest.raises(StoreError) as caught:
            self.store.write(file, b"after", STAMP)
        assert str(caught.value) == f"writing {file} failed: Input/output error"
        assert pauses == storage_module.PAUSES
        assert self.store.read(file) == b"before"
        assert os.listdir(tmp_path / "set") == ["a.tar"]

    def test_short_reads_are_tried_again(self, tmp_path, monkeypatch, pauses):
        file = url(tmp_path, "a.tar")
        self.store.write(file, b"whole", STAMP)
        reads = count()

        def read(path):
            return b"who" if next(reads) < 2 else b"whole"

        monkeypatch.setattr(storage_module.Path, "read_bytes", read)
        assert self.store.read(file, 5) == b"whole"
        assert pauses == storage_module.PAUSES[:2]

    def test_a_read_that_stays_short_fails(self, tmp_path):
        file = url(tmp_path, "a.tar")
        self.store.write(file, b"who", STAMP)
        with pytest.raises(StoreError, match="failed: 3 of 5 bytes came"):
            self.store.read(file, 5)


def test_join():
    assert join("/", "a") == "/a"
    assert join("s3://bucket", "a/b") == join("s3://bucket/", "a/b") == "s3://bucket/a/b"


def test_a_store_without_its_library_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InputError) as caught:
        store_of("sftp://user:password@host/set")
    assert str(caught.value) == (
        "sftp://host/set lies in a store that fsspec must read: "
        "pip install '.[cloud]' in a checkout of blockmix"
    )
