"""Shared fixtures of the tests of scaling: a small run, and its record."""

import copy

import pytest


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The record of a small run: few images, no Dask, and units that do not sleep."""
    from blockmix.bench.scale.naps import NapPlan
    from blockmix.bench.scale.run import Plan, run

    plan = Plan(
        sets=((2, 24), (1, 48)),
        mixing_repeats=2,
        quiet=1.0,
        executors=("threads",),
        slots=2,
        naps=(NapPlan(10, 0.0),),
        nap_repeats=2,
        images=(20_000, 50_000),
        cores=(1, 10),
        simulated_repeats=2,
    )
    output = tmp_path_factory.mktemp("scale")
    record = run(None, output, plan)
    assert not [*output.iterdir()]
    return record


@pytest.fixture
def record(small_run):
    """The record of that run."""
    return copy.deepcopy(small_run)
