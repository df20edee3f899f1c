"""Every engine and container: the bytes that this process alone would write."""

import random
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock

import numpy as np
import pytest
from builders import random_images, read_tree, write_images
from required_modules import required

from blockmix import mix, mix_file, mix_folder, mix_shards


class Shuffled(Executor):
    """Runs tasks in a random order, two at a time."""

    def __init__(self, seed):
        self._random = random.Random(seed)  # noqa: S311
        self._pool = ThreadPoolExecutor(2)
        self._waiting = []
        self._lock = Lock()

    def submit(self, function, *args):
        future = Future()
        with self._lock:
            self._waiting.append((future, function, args))
        self._pool.submit(self._run_one)
        return future

    def shutdown(self, wait=True, **options):
        self._pool.shutdown(wait)

    def _run_one(self):
        with self._lock:
            chosen = self._random.randrange(len(self._waiting))
            future, function, args = self._waiting.pop(chosen)
        future.set_result(function(*args))


@pytest.fixture(params=["processes", "dask:1", "dask:2", "client", "shuffled", "ray"])
def executor(request):
    if request.param == "processes":
        yield "processes:2"
    elif request.param.startswith("dask"):
        cluster_of = request.getfixturevalue("cluster_of")
        with cluster_of(int(request.param[-1])) as cluster:
            yield f"dask:{cluster.scheduler_address}"
    elif request.param == "client":
        cluster, distributed = request.getfixturevalue("cluster"), required("distributed")
        with distributed.Client(cluster) as client:
            yield client.get_executor(pure=False, retries=3)
    elif request.param == "shuffled":
        with Shuffled(seed=0) as pool:
            yield pool
    else:
        required("ray")
        yield "ray"


def test_tar(src, expected, options, executor, tmp_path):
    mix_shards(src, tmp_path / "dst", executor=executor, **options)
    assert read_tree(tmp_path / "dst") == expected


def test_parquet(parquet_src, options, executor, tmp_path):
    mix_shards(parquet_src, tmp_path / "expected", **options)
    mix_shards(parquet_src, tmp_path / "dst", executor=executor, **options)
    assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")


def test_array(options, executor, tmp_path):
    images = random_images(90, 16, 16, 3)
    labels = ["a"] * 40 + ["b"] * 30 + ["c"] * 20
    np.save(tmp_path / "images.npy", images)
    mix_file(
        tmp_path / "images.npy",
        labels,
        tmp_path / "mixed.npy",
        memory=50_000,
        executor=executor,
        **options,
    )
    key = options["key"].read()
    expected = mix(images, labels, **options | {"key": key})
    assert np.array_equal(np.load(tmp_path / "mixed.npy"), expected)


def test_folder(options, executor, tmp_path):
    src = write_images(tmp_path / "src", {"a": 40, "b": 30, "c": 20}, suffix=".jpg")
    mix_folder(src, tmp_path / "expected", memory="200KiB", **options)
    mix_folder(src, tmp_path / "dst", memory="200KiB", executor=executor, **options)
    assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")
