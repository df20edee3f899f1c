"""An S3 server on loopback: the bytes of local files, and nothing half done."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from builders import read_tree
from required_modules import required
from shard_builders import write_set

from blockmix import InputError, mix_shards
from blockmix.datasets.shards.lease import Lease

# Is killed when the server has the first of three parts of its first shard.
DRIVER = """
import os, signal, sys
import s3fs
from blockmix import KeyFile, mix_shards

src, dst, key = sys.argv[1:]
upload = s3fs.core.S3File._upload_chunk

def upload_and_die(file, final=False):
    upload(file, final)
    if ".tar" in file.path and not final:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    s3fs.S3FileSystem.default_block_size = 5 << 20
    s3fs.core.S3File._upload_chunk = upload_and_die
    mix_shards(src, dst, key=KeyFile(key), block=64, sources=3)
"""


@pytest.fixture
def bucket(s3):
    return required("s3fs").S3FileSystem(use_listings_cache=False)


def objects(bucket, folder):
    """Every object below a folder, as a mapping from its name there to bytes."""
    bucket.invalidate_cache()
    root = folder.removeprefix("s3://") + "/"
    return {path.removeprefix(root): bucket.cat_file(path) for path in bucket.find(folder)}


def test_from_bucket_to_bucket(s3, bucket, src, expected, options, cluster_of, tmp_path):
    bucket.put(f"{src}/", f"{s3}/set/", recursive=True)
    shards = f"{s3}/set/set-{{0000..0007}}.tar"
    with cluster_of(2) as cluster:  # anew, as its processes need the address of the server
        address = f"dask:{cluster.scheduler_address}"
        summary = mix_shards(shards, f"{s3}/mixed", executor=address, **options)
    assert summary.images == 88
    assert objects(bucket, f"{s3}/mixed") == expected
    mix_shards(f"{s3}/set", tmp_path / "local", **options)
    assert read_tree(tmp_path / "local") == expected


def test_a_local_set_becomes_the_same_objects(s3, bucket, src, expected, options):
    mix_shards(src, f"{s3}/mixed", **options)
    assert objects(bucket, f"{s3}/mixed") == expected


def test_a_kill_in_an_upload_leaves_nothing_to_be_seen(s3, bucket, key_file, tmp_path):
    src = write_set(tmp_path / "large", [{"a": 8, "b": 8}] * 2, size=(512, 512))
    options = {"block": 64, "sources": 3, "key": key_file}
    mix_shards(src, tmp_path / "expected", **options)
    (tmp_path / "driver.py").write_text(DRIVER)
    command = [sys.executable, tmp_path / "driver.py", src, f"{s3}/mixed", tmp_path / "my.key"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert not [name for name in objects(bucket, f"{s3}/mixed") if name.endswith(".tar")]
    mix_shards(src, f"{s3}/mixed", resume=True, **options)
    assert objects(bucket, f"{s3}/mixed") == read_tree(tmp_path / "expected")


def test_a_second_driver_is_refused(s3, src, options, expected, bucket):
    refused = []

    def begin_another(stage, done, total):
        if stage == "mix" and done and not refused:
            with pytest.raises(InputError, match="is not empty"):
                mix_shards(src, f"{s3}/mixed", **options)
            for change in ({"resume": True}, {"overwrite": True}):
                with pytest.raises(InputError, match="another run is writing to") as caught:
                    mix_shards(src, f"{s3}/mixed", **options | change)
                refused.append(caught.value)

    mix_shards(src, f"{s3}/mixed", progress=begin_another, **options)
    assert len(refused) == 2
    assert objects(bucket, f"{s3}/mixed") == expected


def test_of_drivers_that_begin_at_once_one_succeeds(s3):
    entered, ended, results = [], Event(), []

    def begin(number):
        try:
            with Lease(f"{s3}/mixed", "work").held():
                entered.append(number)
                ended.wait(120)
        except InputError:
            results.append(number)
            if len(results) == 7:
                ended.set()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(begin, range(8)))
    assert len(entered) == 1


def test_an_object_that_is_missing_is_named(s3):
    with pytest.raises(InputError, match=r"s3://bucket-\d+/set-0\.tar cannot be read: there is no"):
        mix_shards(f"{s3}/set-0.tar", f"{s3}/mixed")
