"""The arrays of a case, and the machine and the commit in the record of pytest-benchmark."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from blockmix.bench.common.machine import LIBRARIES, threading_layer
from blockmix.bench.speed.cases import CASES
from blockmix.bench.speed.rows import PreparedCase
from blockmix.support.versions import version

COMMIT_FIELDS = ("id", "time", "dirty")


def pytest_addoption(parser):
    parser.addoption(
        "--scale",
        type=float,
        default=1.0,
        help="Use only this share of the images of every case, for a trial run.",
    )


class Arrays:
    """Images and out, of one shape at a time, to hold no more memory than one case needs."""

    def __init__(self):
        self.images = self.out = np.empty(0, np.uint8)

    def with_shape(self, *shape):
        if self.images.shape != shape:
            self.images = self.out = None
            self.images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
            self.out = np.zeros_like(self.images)
        return self.images, self.out


@pytest.fixture(scope="session")
def arrays():
    return Arrays()


@pytest.fixture
def prepared_case(case, row, arrays, pytestconfig):
    """The case of a name, ready to be timed, with its number of threads."""
    if row.startswith("torch"):
        pytest.importorskip("torch", reason="torch is not installed: pip install torch")
    case = CASES[case].scaled(pytestconfig.getoption("scale"))
    available = numba.get_num_threads()
    threads = case.threads or available
    if threads > available:
        pytest.skip(f"the case needs {threads} threads, but there are {available}")
    images, out = arrays.with_shape(case.images, *case.shape)
    numba.set_num_threads(threads)
    with ThreadPoolExecutor(threads) as pool:
        yield PreparedCase(case, images, out, pool, threads)
    numba.set_num_threads(available)


@pytest.fixture
def one_thread():
    """Let numba work in the calling thread alone."""
    available = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(available)


def pytest_benchmark_update_machine_info(config, machine_info):
    # A record may be published, so the names of the machine and of its kernel stay out.
    for name in ("node", "release"):
        del machine_info[name]
    machine_info["versions"] = {name: version(name) for name in LIBRARIES}
    machine_info["threads"] = numba.get_num_threads()
    machine_info["threading_layer"] = threading_layer()


def pytest_benchmark_update_commit_info(config, commit_info):
    for name in set(commit_info) - set(COMMIT_FIELDS):
        del commit_info[name]  # the branch and the folder: names that somebody chose
