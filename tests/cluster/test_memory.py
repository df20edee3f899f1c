"""The memory of a worker: that of its largest unit, however large the set."""

import json
import subprocess
import sys

from shard_builders import write_set

from blockmix.datasets.engines.workers import open_workers
from blockmix.datasets.mix_shards import prepare
from blockmix.datasets.shards.shard_run import plan_shards
from blockmix.support.progress import no_progress

# Prints the most memory that the process has taken, in bytes, after each set.
RUN = """
import json, resource, sys
from blockmix import Key, mix_shards

for src, dst in zip(sys.argv[1::2], sys.argv[2::2]):
    mix_shards(src, dst, key=Key.from_seed(0), size=256, block=32, sources=3)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
"""


def test_it_does_not_grow_with_the_set(tmp_path):
    """Peaks of one process: a small set, one of two large units, one of twenty such units."""
    arguments = []
    for name, counts in {
        "small": [{"a": 5, "b": 5}],
        "two": [{"a": 400}] * 2,
        "twenty": [{"a": 400}] * 20,
    }.items():
        write_set(tmp_path / name, counts, size=(32, 32), suffix="jpg")
        arguments += [tmp_path / name, tmp_path / f"{name}-mixed"]
    output = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], check=True, stdout=subprocess.PIPE
    ).stdout
    small, two, twenty = map(json.loads, output.split())
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
    assert planned / 3 < two - small < planned
    assert twenty - small < planned
