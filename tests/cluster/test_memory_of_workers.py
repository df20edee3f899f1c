"""The memory of a worker: that of its largest unit, however large the set."""

import subprocess
import sys

from shard_builders import write_set

from blockmix.datasets.engines.workers import open_workers
from blockmix.datasets.mix_shards import prepare
from blockmix.datasets.shards.shard_run import plan_shards
from blockmix.support.progress import no_progress

# Prints the most memory that the process has taken, in bytes. (What `resource` tells counts that of
# the process from which this one was started.)
RUN = """
import re, sys
from blockmix import Key, mix_shards

mix_shards(sys.argv[1], sys.argv[2], key=Key.from_seed(0), size=256, block=32, sources=3)
with open("/proc/self/status") as status:
    print(1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1]))
"""


def test_it_does_not_grow_with_the_set(tmp_path):
    """Peaks of processes: for a small set, one of two large units, one of twenty such units."""
    peaks = {}
    for name, counts in {
        "compile": [{"a": 5, "b": 5}],  # takes more than mixing does
        "small": [{"a": 5, "b": 5}],
        "two": [{"a": 400}] * 2,
        "twenty": [{"a": 400}] * 20,
    }.items():
        write_set(tmp_path / name, counts, size=(32, 32), suffix="jpg")
        command = [sys.executable, "-c", RUN, tmp_path / name, tmp_path / f"{name}-mixed"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        peaks[name] = int(output)
    run = prepare(
        tmp_path / "twenty",
        "-",
        label=None,
        size=256,
        key=None,
        format=None,
        quality=None,
        memory="2GiB",
        on_error="error",
        block=32,
        sources=3,
    )
    with open_workers(None) as workers:
        planned = plan_shards(run, workers, no_progress).memory
    assert planned / 3 < peaks["two"] - peaks["small"] < planned
    assert peaks["twenty"] - peaks["small"] < planned
