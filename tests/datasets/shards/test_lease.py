"""Which driver has a destination: one at a time, until it ends or dies."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from blockmix import InputError, WorkError
from blockmix.datasets.shards import lease as lease_module
from blockmix.datasets.shards.lease import SILENCE, Lease


class Clock:
    def __init__(self):
        self.now = 1e9

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def new_lease(tmp_path, clock):
    def new_lease():
        return Lease(str(tmp_path / "dst"), "work", clock)

    return new_lease


def on_machine(monkeypatch, name):
    monkeypatch.setattr(lease_module, "_machine", lambda: name)


def die(lease, stack):
    """Take a lease whose driver never ends it, as after a kill."""
    stack.enter_context(lease.held())
    lease._beat = lambda: None


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("machine", ["one", "two"])
def test_a_driver_is_dead_after_a_silence(new_lease, clock, monkeypatch, stack, machine):
    """Also one whose process lives, as this one does: the number may be that of another by now."""
    on_machine(monkeypatch, "one")
    die(new_lease(), stack)
    on_machine(monkeypatch, machine)
    clock.now += SILENCE - 1
    with pytest.raises(InputError, match=r"last seen 119 seconds ago: .* pass resume=True"):
        new_lease().refuse_living()
    with pytest.raises(InputError, match="another run is writing"), new_lease().held():
        pytest.fail("two have it")
    clock.now += 1
    with new_lease().held():
        pass


def test_a_driver_that_has_ended_is_replaced_at_once(new_lease, monkeypatch):
    on_machine(monkeypatch, "one")
    with new_lease().held():
        assert new_lease().holder().startswith(f"process {os.getpid()} on ")
    assert new_lease().holder() is None
    on_machine(monkeypatch, "two")
    with new_lease().held():
        pass


@pytest.mark.parametrize("is_here", [True, False])
def test_a_process_that_has_ended_is_known_on_its_own_machine_alone(
    new_lease, monkeypatch, stack, is_here
):
    """Elsewhere, such as in another container, the number means nothing."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lease = new_lease()
    lease._driver["process"] = process.pid
    die(lease, stack)
    with pytest.raises(InputError, match="another run"):
        new_lease().refuse_living()
    process.communicate()
    if is_here:
        new_lease().refuse_living()
    else:
        on_machine(monkeypatch, "another")
        with pytest.raises(InputError, match="another run"):
            new_lease().refuse_living()


def test_signs_of_life_are_given_while_the_driver_is_busy(new_lease, clock, monkeypatch):
    """By a thread of its own: a unit may take longer than the silence of the dead."""
    monkeypatch.setattr(lease_module, "BEAT", 0.001)
    lease = new_lease()
    seen = Event()
    write = lease._store.write

    def note(url, data, stamp):
        write(url, data, stamp)
        if json.loads(data)["beat"] == clock.now == 1e9 + 50:
            seen.set()

    monkeypatch.setattr(lease._store, "write", note)
    with lease.held():
        clock.now += 50
        assert seen.wait(60)
        clock.now += SILENCE - 1
        with pytest.raises(InputError, match="another run"):
            new_lease().refuse_living()


def test_of_drivers_that_begin_at_once_one_succeeds(new_lease):
    leases = [new_lease() for _ in range(8)]
    entered = []

    def begin(lease):
        try:
            with lease.held():
                entered.append(lease)
                ended.wait(60)
        except InputError:
            return 0
        finally:
            results.append(lease)
            if len(results) == 7:
                ended.set()
        return 1

    ended, results = Event(), []
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, leases)) == len(entered) == 1


def test_a_driver_that_wakes_up_again_finds_out(new_lease, clock, stack, monkeypatch):
    first, second = new_lease(), new_lease()
    stack.enter_context(first.held())
    first.check()
    clock.now += SILENCE
    with second.held():
        with pytest.raises(WorkError, match="another run has taken over"):
            first.check()
        second.check()
        first._beat()  # which says nothing any more
    with pytest.raises(WorkError, match="another run has taken over"):
        first.check()


def test_files_of_drivers_go_and_do_not_come_back(new_lease, tmp_path):
    lease = new_lease()
    with lease.held():
        lease.remove()
        lease._beat()
    assert list((tmp_path / "dst/work/drivers").iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_a_file_that_was_cut_off_is_no_driver(new_lease, tmp_path, stack, content):
    die(new_lease(), stack)
    (tmp_path / "dst/work/drivers/000001.json").write_text(content)
    with new_lease().held():
        assert (tmp_path / "dst/work/drivers/000002.json").exists()
