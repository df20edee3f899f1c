"""The state of a run: who has it, what is done, and what stays."""

import os

import pytest
from builders import read_tree

from blockmix import InputError, WorkError
from blockmix.datasets.shards.state import RunState, check_going_on, marker_name
from blockmix.datasets.shards.storage import StoreError


@pytest.fixture
def dst(tmp_path):
    return str(tmp_path / "dst")


RUN = {"run": "a", "facts": {}, "record": {}}


def test_markers_and_failures(dst):
    state = RunState(dst)
    state.begin(RUN)
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
    state.begin(RUN)
    state.store.write(f"{dst}/{marker_name(0)}", b"{}", 0)
    (tmp_path / "dst" / ".0123456789abcdef.part").write_bytes(b"left by a kill")
    with state.lease.held():
        state.finish({"images": 1}, 315_619_200)
    assert list(read_tree(tmp_path / "dst")) == ["blockmix.json"]
    assert os.listdir(dst) == ["blockmix.json"]
    assert state.record() == {"images": 1}


@pytest.mark.parametrize("content", ["{", "[1]", "{}", '{"run": 1, "facts": {}, "record": {}}'])
def test_a_damaged_state_is_named(dst, tmp_path, content):
    RunState(dst).begin(RUN)
    assert RunState(dst).read() == RUN
    (tmp_path / "dst/.blockmix/run.json").write_text(content)
    with pytest.raises(InputError, match=r"run\.json is damaged: name another"):
        RunState(dst).read()
    (tmp_path / "dst/blockmix.json").write_text("[1]")
    with pytest.raises(InputError, match=r"blockmix\.json is damaged"):
        RunState(dst).record()


def test_workers_write_only_while_their_run_goes_on(dst):
    with pytest.raises(WorkError, match="the run has ended"):
        check_going_on(dst, "a")
    state = RunState(dst)
    state.begin(RUN)
    state.let_write("a")
    check_going_on(dst, "a")
    with pytest.raises(WorkError, match="another one has replaced it"):
        check_going_on(dst, "b")
    state.forget_done()
    with pytest.raises(WorkError, match="the run has ended"):
        check_going_on(dst, "a")


def test_a_driver_that_was_replaced_publishes_nothing(dst):
    """It was thought dead, as it may have been suspended."""
    first, second = RunState(dst), RunState(dst)
    first.begin(RUN)
    with first.lease.held():
        second.lease._store.create(second.lease._url(2), second.lease._signed())
        with pytest.raises(WorkError, match="another run has taken over"):
            first.finish({}, 0)
    assert second.read() == RUN
    assert second.record() is None
    assert second.lease.holder() is not None


def test_a_full_disk_does_not_hide_why_a_unit_failed(dst, monkeypatch):
    def fail(*arguments):
        raise StoreError("writing failed")

    state = RunState(dst)
    monkeypatch.setattr(state.store, "write", fail)
    state.note_failure(7, "the disk is full")
