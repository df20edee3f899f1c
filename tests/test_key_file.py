"""A reference to a key file: what it reads, what it reveals, when it refuses."""

import os
import pickle
import warnings

import pytest
from builders import SECRET

from blockmix import InputError, InputTypeError, Key, KeyFile


@pytest.fixture
def path(tmp_path, key):
    key.save(tmp_path / "my.key")
    return tmp_path / "my.key"


def test_it_reads_its_key(path, key):
    assert KeyFile(path).read() == key
    assert KeyFile(str(path)).read() == key


def test_it_travels_without_the_key(path, key):
    pickled = pickle.dumps(KeyFile(path))
    text = path.read_text().strip()
    for secret in (SECRET, key.words().tobytes(), SECRET.hex().encode(), text.encode()):
        assert secret not in pickled
    assert len(pickled) < 300 + len(str(path))
    copied = pickle.loads(pickled)  # noqa: S301
    assert copied == KeyFile(path)
    assert hash(copied) == hash(KeyFile(path))
    assert copied.read() == key


def test_it_is_found_from_another_folder(path, key, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reference = KeyFile("my.key")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert reference.read() == key


def test_its_representation_shows_the_name_alone(path):
    assert repr(KeyFile(path)) == "KeyFile('my.key')"


def test_another_key_in_the_file_is_refused(path):
    reference = KeyFile(path)
    os.remove(path)
    Key(bytes(32)).save(path)
    with pytest.raises(InputError, match="another key on this machine: every worker needs the sam"):
        reference.read()
    assert reference != KeyFile(path)


def test_a_file_that_is_missing_or_no_key_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no\.key"):
        KeyFile(tmp_path / "no.key")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InputError, match="text"):
        KeyFile(tmp_path / "text")


@pytest.mark.parametrize("path", [None, 5, b"my.key"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(InputTypeError, match="path is that of a key file"):
        KeyFile(path)


def test_a_file_that_others_can_read_is_said_once(path):
    path.chmod(0o644)
    with pytest.warns(UserWarning, match=r"my\.key"):
        reference = KeyFile(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reference.read()
