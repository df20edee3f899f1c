"""The state of a run: who has it, what is done, and what stays."""

import os
import subprocess
import sys
from threading import Event

import pytest
from builders import read_tree

from blockmix import InputError, WorkError
from blockmix.datasets.shards import state as state_module
from blockmix.datasets.shards.state import SILENCE, RunState, check_going_on, marker_name


class Clock:
    def __init__(self):
        self.now = 1e9

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dst(tmp_path):
    return str(tmp_path / "dst")


def on_machine(monkeypatch, name):
    monkeypatch.setattr(state_module.socket, "gethostname", lambda: name)


def test_only_one_driver_begins(dst):
    RunState(dst).begin({"run": "a"})
    with pytest.raises(InputError, match="another run is writing"):
        RunState(dst).begin({"run": "b"})
    assert RunState(dst).read() == {"run": "a"}


def take_over(dst, clock=None):
    state = RunState(dst) if clock is None else RunState(dst, clock)
    with state.claiming():
        state.beat()


@pytest.mark.parametrize("machine", ["one", "two"])
def test_a_driver_is_dead_after_a_silence(dst, clock, monkeypatch, machine):
    """Also one whose process lives, as this one does: the number may be that of another by now."""
    on_machine(monkeypatch, "one")
    RunState(dst, clock).begin({"run": "a"})
    on_machine(monkeypatch, machine)
    clock.now += SILENCE - 1
    with pytest.raises(InputError, match=r"last seen 119 seconds ago: .* pass resume=True"):
        take_over(dst, clock)
    clock.now += 1
    take_over(dst, clock)


def test_a_driver_that_has_ended_is_replaced_at_once(dst, monkeypatch):
    first = RunState(dst)
    first.begin({"run": "a"})
    with first.driving("a"):
        pass
    on_machine(monkeypatch, "two")
    take_over(dst)


def test_a_driver_of_this_machine_is_known_by_its_process(dst, monkeypatch):
    state = RunState(dst)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setitem(state._driver, "process", process.pid)
    state.begin({"run": "a"})
    with pytest.raises(InputError, match="another run"):
        take_over(dst)
    process.communicate()
    take_over(dst)
    assert str(os.getpid()) in RunState(dst).driver()


def test_a_driver_gives_signs_of_life_while_it_is_busy(dst, clock, monkeypatch):
    """By a thread of its own: a unit may take longer than the silence of the dead."""
    monkeypatch.setattr(state_module, "BEAT", 0.001)
    state = RunState(dst, clock)
    state.begin({"run": "a"})
    beats = []
    enough = Event()

    def note(name, content):
        beats.append(name)
        if len(beats) > 5:
            enough.set()

    with monkeypatch.context() as patch, state.driving("a"):
        patch.setattr(state, "_put", note)
        assert enough.wait(60)
    assert set(beats) == {".blockmix/driver.json"}


def test_one_driver_at_a_time_takes_over(dst, clock):
    first, second = RunState(dst, clock), RunState(dst, clock)
    with first.claiming():
        with pytest.raises(InputError, match="another run is writing"), second.claiming():
            pytest.fail("both have it")
        first.beat()
    with pytest.raises(InputError, match="another run is writing"), second.claiming():
        pytest.fail("the first one lives")


def test_a_claim_that_a_kill_has_left_is_taken_after_a_silence(dst, clock, monkeypatch):
    on_machine(monkeypatch, "one")
    claim = RunState(dst, clock).claiming()
    claim.__enter__()
    on_machine(monkeypatch, "two")
    with pytest.raises(InputError, match="another run is writing"):
        take_over(dst, clock)
    clock.now += SILENCE
    take_over(dst, clock)


def test_markers_and_failures(dst):
    state = RunState(dst)
    state.begin({})
    state.store.write(f"{dst}/{marker_name(12)}", b'{"images": 3}', 0)
    state.note_failure(7, "the disk is full")
    state.store.write(f"{dst}/{marker_name(13)}", b"", 0)  # the machine has lost its power
    state.store.write(f"{dst}/.blockmix/units/.DS_Store", b"", 0)
    assert state.done() == {12: {"images": 3}}
    assert state.failed() == {7: "the disk is full"}
    state.forget_failures()
    assert state.failed() == {}


def test_a_finished_run_leaves_its_record_alone(dst, tmp_path):
    state = RunState(dst)
    state.begin({})
    state.store.write(f"{dst}/{marker_name(0)}", b"{}", 0)
    (tmp_path / "dst" / ".0123456789abcdef.part").write_bytes(b"left by a kill")
    state.finish({"images": 1}, 315_619_200)
    assert list(read_tree(tmp_path / "dst")) == ["blockmix.json"]
    assert os.listdir(dst) == ["blockmix.json"]
    assert state.record() == {"images": 1}


def test_a_damaged_state_is_named(dst, tmp_path):
    RunState(dst).begin({})
    (tmp_path / "dst/.blockmix/run.json").write_text("{")
    with pytest.raises(InputError, match=r"run\.json is damaged: name another"):
        RunState(dst).read()
    (tmp_path / "dst/blockmix.json").write_text("[1]")
    with pytest.raises(InputError, match=r"blockmix\.json is damaged"):
        RunState(dst).record()


def test_workers_write_only_while_their_run_goes_on(dst):
    with pytest.raises(WorkError, match="the run has ended"):
        check_going_on(dst, "a")
    state = RunState(dst)
    state.begin({})
    with state.driving("a"):
        check_going_on(dst, "a")
        with pytest.raises(WorkError, match="another one has taken its place"):
            check_going_on(dst, "b")
        state.finish({}, 0)
    with pytest.raises(WorkError, match="the run has ended"):
        check_going_on(dst, "a")
