"""The state of a run: who has it, what is done, and what stays."""

import os
import subprocess
import sys

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


def test_a_driver_of_another_machine_is_dead_after_a_silence(dst, clock, monkeypatch):
    on_machine(monkeypatch, "one")
    RunState(dst, clock).begin({"run": "a"})
    on_machine(monkeypatch, "two")
    clock.now += SILENCE - 1
    with pytest.raises(InputError, match=r"last seen 119 seconds ago: .* pass resume=True"):
        RunState(dst, clock).take_over()
    clock.now += 1
    RunState(dst, clock).take_over()


def test_a_driver_that_has_ended_is_replaced_at_once(dst, clock, monkeypatch):
    first = RunState(dst, clock)
    first.begin({"run": "a"})
    first.leave()
    on_machine(monkeypatch, "two")
    RunState(dst, clock).take_over()


def test_a_driver_of_this_machine_is_known_by_its_process(dst, clock, monkeypatch):
    state = RunState(dst, clock)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setitem(state._driver, "process", process.pid)
    state.begin({"run": "a"})
    with pytest.raises(InputError, match="another run"):
        RunState(dst, clock).take_over()
    process.communicate()
    RunState(dst, clock).take_over()
    assert str(os.getpid()) in RunState(dst, clock).driver()


def test_signs_of_life_are_not_written_all_the_time(dst, clock, monkeypatch):
    state = RunState(dst, clock)
    state.begin({})
    writes = []
    monkeypatch.setattr(state, "_put", lambda name, content: writes.append(content["beat"]))
    for _ in range(100):
        state.beat()
        clock.now += 1
    assert writes == [1e9 + 20, 1e9 + 40, 1e9 + 60, 1e9 + 80]


def test_markers_and_failures(dst):
    state = RunState(dst)
    state.begin({})
    state.store.write(f"{dst}/{marker_name(12)}", b'{"images": 3}', 0)
    state.note_failure(7, "the disk is full")
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
    with pytest.raises(InputError, match=r"run\.json is damaged: remove"):
        RunState(dst).read()


def test_workers_write_only_while_their_run_goes_on(dst):
    with pytest.raises(WorkError, match="the run has ended"):
        check_going_on(dst, "a")
    state = RunState(dst)
    state.begin({})
    state.let_write("a")
    check_going_on(dst, "a")
    with pytest.raises(WorkError, match="another one has taken its place"):
        check_going_on(dst, "b")
    state.finish({}, 0)
    with pytest.raises(WorkError, match="the run has ended"):
        check_going_on(dst, "a")
