"""Pixel block mixing: train on a labelled image set without showing the people in it.

Every image is cut into a grid, and each block is replaced, with some probability, by the block at
the same position in another random image of the same label. See `mix` for arrays, `mix_file` for
arrays larger than the memory, `mix_folder` for folders of images, and `mix_shards` for sets in
shards, on one machine or on many.

The public names load on first use, so that importing blockmix costs nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blockmix.datasets.mix_file import mix_file
    from blockmix.datasets.mix_folder import mix_folder
    from blockmix.datasets.mix_shards import mix_shards
    from blockmix.datasets.shards.shard_summary import ShardSummary
    from blockmix.datasets.summary import FolderSummary
    from blockmix.errors import BlockmixError, InputError, InputTypeError, WorkError
    from blockmix.grid import BlockGrid
    from blockmix.key import Key
    from blockmix.key_file import KeyFile
    from blockmix.mixer import BlockMixer, mix
    from blockmix.resampling import resize
    from blockmix.source_map import SourceMap

__version__ = "0.1.0"

__all__ = [
    "BlockGrid",
    "BlockMixer",
    "BlockmixError",
    "FolderSummary",
    "InputError",
    "InputTypeError",
    "Key",
    "KeyFile",
    "ShardSummary",
    "SourceMap",
    "WorkError",
    "mix",
    "mix_file",
    "mix_folder",
    "mix_shards",
    "resize",
]

_MODULES = {
    "BlockGrid": "blockmix.grid",
    "BlockMixer": "blockmix.mixer",
    "BlockmixError": "blockmix.errors",
    "FolderSummary": "blockmix.datasets.summary",
    "InputError": "blockmix.errors",
    "InputTypeError": "blockmix.errors",
    "Key": "blockmix.key",
    "KeyFile": "blockmix.key_file",
    "ShardSummary": "blockmix.datasets.shards.shard_summary",
    "SourceMap": "blockmix.source_map",
    "WorkError": "blockmix.errors",
    "mix": "blockmix.mixer",
    "mix_file": "blockmix.datasets.mix_file",
    "mix_folder": "blockmix.datasets.mix_folder",
    "mix_shards": "blockmix.datasets.mix_shards",
    "resize": "blockmix.resampling",
}


# An installation has kernels/ and bench/ inside this folder, a checkout has them beside it. Python
# that is started in a checkout imports all three from there, and none from an installation.
_PACKAGE = __path__[0]
_CHECKOUT = os.path.dirname(_PACKAGE)
if not os.path.isdir(os.path.join(_PACKAGE, "kernels")) and os.path.isfile(
    os.path.join(_CHECKOUT, "kernels", "rule.py")
):
    __path__.append(_CHECKOUT)
    import_module("blockmix.kernels")
    import_module("blockmix.bench")
    __path__.remove(_CHECKOUT)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'blockmix' has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
