"""Workers, drivers and schedulers that are killed: what is lost, and what a resumed run does."""

import json
import os
import signal
import subprocess
import sys

import pytest
from builders import read_tree

from blockmix import WorkError, mix_shards
from blockmix.datasets.engines import tasks

DRIVER = """
import os, signal, sys
from blockmix import KeyFile, mix_shards

src, dst, key, executor = sys.argv[1:]

def kill(stage, done, total):
    if stage == "mix" and done > 30:  # at least three of eight units
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    mix_shards(
        src, dst, key=KeyFile(key), block=4, sources=3, executor=executor or None, progress=kill
    )
"""


def markers(dst):
    """Return the markers of a run that has not ended, with the numbers of their files."""
    return {
        path.name: (path.stat().st_ino, json.loads(path.read_text()))
        for path in (dst / ".blockmix" / "units").glob("[0-9]*.json")
    }


def after(images, action):
    """Return a progress that does something once, when so many images are mixed."""
    done = []

    def progress(stage, count, total):
        if stage == "mix" and count >= images and not done:
            done.append(count)
            action()

    return progress


@pytest.fixture
def resumed(src, options, tmp_path):
    """Resume the run in ``dst``; return which units were done again, and what is there then."""

    def resumed(**changes):
        before = markers(tmp_path / "dst")
        units = set()

        def look(stage, done, total):
            if stage == "mix" and done < total:
                for name, (inode, _) in markers(tmp_path / "dst").items():
                    if name not in before or before[name][0] != inode:
                        units.add(name)

        summary = mix_shards(src, tmp_path / "dst", resume=True, progress=look, **options | changes)
        # At least: processes may outlive their driver by the unit that they are at.
        assert summary.images - summary.written >= sum(
            marker["images"] for _, marker in before.values()
        )
        assert not units & set(before)
        return read_tree(tmp_path / "dst")

    return resumed


def test_a_worker(src, options, expected, dask_processes, tmp_path):
    """A second worker takes over, so that the run ends by itself."""
    client, processes = dask_processes
    second = subprocess.Popen(
        [
            *(sys.executable, "-m", "distributed.cli.dask_worker", client.scheduler.address),
            *("--nthreads", "1", "--no-dashboard", "--no-nanny"),
            *("--local-directory", str(tmp_path / "second")),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        client.wait_for_workers(2)
        summary = mix_shards(
            src,
            tmp_path / "dst",
            executor=client.get_executor(pure=False, retries=3),
            progress=after(20, processes["worker"].kill),
            **options,
        )
    finally:
        second.kill()
        second.wait()
    assert processes["worker"].wait() == -signal.SIGKILL
    assert summary.written == summary.images
    assert read_tree(tmp_path / "dst") == expected


@pytest.mark.parametrize("executor", ["", "processes:2", "dask"])
def test_the_driver(src, options, expected, resumed, executor, request, tmp_path):
    if executor == "dask":
        executor += f":{request.getfixturevalue('cluster').scheduler_address}"
    (tmp_path / "driver.py").write_text(DRIVER)
    command = [sys.executable, tmp_path / "driver.py", src, tmp_path / "dst", tmp_path / "my.key"]
    ended = subprocess.run([*command, executor], check=False)
    assert ended.returncode == -signal.SIGKILL
    # A cluster goes on with what it has got.
    assert 3 <= len(markers(tmp_path / "dst")) <= 8
    assert not (tmp_path / "dst" / "blockmix.json").exists()
    assert resumed() == expected


def test_the_scheduler(src, options, expected, resumed, dask_processes, tmp_path, monkeypatch):
    client, processes = dask_processes
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(client, "_timeout", 2)  # after which it has given up
    with pytest.raises(WorkError, match=r"cluster cannot be reached any more.*resume=True"):
        mix_shards(
            src,
            tmp_path / "dst",
            executor=client.get_executor(pure=False, retries=3),
            progress=after(20, processes["scheduler"].kill),
            **options,
        )
    assert 2 <= len(markers(tmp_path / "dst")) <= 8
    os.kill(processes["worker"].pid, signal.SIGKILL)
    assert resumed() == expected
