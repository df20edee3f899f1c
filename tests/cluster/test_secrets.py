"""What a cluster can see of a run: never the key, never the name of an original."""

import re

import pytest
from builders import read_tree
from shard_builders import NAMES

from blockmix import InputError, Key, KeyFile, mix_folder, mix_shards


def forms_of(key):
    """Return the forms in which a key could show up."""
    raw = key.words().tobytes()
    return [raw, raw.hex().encode()]


def memory_of(process):
    """Yield the writable memory of a process of this user."""
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end, access = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if access.startswith("rw"):
                memory.seek(int(begin, 16))
                try:
                    yield memory.read(int(end, 16) - int(begin, 16))
                except OSError:  # a page of the system's own
                    continue


def holds(process, text):
    return any(text in part for part in memory_of(process))


@pytest.fixture
def secret(tmp_path):
    """A key that occurs nowhere by chance, and its file."""
    key = Key.generate()
    key.save(tmp_path / "secret.key")
    return key, KeyFile(tmp_path / "secret.key")


@pytest.mark.parametrize("with_file", [True, False])
def test_shards(src, secret, with_file, dask_processes, tmp_path):
    """Without a key file, which is allowed on this machine, the keys of units alone travel."""
    client, processes = dask_processes
    key, key_file = secret
    scheduler = processes["scheduler"].pid
    seen = []

    def look(stage, done, total):
        if stage != "mix" or done == 0 or seen:
            return
        state = tmp_path / "dst" / ".blockmix"
        seen.extend(path.read_bytes() for path in state.rglob("*") if path.is_file())
        client.dump_cluster_state(str(tmp_path / "dump"), format="yaml")
        seen.append((tmp_path / "dump.yaml").read_bytes())
        seen.extend(memory_of(scheduler))
        assert holds(scheduler, b"set-00")  # in names of shards, which it gets: the search works

    mix_shards(
        src,
        tmp_path / "dst",
        key=key_file if with_file else key,
        block=4,
        sources=3,
        executor=client.get_executor(pure=False, retries=3),
        progress=look,
    )
    seen += [path.read_bytes() for path in (tmp_path / "dst").iterdir()]
    seen += [(tmp_path / f"{name}.log").read_bytes() for name in processes]
    seen += memory_of(scheduler)
    for text in [*forms_of(key), NAMES]:
        assert not any(text in part for part in seen)


def test_names_of_tasks(src, secret, cluster, tmp_path):
    client = cluster.get_client()
    names = []

    def look(stage, done, total):
        if stage == "mix":
            names.extend(client.run_on_scheduler(lambda dask_scheduler: [*dask_scheduler.tasks]))

    executor = client.get_executor(pure=False, retries=3)
    mix_shards(
        src,
        tmp_path / "dst",
        key=secret[1],
        block=4,
        sources=3,
        executor=executor,
        progress=look,
    )
    assert names
    assert names
    assert all(re.fullmatch(r"(survey_shard|mix_unit)-[0-9a-f-]{36}", name) for name in names)


def test_keys_of_units_travel_by_tls(src, expected, options, key, distributed, tmp_path):
    security = distributed.Security.temporary()
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            protocol="tls",
            security=security,
            dashboard_address=":0",
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster, security=security) as client,
    ):
        assert cluster.scheduler_address.startswith("tls://")
        executor = client.get_executor(pure=False, retries=3)
        mix_shards(src, tmp_path / "dst", executor=executor, **options | {"key": key})
    assert read_tree(tmp_path / "dst") == expected


class Elsewhere:
    """A Dask client as far as it matters, of a scheduler at an address."""

    status = "running"

    def __init__(self, address):
        self.scheduler = self
        self.address = address

    def scheduler_info(self):
        return {}

    def nthreads(self):
        return {"worker": 1}


@pytest.fixture
def elsewhere(cluster):
    """A function that makes an executor of a cluster at an address."""

    def elsewhere(address):
        executor = cluster.get_client().get_executor(pure=False)
        executor._client = Elsewhere(address)
        return executor

    return elsewhere


@pytest.mark.parametrize("address", ["tcp://10.0.0.7:8786", "ucx://127.0.0.1:1", "ws://host:80"])
def test_a_key_does_not_travel_unencrypted(src, secret, elsewhere, address, tmp_path):
    with pytest.raises(InputError, match=r"not encrypted.*KeyFile"):
        mix_shards(src, tmp_path / "dst", key=secret[0], executor=elsewhere(address))
    assert not (tmp_path / "dst").exists()


def test_the_key_of_a_folder_does_not_travel_at_all(secret, elsewhere, tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="KeyFile"):
        mix_folder(
            tmp_path / "images",
            tmp_path / "dst",
            key=secret[0],
            executor=elsewhere("tls://10.0.0.7:8786"),
        )
