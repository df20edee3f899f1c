"""The errors of blockmix. Each message gives the rule, the value and the way out."""


class BlockmixError(Exception):
    """Base of every error that blockmix raises on purpose."""


class InputError(BlockmixError, ValueError):
    """An argument breaks a rule. Nothing has been allocated, read or written."""


class InputTypeError(InputError, TypeError):
    """An argument is of a kind that blockmix does not take."""


class WorkError(BlockmixError, RuntimeError):
    """The arguments were right, but the work failed: a bad image, a full disk."""
