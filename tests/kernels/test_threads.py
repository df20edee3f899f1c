"""Safe from several Python threads at once, and in a process forked after the parent has mixed."""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
from builders import random_images

from blockmix import mix

LABELS = [0, 1] * 24


def test_the_number_of_threads_does_not_change_a_byte(key):
    max_threads = numba.config.NUMBA_NUM_THREADS
    if max_threads == 1:
        pytest.skip("numba has one thread: there is nothing to compare")
    images = random_images(48, 24, 24, 3)
    before = numba.get_num_threads()
    try:
        mixed = []
        for threads in range(1, max_threads + 1):
            numba.set_num_threads(threads)
            mixed.append(mix(images, LABELS, block=6, rounds=2, key=key))
    finally:
        numba.set_num_threads(before)
    assert all(np.array_equal(mixed[0], images) for images in mixed[1:])


def test_several_threads_at_once(key):
    images = random_images(48, 24, 24, 3)
    expected = mix(images, LABELS, block=6, rounds=2, key=key)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(mix, images, LABELS, block=6, rounds=2, key=key) for _ in range(64)]
        assert all(np.array_equal(call.result(), expected) for call in calls)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_after_the_parent_has_mixed():
    """In a process of its own, as forking a test process would copy pytest."""
    script = """
        import multiprocessing
        import numpy as np
        from blockmix import Key, mix

        images = np.random.default_rng(0).integers(0, 256, (48, 24, 24, 3), np.uint8)

        def mixed(_=None):
            return mix(images, [0, 1] * 24, block=6, rounds=2, key=Key.from_seed(0))

        expected = mixed()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            results = pool.map(mixed, range(8))
        print(all(np.array_equal(result, expected) for result in results))
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
