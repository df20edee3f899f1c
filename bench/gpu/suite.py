"""The tests in ``tests/gpu``, run by ``python -m blockmix.bench.gpu.suite OUTCOMES.json``.

They run in a process of their own, as a test may end it, or leave the GPU unusable in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from blockmix.bench.common.checkout import ROOT


def run_tests() -> dict[str, Any]:
    """Run the tests; returns the exit code, the number that passed, and the names of the rest."""
    with TemporaryDirectory() as folder:
        outcomes = Path(folder) / "outcomes.json"
        command = [sys.executable, "-m", "blockmix.bench.gpu.suite", str(outcomes)]
        process = subprocess.run(command, check=False, cwd=ROOT)  # noqa: S603
        if outcomes.exists():
            return dict(json.loads(outcomes.read_text()))
        return {"exit code": process.returncode, "passed": 0, "failed": ["the process ended"]}


class Outcomes:
    """A plugin of pytest that collects the names of tests by their outcome."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.names.setdefault(report.outcome, []).append(report.nodeid)


def main() -> int:
    """Run the tests in this process, and write their outcomes."""
    import pytest

    outcomes, folder = Outcomes(), str(ROOT / "tests/gpu")
    code = pytest.main(
        ["-v", "-W", "default", "-p", "no:cacheprovider", f"--confcutdir={folder}", folder],
        [outcomes],
    )
    passed = len(outcomes.names.pop("passed", []))
    result = {"exit code": int(code), "passed": passed, **outcomes.names}
    Path(sys.argv[1]).write_text(json.dumps(result))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
