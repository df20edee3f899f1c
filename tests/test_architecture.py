"""The floors of the house: imports run one way, and importing costs nothing."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The house, top down. A module may import what stands on lower floors, and within its own room what
# does not lead back to it: at the top of the file, inside functions and for types alike. The face,
# blockmix/__init__.py, names what users take from all of them.
FLOORS = [
    {"blockmix.__main__"},
    {"blockmix.commands"},
    {"blockmix.bench.suites"},
    {
        *("blockmix.bench.curves", "blockmix.bench.gpu"),
        *("blockmix.bench.privacy", "blockmix.bench.scale", "blockmix.bench.utility"),
    },
    {"blockmix.bench.speed"},
    {"blockmix.bench", "blockmix.bench.common"},
    {"blockmix.privacy"},  # its public names
    {"blockmix.privacy.report"},
    {"blockmix.privacy.attacks"},
    {"blockmix.privacy.measures"},
    {"blockmix.privacy.sets"},
    {
        *("blockmix.datasets.mix_folder", "blockmix.datasets.mix_file"),
        *("blockmix.datasets.mix_shards", "blockmix.torch"),
    },
    {"blockmix.datasets.run"},
    {
        *("blockmix.datasets.folder", "blockmix.datasets.shards"),
        "blockmix.datasets.array_tasks",
    },
    {"blockmix.datasets.engines"},
    {"blockmix.datasets"},
    {"blockmix.forecasting"},
    {"blockmix.mixer", "blockmix.resampling"},
    {"blockmix.source_map"},
    {"blockmix.backends"},
    {"blockmix.key_file"},
    {"blockmix.grid", "blockmix.key", "blockmix.labels", "blockmix.probability"},
    {"blockmix.arrays", "blockmix.compiler"},
    {"blockmix.support"},
    {"blockmix", "blockmix.errors"},
    {"blockmix.kernels"},
]
FOLDERS = {"blockmix": "blockmix", "blockmix.kernels": "kernels", "blockmix.bench": "bench"}


def imported_modules(path, package):
    """The modules that a file imports, anywhere in it; a name from a package may be a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module or ''}".rstrip(".") if node.level else node.module
            yield from (f"{module}.{alias.name}" for alias in node.names)
            yield module


def modules():
    """Every module of the project by name, with its file."""
    named = {}
    for package, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            named[".".join([package, *parts]).removesuffix(".__init__")] = path
    return named


def floor_and_room(module):
    """The number of a module's floor, from the top, and its part of the table."""
    rooms = [(len(room), number, room) for number, floor in enumerate(FLOORS) for room in floor]
    _, number, room = max(
        entry for entry in rooms if module == entry[2] or module.startswith(f"{entry[2]}.")
    )
    return number, room


@pytest.fixture(scope="module")
def arrows():
    """The modules of the project that each module imports."""
    paths = modules()
    return {
        module: {
            name
            for name in imported_modules(path, module.rpartition(".")[0])
            if name in paths and name != module
        }
        for module, path in paths.items()
        if module != "blockmix"
    }


def test_imports_run_one_way(arrows):
    for module, imported in arrows.items():
        floor, room = floor_and_room(module)
        for name in imported:
            imported_floor, imported_room = floor_and_room(name)
            assert imported_floor > floor or imported_room == room, (
                f"{module} imports {name}, which is not below"
            )


def test_every_module_has_a_floor_of_its_own(arrows):
    """Otherwise it would count as part of the package around it, on a low floor."""
    for room in ("blockmix", "blockmix.bench"):
        assert {module for module in arrows if floor_and_room(module)[1] == room} <= {room}


def test_no_imports_lead_back(arrows):
    waiting = {module: {*imported} for module, imported in arrows.items()}
    while waiting:
        lowest = {module for module, imported in waiting.items() if not imported & waiting.keys()}
        assert lowest, f"a circle within {sorted(waiting)}"
        waiting = {module: imported for module, imported in waiting.items() if module not in lowest}


def test_the_picture_of_the_floors_shows_every_module():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    picture = page[page.index("## The floors") : page.index("## Where is")]
    shown = set(re.findall(r"\w+", picture))
    for module in modules():
        assert {*module.split(".")} <= shown, module


@pytest.mark.parametrize(
    "folder",
    [
        *("bench/common", "bench/curves", "bench/gpu", "bench/privacy", "bench/scale"),
        *("bench/speed", "bench/utility"),
        "blockmix/privacy/attacks",
    ],
)
def test_lists_of_modules_are_whole(folder):
    named = re.findall(r"^``(\w+)``", (ROOT / folder / "__init__.py").read_text(), re.MULTILINE)
    assert sorted([*named, "__init__"]) == sorted(
        path.stem for path in (ROOT / folder).glob("*.py")
    )


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


def test_files_that_are_named_exist():
    paths = {
        path
        for page in PAGES
        for path in re.findall(
            r"`((?:(?:blockmix|kernels|bench|tests|docs)/[\w/.-]*)|\w+\.py)`", page.read_text()
        )
    }
    assert len(paths) > 25
    for path in paths:
        assert (ROOT / path).exists() or (ROOT / "kernels" / path).exists(), path


def test_functions_that_are_named_are_in_their_files():
    named = {
        pair
        for page in PAGES
        for pair in re.findall(r"`(\w+)`\s+in\s+`([\w/]+\.py)`", page.read_text())
    }
    assert len(named) > 12
    for name, path in named:
        pattern = rf"^(def|class) {name}\b|^{name} ="
        assert re.search(pattern, (ROOT / path).read_text(), re.MULTILINE), f"{name} in {path}"


def test_bench_uses_of_the_kernels_only_the_reference():
    for path in (ROOT / "bench").rglob("*.py"):
        for module in imported_modules(path, "blockmix.bench"):
            assert not module.startswith("blockmix.kernels") or module.endswith(
                ("kernels", "reference")
            ), f"{path} imports {module}"


def test_the_reference_shares_no_code_with_the_kernels():
    imported = imported_modules(ROOT / "kernels" / "reference.py", "blockmix.kernels")
    assert {module.partition(".")[0] for module in imported} == {"fractions", "numpy"}


def test_one_file_imports_numba_cuda():
    """So that its successor can be swapped in there."""
    importers = {
        path.name
        for floor in FOLDERS.values()
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
        for module in imported_modules(path, "blockmix")
        if module.split(".")[0] == "numba" or module == "blockmix.kernels.rule"
    }
    assert importers == {"compiler.py"}


def test_one_file_of_the_library_knows_other_array_libraries():
    """Except the module for torch."""
    for path in (ROOT / "blockmix").rglob("*.py"):
        named = re.findall(
            r"modules(?:\.get\(|\[)\"(\w+)\"|^\s*import (torch|cupy)", path.read_text(), re.M
        )
        assert not named or path.name in ("containers.py", "torch.py"), path


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
    assert not heavy & loaded_by("import blockmix.commands.app")
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
