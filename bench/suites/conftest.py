"""The arrays of a case, and what the record says of the machine. Read by pytest alone."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from blockmix.bench.common.machine import LIBRARIES, threading_layer
from blockmix.bench.speed.cases import CASES
from blockmix.bench.speed.rows import Setting
from blockmix.support.versions import version

OF_THE_COMMIT = ("id", "time", "dirty")


def pytest_addoption(parser):
    parser.addoption(
        "--scale",
        type=float,
        default=1.0,
        help="Take this share of the images of every case, to try the benchmarks out.",
    )


class Arrays:
    """Images and out of the latest shape; gone before those of another shape are made."""

    def __init__(self):
        self.images = self.out = np.empty(0, np.uint8)

    def of_shape(self, *shape):
        if self.images.shape != shape:
            self.images = self.out = None
            self.images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
            self.out = np.zeros_like(self.images)
        return self.images, self.out


@pytest.fixture(scope="session")
def arrays():
    return Arrays()


@pytest.fixture
def setting(case, row, arrays, pytestconfig):
    """The case of that name, ready to be timed, on its number of threads."""
    if row.startswith("torch"):
        pytest.importorskip("torch", reason="torch is not installed: pip install torch")
    case = CASES[case].scaled(pytestconfig.getoption("scale"))
    there = numba.get_num_threads()
    threads = case.threads or there
    if threads > there:
        pytest.skip(f"{threads} threads are to be measured, but there are {there}")
    images, out = arrays.of_shape(case.images, *case.shape)
    numba.set_num_threads(threads)
    with ThreadPoolExecutor(threads) as pool:
        yield Setting(case, images, out, pool, threads)
    numba.set_num_threads(there)


def pytest_benchmark_update_machine_info(config, machine_info):
    # A record may be published: what its machine is called stays out, and whose kernel it runs.
    for name in ("node", "release"):
        del machine_info[name]
    machine_info["versions"] = {name: version(name) for name in LIBRARIES}
    machine_info["threads"] = numba.get_num_threads()
    machine_info["threading_layer"] = threading_layer()


def pytest_benchmark_update_commit_info(config, commit_info):
    for name in set(commit_info) - set(OF_THE_COMMIT):
        del commit_info[name]  # the branch, the folder, what git said: names of somebody's choosing
