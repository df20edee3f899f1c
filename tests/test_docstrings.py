"""Every example in a docstring is run, and every public name has one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import blockmix

MODULES = ["blockmix"] + [
    module.name
    for module in pkgutil.walk_packages(blockmix.__path__, "blockmix.")
    if not module.name.startswith("blockmix.bench")
]
FLAGS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch, request):
    if name == "blockmix.torch":
        request.getfixturevalue("torch")
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0


def public_members(owner):
    for name, member in inspect.getmembers(owner):
        if not name.startswith("_") and (inspect.isfunction(member) or inspect.ismethod(member)):
            yield member


@pytest.mark.parametrize(
    "name", [name for name in blockmix.__all__ if not name.endswith(("Error", "Summary"))]
)
def test_public_names_have_an_example(name):
    value = getattr(blockmix, name)
    assert ">>> " in value.__doc__, name
    for member in public_members(value):
        if member.__name__ not in ("words", "digest", "adopt", "move"):  # for the floors below
            assert ">>> " in member.__doc__, f"{name}.{member.__name__}"
