"""Clusters and object stores on this machine; their tests are skipped where libraries lack."""

import subprocess
import sys
from contextlib import contextmanager
from itertools import count

import pytest
from builders import read_tree
from required_modules import required
from shard_builders import write_parquet_set, write_set

from blockmix import KeyFile, mix_shards

# What libraries of clusters and stores warn about is not ours to mend.
FILTERS = [
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
]
BUCKETS = count()
COUNTS = [{"0": 6, "1": 5}] * 8


def pytest_collection_modifyitems(items):
    for item in items:
        for text in FILTERS:
            item.add_marker(pytest.mark.filterwarnings(text))


@pytest.fixture(scope="session")
def distributed():
    return required("distributed")


@pytest.fixture(scope="session")
def cluster_of(distributed):
    """A function that starts a Dask cluster of some processes, in a ``with`` block."""

    @contextmanager
    def cluster_of(processes):
        with distributed.LocalCluster(
            n_workers=processes, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster:
            yield cluster

    return cluster_of


@pytest.fixture(scope="session")
def cluster(cluster_of):
    """A Dask cluster of two processes, for tests that leave it as it is."""
    with cluster_of(2) as cluster:
        yield cluster


@pytest.fixture
def dask_processes(tmp_path, distributed):
    """The processes of a scheduler and a worker, and a client, as on separate machines."""
    where = tmp_path / "scheduler.json"
    processes = {
        "scheduler": [
            *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"),
            *("--no-dashboard", "--scheduler-file", where),
        ],
        "worker": [
            *("distributed.cli.dask_worker", "--scheduler-file", where, "--nthreads", "1"),
            *("--no-dashboard", "--no-nanny", "--local-directory", tmp_path / "worker"),
        ],
    }
    started = {}
    try:
        for name, arguments in processes.items():
            with open(tmp_path / f"{name}.log", "wb") as log:
                command = [sys.executable, "-m", *map(str, arguments)]
                started[name] = subprocess.Popen(command, stdout=log, stderr=log)
        client = distributed.Client(scheduler_file=str(where), timeout=60)
        client.wait_for_workers(1)
        yield client, started
        client.close(timeout=1)
    finally:
        for process in started.values():
            process.kill()
            process.wait()


@pytest.fixture
def s3(monkeypatch):
    """The URL of an empty bucket in an S3 server on loopback, which this process serves."""
    s3fs = required("s3fs")
    server = required("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    bucket = f"bucket-{next(BUCKETS)}"  # as the server forgets none
    s3fs.S3FileSystem().mkdir(bucket)
    yield f"s3://{bucket}"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def src(tmp_path):
    """Eight tar archives, of which each is a unit."""
    return write_set(tmp_path / "src", COUNTS)


@pytest.fixture
def parquet_src(tmp_path):
    """The same set in parquet files."""
    required("pyarrow")
    return write_parquet_set(tmp_path / "parquet", COUNTS)


@pytest.fixture
def key_file(tmp_path, key):
    key.save(tmp_path / "my.key")
    return KeyFile(tmp_path / "my.key")


@pytest.fixture
def options(key_file):
    return {"block": 4, "sources": 3, "key": key_file}


@pytest.fixture
def expected(src, tmp_path, options):
    """What a run in this process writes."""
    mix_shards(src, tmp_path / "expected", **options)
    return read_tree(tmp_path / "expected")
