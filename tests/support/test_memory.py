"""Free memory is limited by the container."""

from blockmix.support import memory


def test_memory_is_that_of_the_container(monkeypatch, tmp_path):
    free = memory.free_memory()
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    (tmp_path / "memory.current").write_text("1000")
    (tmp_path / "memory.max").write_text("max")
    assert memory.free_memory() > free / 2
    (tmp_path / "memory.max").write_text("5000")
    assert memory.free_memory() == 4000
