"""Reports of progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Progress = Callable[[str, int, int], None]  # stage, done, total


def no_progress(stage: str, done: int, total: int) -> None:
    """Ignore progress reports."""


@contextmanager
def progress_bars(*, shown: bool) -> Iterator[Progress]:
    """A bar for each stage if they are ``shown``, else nothing."""
    if not shown:
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, TaskID, TimeRemainingColumn
    from rich.progress import Progress as ProgressBars

    bars = ProgressBars(
        *ProgressBars.get_default_columns()[:2],
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def show(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done)

    # The work goes on if the terminal has been closed.
    with suppress(OSError):
        bars.start()
    try:
        yield show
    finally:
        with suppress(OSError):
            bars.stop()
