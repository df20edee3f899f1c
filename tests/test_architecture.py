"""The floors of the house: imports run one way, and importing costs nothing."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Which parts of the project each floor may import from; see the picture in CONTRIBUTING.md. The
# door, blockmix/__main__.py, opens to all.
MAY_IMPORT = {
    "kernels": ["blockmix.kernels"],
    "blockmix": ["blockmix"],
    "bench": ["blockmix"],
}
NOT_FROM = {"kernels": [], "blockmix": ["blockmix.bench"], "bench": []}


def imported_modules(path, package):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{package}.{node.module or ''}" if node.level else node.module


def imported_names(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("floor", MAY_IMPORT)
def test_imports_run_one_way(floor):
    package = "blockmix" if floor == "blockmix" else f"blockmix.{floor}"
    files = list((ROOT / floor).rglob("*.py"))
    assert files
    for path in files:
        for module in imported_modules(path, package):
            if module.split(".")[0] in ("blockmix", "kernels", "bench", "tests"):
                allowed = any(module.startswith(part) for part in MAY_IMPORT[floor])
                refused = any(module.startswith(part) for part in NOT_FROM[floor])
                assert allowed, f"{path} imports {module}"
                assert not refused or path.name == "__main__.py", f"{path} imports {module}"


def test_bench_uses_of_the_kernels_only_the_reference():
    for path in (ROOT / "bench").rglob("*.py"):
        for module in imported_modules(path, "blockmix.bench"):
            assert not module.startswith("blockmix.kernels") or module.endswith(
                ("kernels", "reference")
            ), f"{path} imports {module}"


def test_the_reference_shares_no_code_with_the_kernels():
    modules = set(imported_modules(ROOT / "kernels" / "reference.py", "blockmix.kernels"))
    assert modules == {"fractions", "numpy"}


def test_one_file_imports_numba_cuda():
    """So that its successor can be swapped in there."""
    importers = {
        path.name
        for floor in MAY_IMPORT
        for path in (ROOT / floor).rglob("*.py")
        if re.search(
            r"^\s*(from numba import .*\bcuda\b|.*import numba\.cuda)", path.read_text(), re.M
        )
    }
    assert importers == {"cuda.py"}


def test_one_file_of_the_library_imports_numba():
    """So that one error says why it cannot be imported, whatever is imported first."""
    importers = {
        path.name
        for path in (ROOT / "blockmix").rglob("*.py")
        for module in imported_names(path)
        if module.split(".")[0] == "numba" or module == "blockmix.kernels.rule"
    }
    assert importers == {"compiler.py"}


def test_one_file_of_the_library_knows_other_array_libraries():
    """Beside the one that is made for one of them."""
    for path in (ROOT / "blockmix").rglob("*.py"):
        named = re.findall(
            r"modules(?:\.get\(|\[)\"(\w+)\"|^\s*import (torch|cupy)", path.read_text(), re.M
        )
        assert not named or path.name in ("arrays.py", "torch.py"), path


def loaded_by(statement):
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_blockmix_loads_nothing_heavy():
    heavy = {"numba", "numpy", "PIL", "torch", "cupy", "matplotlib", "pandas", "skimage"}
    assert not heavy & loaded_by("import blockmix")
    assert not heavy & loaded_by("import blockmix.cli")
    assert not heavy & loaded_by("import blockmix.__main__")


def test_using_blockmix_loads_no_other_array_library():
    statement = "from blockmix import *; mix_folder"
    assert not {"torch", "cupy", "matplotlib", "pandas", "skimage"} & loaded_by(statement)


def test_importing_compiles_nothing():
    statement = (
        "from blockmix import *; from blockmix.kernels import draw_cpu, gather_cpu, rule, chacha; "
        "kernels = [value for module in (draw_cpu, gather_cpu, rule, chacha) "
        "for value in vars(module).values() if hasattr(value, 'signatures')]; "
        "assert len(kernels) > 8 and not any(kernel.signatures for kernel in kernels)"
    )
    loaded_by(statement)
