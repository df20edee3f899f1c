"""The system that blockmix runs on, for bug reports and for choosing a machine."""

from __future__ import annotations

import platform

from blockmix import __version__
from blockmix.backends.driver import devices
from blockmix.compiler import numba, rule
from blockmix.kernels.cache import cache_folder
from blockmix.mixer import BlockMixer, compile_kernels
from blockmix.support.versions import version

_LIBRARIES = ("numba", "numpy", "pillow", "simplejpeg", "tbb", "torch", "numba-cuda")


def report() -> str:
    """Versions, backends, threads and threading layer, one per line."""
    compile_kernels(BlockMixer())  # and start the threads
    lines = {
        "blockmix": f"{__version__} (rule of the draw: version {rule.VERSION})",
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        **{name: version(name) for name in _LIBRARIES},
        "backends": ", ".join(["cpu", *(f"cuda:{i} ({gpu})" for i, gpu in enumerate(devices()))]),
        "threads": str(numba.get_num_threads()),
        "kept kernels": str(cache_folder() or "none, so every process compiles them"),
        "threading layer": numba.threading_layer(),  # type: ignore[attr-defined]
    }
    width = max(map(len, lines))
    return "\n".join(f"{name:{width}}  {value}" for name, value in lines.items())
