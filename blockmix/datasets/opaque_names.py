"""The names of mixed images that show nothing of their originals."""

from __future__ import annotations

from blockmix.key import Key


def opaque_name(key: Key, id: int) -> str:
    """Return the name, without suffix, of the image that is mixed from an original.

    It is a digest of the original's position in the sorted list of its source, the same for the
    same key: who has the key can compute it, and nobody else can tell it from a random name.
    """
    return key.digest("image name", id.to_bytes(8, "little")).hex()
