"""Standard streams that may be closed or full, or whose encoding may lack characters."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_NAMES = ("stdin", "stdout", "stderr")  # by file descriptor


def prepare() -> None:
    """Make every standard stream usable, before anything else is opened or written.

    A stream that was closed (``2>&-``, some schedulers) is opened on the null device: otherwise the
    next file that is opened would get its number, and the text that libraries print. Characters
    that an encoding lacks, such as those of file names that are not text, are escaped.
    """
    for number, name in enumerate(_NAMES):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def printing_results() -> Iterator[None]:
    """Print about finished work, which has not failed if the output cannot be written."""
    try:
        yield
    except OSError:  # a full disk, or a pipe without a reader
        pass
    finally:
        settle()


def settle() -> None:
    """Flush standard output; if that fails, point it at the null device.

    Python flushes it again at exit, and would fail.
    """
    try:
        sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
