"""Clusters and object stores on this machine; their tests are skipped where libraries lack."""

import pytest
from required_modules import required
from shard_builders import write_set

from blockmix import KeyFile

COUNTS = [{"cat": 6, "dog": 5}] * 8
NAMES = b"person-"  # in the name of every original, see `shard_builders`


@pytest.fixture
def distributed():
    return required("distributed")


@pytest.fixture
def cluster(distributed):
    """A Dask cluster of two processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


@pytest.fixture
def s3(monkeypatch):
    """The URL of an empty bucket in an S3 server on loopback, which this process serves."""
    required("s3fs")
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
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("bucket")
    yield "s3://bucket"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def src(tmp_path):
    return write_set(tmp_path / "src", COUNTS)


@pytest.fixture
def key_file(tmp_path, key):
    key.save(tmp_path / "my.key")
    return KeyFile(tmp_path / "my.key")


@pytest.fixture
def options(key_file):
    """Small parameters of a run, with 8 units."""
    return {"block": 4, "sources": 3, "key": key_file}
