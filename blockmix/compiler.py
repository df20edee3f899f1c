"""numba, which compiles the loops of `kernels`, or an error that says why it is not available."""

from __future__ import annotations

from blockmix.errors import InputError

try:
    import numba

    from blockmix.kernels import rule
    from blockmix.kernels.threads import threads_limited
except Exception as error:  # numba is missing, broken, or refuses one of its settings
    way_out = (
        "correct or unset the environment variables that begin with NUMBA_, or install it anew by "
        "pip install --force-reinstall numba"
    )
    if isinstance(error, ModuleNotFoundError) and error.name == "numba":
        way_out = "pip install numba"
    raise InputError(
        "blockmix's loops are compiled by numba, which cannot be imported "
        f"({type(error).__name__}: {error}): {way_out}"
    ) from error

__all__ = ["numba", "rule", "threads_limited"]
