"""Random image sets and ways to mix them, with the mixed images of the reference."""

from typing import Any, NamedTuple

import numpy as np
from builders import SECRET, random_images
from hypothesis import strategies as st

from blockmix import BlockGrid, Key
from blockmix.kernels import reference


class RandomMix(NamedTuple):
    """The arguments of `blockmix.mix`, and its result."""

    images: np.ndarray
    labels: list[int]
    parameters: dict[str, Any]
    expected: np.ndarray


@st.composite
def _groups(draw, labels):
    """Groups such that every image has one of its label and of another group."""
    groups = draw(st.lists(st.integers(0, 3), min_size=len(labels), max_size=len(labels)))
    for label in set(labels):
        groups[labels.index(label)] = 4  # alone
    return groups


@st.composite
def random_mixes(draw, *, label_size=7, height=6, width=9):
    """Small classes, groups, ids, pools of all other images, rounds, layouts, sizes of pixels.

    Parameters
    ----------
    label_size, height, width : int
        The largest, of a label and of an image.
    """
    sizes = draw(st.lists(st.integers(2, label_size), min_size=1, max_size=3))
    labels = draw(st.permutations([c for c, size in enumerate(sizes) for _ in range(size)]))
    count, height, width = len(labels), draw(st.integers(1, height)), draw(st.integers(1, width))
    layout, channels = draw(st.sampled_from(["NHWC", "NCHW"])), draw(st.sampled_from([1, 3, 4]))
    shape = (height, width, channels) if layout == "NHWC" else (channels, height, width)
    dtype = draw(st.sampled_from([np.uint8, np.uint16, np.int64]))
    images = random_images(count, *shape, dtype=dtype)
    block = draw(st.integers(1, height)), draw(st.integers(1, width))
    drawn_by = {
        "sources": draw(st.integers(1, 9)),
        "rounds": draw(st.integers(1, 3)),
        "probability": draw(st.sampled_from([0, 0.1, 0.5, 1, "balanced"]) | st.floats(0, 1)),
        "ids": draw(
            st.none()
            | st.lists(st.integers(0, 2**64 - 1), min_size=count, max_size=count, unique=True)
        ),
        "groups": draw(st.none() | _groups(labels)),
    }
    grid = BlockGrid.even(height, width, block)
    source_map = reference.source_map(SECRET, labels, grid.rows * grid.cols, **drawn_by)
    expected = reference.apply(
        images, source_map.reshape(-1, grid.rows, grid.cols), grid.row_edges, grid.col_edges, layout
    )
    parameters = drawn_by | {
        "block": block,
        "layout": layout,
        "key": Key(SECRET),
        "small_classes": "clamp",
    }
    return RandomMix(images, labels, parameters, expected)
