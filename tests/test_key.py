"""Keys: where they come from, and that they do not leak."""

import copy
import os
import pickle
import traceback
from multiprocessing import get_context

import pytest

from blockmix import InputError, InputTypeError, Key, WorkError

SECRET = bytes(range(200, 232))


def test_generated_keys_differ():
    assert Key.generate() != Key.generate()


def test_equality_and_hash_follow_the_secret():
    assert Key(SECRET) == Key(SECRET)
    assert hash(Key(SECRET)) == hash(Key(SECRET))
    assert Key(SECRET) != Key(SECRET[::-1])
    assert Key(SECRET) != SECRET


def test_keys_survive_copies():
    for original in (Key(SECRET), Key.from_seed(1)):
        for copied in (copy.copy(original), copy.deepcopy(original)):
            assert copied == original
            assert copied.is_private == original.is_private


def test_a_private_key_is_not_pickled():
    with pytest.raises(InputError, match="KeyFile") as caught:
        pickle.dumps({"key": Key(SECRET)})
    assert SECRET.hex() not in str(caught.value)


def test_a_key_from_a_seed_is_pickled():
    seeded = Key.from_seed(1)
    copied = pickle.loads(pickle.dumps(seeded))  # noqa: S301
    assert copied == seeded
    assert not copied.is_private


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_key_goes_to_a_process_that_is_started_with_it(method):
    context = get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=send_digest, args=(Key(SECRET), sender))
    process.start()
    assert receiver.recv() == Key(SECRET).digest("test", b"")
    process.join()


def send_digest(key, sender):
    sender.send(key.digest("test", b""))


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda key: f"{[key]}"])
def test_no_representation_shows_the_secret(show):
    text = show(Key(SECRET))
    assert text.strip("[]") == "Key(<secret>)"


@pytest.mark.parametrize("secret", [b"short", SECRET + b"x", SECRET.hex(), 7, None])
def test_a_bad_secret_is_refused_without_being_shown(secret):
    with pytest.raises(InputError, match="32 bytes") as caught:
        Key(secret)
    message = "".join(traceback.format_exception(caught.value)[-1:])
    assert str(secret) not in message or secret in (7, None)


def test_seeds():
    assert Key.from_seed(3) == Key.from_seed(3)
    assert Key.from_seed(3) != Key.from_seed(-3)
    assert not Key.from_seed(3).is_private
    assert "not private" in repr(Key.from_seed(3))


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, 10**5000], ids=["+", "-", "digits"])
def test_a_seed_has_64_bits(seed):
    with pytest.raises(InputError, match="seed is from"):
        Key.from_seed(seed)


def test_a_number_of_many_digits_is_not_shown():
    with pytest.raises(InputError, match="to 18446744073709551615, got a number too large to show"):
        Key.from_seed(10**5000)


@pytest.mark.parametrize("seed", [1.0, "1", None, True])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(InputTypeError, match="seed is a whole number"):
        Key.from_seed(seed)


def test_file_and_back(tmp_path):
    path = tmp_path / "my.key"
    Key(SECRET).save(path)
    assert Key.from_file(path) == Key(SECRET)
    assert Key.from_file(path).is_private
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_file_is_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        Key(SECRET).save(tmp_path / "my.key")
    finally:
        os.umask(before)
    assert (tmp_path / "my.key").stat().st_mode & 0o777 == 0o600


def test_save_never_overwrites(tmp_path):
    path = tmp_path / "my.key"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists, and a key is never overwritten"):
        Key(SECRET).save(path)
    assert path.read_text() == "precious"


def test_a_seeded_key_is_not_saved(tmp_path):
    with pytest.raises(InputError, match="not private"):
        Key.from_seed(1).save(tmp_path / "my.key")
    assert not (tmp_path / "my.key").exists()


def test_save_where_nothing_can_be_written(tmp_path):
    with pytest.raises(WorkError, match="cannot write the key file"):
        Key(SECRET).save(tmp_path / "missing" / "my.key")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_save_on_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "my.key"
    real_open = os.open

    def open_full(name, flags, mode=0o777):
        real_open(name, flags, mode)
        return real_open("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(os, "open", open_full)
    with pytest.raises(WorkError, match="No space left"):
        Key(SECRET).save(path)
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"zz" * 32, SECRET.hex()[:-1].encode(), SECRET.hex().encode() + b"\n\n", SECRET],
)
def test_other_files_are_not_keys_and_are_not_shown(tmp_path, content):
    path = tmp_path / "my.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InputError, match="is not a key file") as caught:
        Key.from_file(path)
    assert content[:8].decode("latin1") not in str(caught.value) or not content


def test_a_missing_file():
    with pytest.raises(InputError, match="cannot read the key file nowhere"):
        Key.from_file("nowhere.key")


def test_a_path_that_no_file_can_have():
    with pytest.raises(InputError, match="cannot read the key file"):
        Key.from_file("a\0b")


def test_a_file_that_others_can_read_is_warned_of(tmp_path):
    path = tmp_path / "my.key"
    Key(SECRET).save(path)
    path.chmod(0o644)
    with pytest.warns(UserWarning, match="others can read the key file"):
        Key.from_file(path)


def test_digests_depend_on_key_purpose_and_message():
    digests = {
        Key(secret).digest(purpose, message)
        for secret in (SECRET, SECRET[::-1])
        for purpose in ("cohort", "run")
        for message in (b"", b"0")
    }
    assert len(digests) == 8


def test_derived_keys_depend_on_key_purpose_and_message():
    key = Key(SECRET)
    derived = {key.derive(purpose, message) for purpose in ("a", "b") for message in (b"", b"1")}
    assert len(derived | {key, Key.from_seed(0).derive("a", b"")}) == 6
    assert key.derive("a", b"1") == Key(SECRET).derive("a", b"1")
    assert key.derive("a", b"").is_private
    assert not Key.from_seed(0).derive("a", b"").is_private
