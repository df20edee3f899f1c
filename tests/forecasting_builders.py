"""Drawn classes, which the tests of forecasts compare with."""

from blockmix import BlockMixer, Key


def drawn_class(size, sources, rounds, probability, blocks, seed, groups=None):
    """Sources of the blocks of one class, drawn by a key from a seed: (images, blocks)."""
    mixer = BlockMixer(
        block=1, sources=sources, rounds=rounds, probability=probability, key=Key.from_seed(seed)
    )
    return mixer.plan([0] * size, 1, blocks, groups=groups).sources.reshape(size, blocks)
