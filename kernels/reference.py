"""The independent oracle: the rules of the draw and the gather in plain Python, slow and obvious.

Shares no code with the kernels. Every backend is compared with it, bit for bit.
"""

from fractions import Fraction

import numpy as np


def chacha20_words(key: bytes, nonce: tuple[int, int, int], counter: int) -> list[int]:
    """The 16 words of one ChaCha20 block (RFC 8439, section 2.3)."""
    words = [int.from_bytes(part, "little") for part in (b"expa", b"nd 3", b"2-by", b"te k")]
    words += [int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)]
    words += [counter, *nonce]
    state = list(words)

    def quarter(a: int, b: int, c: int, d: int) -> None:
        for total, addend, word, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[total] = (state[total] + state[addend]) % 2**32
            mixed = state[word] ^ state[total]
            state[word] = (mixed << bits) % 2**32 + (mixed >> (32 - bits))

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return [(x + y) % 2**32 for x, y in zip(state, words, strict=True)]


def stream(key: bytes, purpose: int, round_: int, image_id: int, count: int) -> list[int]:
    """The first ``count`` words of an image's stream; purpose 0 is its pool, purpose 1 its dice."""
    nonce = (purpose * 2**24 + round_, image_id % 2**32, image_id // 2**32)
    words: list[int] = []
    while len(words) < count:
        words += chacha20_words(key, nonce, len(words) // 16)
    return words[:count]


def pool(key: bytes, round_: int, image_id: int, candidates: list, sources: int) -> list:
    """``sources`` of ``candidates`` without replacement (Floyd's algorithm)."""
    words = stream(key, 0, round_, image_id, 2 * sources)
    chosen: list[int] = []
    for m in range(sources):
        last = len(candidates) - sources + m
        pick = (words[2 * m] * 2**32 + words[2 * m + 1]) * (last + 1) // 2**64
        chosen.append(last if pick in chosen else pick)
    return [candidates[index] for index in chosen]


def faces_shown(
    key: bytes, round_: int, image_id: int, blocks: int, sources: int, probability: float
) -> list[int]:
    """The face that the die of each block shows; a die has ``sources / probability`` faces.

    The number of faces is rounded to 32 significant bits, ties to even.
    """
    faces = Fraction(sources) / max(Fraction(probability), Fraction(1, 2**32))
    scale = Fraction(1)
    while faces * scale >= 2**32:
        scale /= 2
    while faces * scale < 2**31:
        scale *= 2
    faces = round(faces * scale) / scale
    return [word * faces // 2**32 for word in stream(key, 1, round_, image_id, blocks)]


def source_map(
    key: bytes,
    labels,
    blocks: int,
    *,
    sources: int,
    rounds: int,
    probability,
    ids=None,
    groups=None,
) -> np.ndarray:
    """The map of all rounds, (N, blocks): block b of image i comes from image ``[i, b]``.

    The pool of an image is drawn from the images of its label that belong to other groups, sorted
    by the lowest id of each group and then by id. With fewer than ``sources`` of them it has them
    all. Probability is a number, or "balanced": a die with one face more than the pool has members.
    """
    labels = list(labels)
    groups = list(range(len(labels))) if groups is None else list(groups)
    ids = list(range(len(labels))) if ids is None else [int(i) for i in ids]
    image_map = [[i] * blocks for i in range(len(labels))]
    for round_ in range(rounds if probability else 0):
        previous_map, image_map = image_map, []
        for i, label in enumerate(labels):
            members_of: dict = {}
            for j in sorted(range(len(labels)), key=lambda j: ids[j]):
                if labels[j] == label and groups[j] != groups[i]:
                    members_of.setdefault(groups[j], []).append(j)
            # By id within a group, and groups as they come: by their lowest ids.
            candidates = [j for members in members_of.values() for j in members]
            pool_size = min(sources, len(candidates))
            members = pool(key, round_, ids[i], candidates, pool_size)
            balanced = Fraction(pool_size, pool_size + 1)
            chance = balanced if probability == "balanced" else probability
            faces = faces_shown(key, round_, ids[i], blocks, pool_size, chance)
            # Eq. 5: the block of a source replaces the block of the image, or the block stays.
            drawn = [members[face] if face < pool_size else i for face in faces]
            image_map.append([previous_map[s][b] for b, s in enumerate(drawn)])
    return np.array(image_map, np.int32).reshape(len(labels), blocks)


def apply(images: np.ndarray, image_map, row_edges, col_edges, layout: str = "NHWC") -> np.ndarray:
    """The gather, block by block, with NumPy slices."""
    mixed = images.copy()
    planes = () if images.ndim == 3 or layout == "NHWC" else (slice(None),)
    for i, image_sources in enumerate(image_map):
        for r, row_sources in enumerate(image_sources):
            for c, source in enumerate(row_sources):
                block = (
                    *planes,
                    slice(row_edges[r], row_edges[r + 1]),
                    slice(col_edges[c], col_edges[c + 1]),
                )
                mixed[(i, *block)] = images[(source, *block)]  # Eq. 5
    return mixed
