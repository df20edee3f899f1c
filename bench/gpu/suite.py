"""The tests in ``tests/gpu``, run by ``python -m blockmix.bench.gpu.suite OUTCOMES.json``.

They have a process of their own, which a test may end, or in which it may leave a GPU unusable.
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
    """Run the tests; gives their exit code, how many passed, and the names of all others."""
    with TemporaryDirectory() as folder:
        outcomes = Path(folder) / "outcomes.json"
        command = [sys.executable, "-m", "blockmix.bench.gpu.suite", str(outcomes)]
        done = subprocess.run(command, check=False, cwd=ROOT)  # noqa: S603
        if outcomes.exists():
            return dict(json.loads(outcomes.read_text()))
        return {"exit code": done.returncode, "passed": 0, "failed": ["the process ended"]}


class Outcomes:
    """A plugin of pytest that keeps the names of tests by their outcome."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.names.setdefault(report.outcome, []).append(report.nodeid)


def main() -> int:
    """Run the tests in this process, and write how they ended."""
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
