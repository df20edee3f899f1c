"""Stores that fail, that give too little, and that count what is asked of them."""

import pickle
import random
from collections import Counter

import pytest
from builders import read_tree
from required_modules import required

from blockmix import WorkError, mix_shards
from blockmix.datasets.engines.workers import Workers
from blockmix.datasets.shards import storage

fsspec = required("fsspec")
memory = required("fsspec.implementations.memory")


class Store(memory.MemoryFileSystem):
    """Files in memory."""

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix(f"{cls.protocol}://"))


class FaultyStore(Store):
    """Fails, or gives too little, by a schedule."""

    protocol = "faulty"
    broken = None  # part of the name of a file that cannot be read

    def _fail(self, operation, path=""):
        broken = self.broken is not None and self.broken in path
        if broken or self.chance.random() < 0.2:
            self.faults[operation] += 1
            raise ConnectionError("a-secret-of-the-store")

    def cat_file(self, path, *args, **options):
        self._fail("read", path)
        data = super().cat_file(path, *args, **options)
        if self.chance.random() < 0.1 and path.endswith(".tar"):
            self.faults["short"] += 1
            return data[: self.chance.randrange(len(data))]
        return data

    def info(self, path, **options):
        self._fail("look")
        return super().info(path, **options)

    def find(self, path, **options):
        self._fail("list")
        return super().find(path, **options)

    def pipe_file(self, path, value, **options):
        self._fail("create")
        return super().pipe_file(path, value, **options)

    def rm_file(self, path):
        self._fail("remove")
        return super().rm_file(path)

    def open(self, path, mode="rb", **options):
        file = super().open(path, mode, **options)
        if mode == "wb":
            commit = file.commit

            def fail_or_commit():
                self._fail("write")
                commit()

            file.commit = fail_or_commit
        return file


class CountingStore(Store):
    """Counts the bytes that are read from each file and written to it."""

    protocol = "counting"

    def cat_file(self, path, *args, **options):
        data = super().cat_file(path, *args, **options)
        self.read[self._strip_protocol(path)] += len(data)
        return data

    def open(self, path, mode="rb", **options):
        file = super().open(path, mode, **options)
        if mode == "wb":
            write = file.write

            def count(data):
                self.written[self._strip_protocol(path)] += len(data)
                return write(data)

            file.write = count
        return file


@pytest.fixture(autouse=True)
def stores(monkeypatch):
    for store in (FaultyStore, CountingStore):
        fsspec.register_implementation(store.protocol, store, clobber=True)
        monkeypatch.setattr(store, "store", {}, raising=False)
        monkeypatch.setattr(store, "pseudo_dirs", [""], raising=False)
    monkeypatch.setattr(FaultyStore, "faults", Counter(), raising=False)
    monkeypatch.setattr(FaultyStore, "chance", random.Random(1), raising=False)  # noqa: S311
    monkeypatch.setattr(CountingStore, "read", Counter(), raising=False)
    monkeypatch.setattr(CountingStore, "written", Counter(), raising=False)
    monkeypatch.setattr(storage, "PAUSES", [0] * 20)


def put(store, src):
    for path in src.iterdir():
        store().store[f"/set/{path.name}"] = memory.MemoryFile(
            store(), f"/set/{path.name}", path.read_bytes()
        )


def contents(store, folder):
    return {
        path.removeprefix(f"/{folder}/"): file.getvalue()
        for path, file in store.store.items()
        if path.startswith(f"/{folder}/")
    }


def test_faults_change_nothing(src, options, expected):
    put(FaultyStore, src)
    summary = mix_shards("faulty://set", "faulty://dst", **options)
    assert summary.skipped == ()
    assert summary.written == summary.images == 88
    assert contents(FaultyStore, "dst") == expected
    assert all(FaultyStore.faults[kind] for kind in ("read", "short", "look", "write", "remove"))


def test_a_store_that_stays_broken_fails_its_units_alone(src, options):
    put(FaultyStore, src)
    with pytest.MonkeyPatch.context() as patch:

        def break_one(stage, done, total):
            if stage == "mix":
                patch.setattr(FaultyStore, "broken", "set-0003")

        with pytest.raises(WorkError, match=r"1 unit of 8 failed") as caught:
            mix_shards("faulty://set", "faulty://dst", progress=break_one, **options)
    assert "a-secret-of-the-store" not in str(caught.value)
    assert "set-0003.tar failed: ConnectionError" in str(caught.value)
    assert "blockmix.json" not in contents(FaultyStore, "dst")
    summary = mix_shards("faulty://set", "faulty://dst", resume=True, **options)
    assert (summary.images, summary.written) == (88, 11)


def test_what_is_read_and_written(src, options):
    put(CountingStore, src)
    mix_shards("counting://set", "counting://dst", **options)
    sizes = {f"/set/{path.name}": path.stat().st_size for path in src.iterdir()}
    read = {path: count for path, count in CountingStore.read.items() if path.startswith("/set/")}
    assert read == {path: 2 * size for path, size in sizes.items()}  # survey, unit
    outputs = {
        f"/dst/{name}": len(data)
        for name, data in contents(CountingStore, "dst").items()
        if name.endswith(".tar")
    }
    written = {path: count for path, count in CountingStore.written.items() if ".tar" in path}
    assert written == outputs
    assert len(outputs) == 8


def test_what_travels(src, options, tmp_path, monkeypatch):
    """Jobs and reports of units, as a scheduler gets them."""
    sizes = []
    submit = Workers.submit

    def measure(self, function, *arguments):
        future = submit(self, function, *arguments)
        sent = len(pickle.dumps((function, arguments)))
        sizes.append(sent + len(pickle.dumps(future.result())))
        return future

    monkeypatch.setattr(Workers, "submit", measure)
    mix_shards(src, tmp_path / "dst", **options)
    assert len(sizes) == 16
    assert max(sizes) < 4096
    assert read_tree(tmp_path / "dst")
