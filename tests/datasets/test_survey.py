"""Headers are looked at one after another where that is work, and at once where it is waiting."""

from types import SimpleNamespace

import pytest

from blockmix.datasets import survey

BATCHES = [["a"], ["b"], ["c"]]


@pytest.mark.parametrize(("worked", "in_pool"), [(1.0, []), (0.1, ["b", "c"])])
def test_only_waiting_is_shared_out(monkeypatch, worked, in_pool):
    """The clock ticks a second a look, of which the thread has worked as long as is given."""
    clock = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(survey.time, "perf_counter", lambda: clock.seconds)
    monkeypatch.setattr(survey.time, "thread_time", lambda: clock.seconds * worked)
    shared = []

    def look(batch):
        clock.seconds += 1
        return batch

    def map_in_pool(look, batches):
        shared.extend(batch[0] for batch in batches)
        return map(look, batches)

    pool = SimpleNamespace(map=map_in_pool)
    assert list(survey._map(look, BATCHES, pool)) == BATCHES
    assert shared == in_pool
