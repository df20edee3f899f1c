"""Names of mixed images that reveal nothing of their originals, and a check of the originals."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from blockmix.datasets.interfaces import Sample
from blockmix.key import Key


def opaque_name(key: Key, id: int) -> str:
    """Return the name, without suffix, of the image that is mixed from an original.

    It is a digest of the original's position in the sorted list of its source, the same for the
    same key: who has the key can compute it, and nobody else can tell it from a random name.
    """
    return key.digest("image name", id.to_bytes(8, "little")).hex()


def originals_digest(key: Key, samples: Iterable[Sample]) -> str:
    """Return a keyed digest of the labels and names of all originals, in the order of ids.

    With the key it shows whether originals are those of a run. Without it, it shows nothing.
    """
    names = [[os.fsencode(part).hex() for part in (s.label, s.name)] for s in samples]
    return key.digest("originals", json.dumps(names).encode()).hex()
