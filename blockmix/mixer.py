"""Mixing in memory: `mix`, and `BlockMixer` to mix more than once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import LAYOUTS, new_out, open_images, open_out
from blockmix.arrays.containers import location_of, untraced
from blockmix.backends.base import Backend, DrawRequest
from blockmix.backends.dispatch import choose
from blockmix.compiler import rule
from blockmix.errors import InputTypeError
from blockmix.grid import Block, BlockGrid, block_size, resolve_grid
from blockmix.key import Key
from blockmix.labels import SMALL_CLASSES, Partition, partition
from blockmix.probability import Probability, check_probability, for_pool
from blockmix.source_map import SourceMap
from blockmix.support.arguments import one_of, whole_number


@dataclass(frozen=True, init=False)
class BlockMixer:
    """A pixel block mixing with its parameters and its key. Immutable.

    Parameters
    ----------
    block : (int, int), int or BlockGrid
        Height and width of a block in pixels (the paper's L_b and W_b), one number for both, or
        a grid.
    sources : int
        How many other images of the same label are picked for one image in one round (N_s), 1 to
        255. With ``groups``, images of other groups.
    rounds : int
        How often the whole set is mixed (N_t). Rounds cost a draw each, but pixels move once.
    probability : float or "balanced"
        Chance that a block is replaced in one round (P_D), 0 to 1; see `quantised_probability`.
        ``"balanced"`` is sources / (sources + 1), at which an image and each of its sources are
        equally likely to give a block; in a class that has fewer sources, with that number.
    key : Key, optional
        Every choice follows from it. If not given, a fresh key that ends with the mixer.
    layout : {"NHWC", "NCHW"}
        Whether channels are the last or the first axis of images that have channels. Where they
        lie in memory does not matter: a torch tensor in channels_last is NCHW.
    small_classes : {"error", "clamp"}
        A label with fewer than ``sources + 1`` images is an error, or mixes each image with all its
        others. A label with one image is always an error. With ``groups`` an image needs
        ``sources`` images, or at least one, of its label and of other groups.

    Raises
    ------
    InputError, InputTypeError
        If a parameter breaks its rule.

    See Also
    --------
    mix : the same in one call.

    Notes
    -----
    Algorithm 1 of the paper, with two more laws. Every round reads the complete result of the round
    before. And the map is a pure function of the key and of positions:
    the same key, labels, ids, grid and parameters give the same bytes on any number of threads
    and on any machine.

    A mixer uses the same choices in every call. To mix batch after batch under one key, give each
    image an id of its own (``ids``), or take a fresh mixer for each batch.

    Examples
    --------
    >>> import numpy as np
    >>> from blockmix import BlockMixer, Key
    >>> mixer = BlockMixer(block=(8, 8), sources=2, rounds=3, key=Key.from_seed(0))
    >>> images = np.zeros((6, 32, 32, 3), np.uint8)
    >>> mixer(images, ["cat", "dog"] * 3).shape
    (6, 32, 32, 3)
    >>> mixer
    BlockMixer(block=(8, 8), sources=2, rounds=3, probability=0.5, \
key=Key(<from a seed: not private>), layout='NHWC', small_classes='error')
    """

    block: Block | BlockGrid = (24, 24)
    sources: int = 10
    rounds: int = 1
    probability: Probability = 0.5
    key: Key = field(default_factory=Key.generate)
    layout: str = "NHWC"
    small_classes: str = "error"

    def __init__(
        self,
        *,
        block: int | Block | BlockGrid = (24, 24),
        sources: int = 10,
        rounds: int = 1,
        probability: float | str = 0.5,
        key: Key | None = None,
        layout: str = "NHWC",
        small_classes: str = "error",
    ) -> None:
        if not (key is None or isinstance(key, Key)):
            # The value stays out of the message: it may be somebody's secret.
            raise InputTypeError(
                f"key is a blockmix.Key, not {type(key).__name__}: use Key.generate(), "
                "Key.from_file(path), KeyFile(path).read(), or Key.from_seed(0) for experiments"
            )
        checked = {
            "block": block if isinstance(block, BlockGrid) else block_size(block),
            "sources": whole_number("sources", sources, 1, rule.MAX_SOURCES),
            "rounds": whole_number("rounds", rounds, 1, rule.MAX_ROUNDS),
            "probability": check_probability(probability),
            "key": Key.generate() if key is None else key,
            "layout": one_of("layout", layout, LAYOUTS),
            "small_classes": one_of("small_classes", small_classes, SMALL_CLASSES),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __call__(
        self,
        images: Any,
        labels: Sequence[Any] | npt.ArrayLike,
        *,
        ids: npt.ArrayLike | None = None,
        groups: Sequence[Any] | npt.ArrayLike | None = None,
        out: Any = None,
        device: str | None = None,
    ) -> Any:
        """Mix a set of images.

        Parameters
        ----------
        images : numpy.ndarray, torch.Tensor or cupy.ndarray
            (N, H, W, C), (N, C, H, W) with ``layout="NCHW"``, or (N, H, W); any dtype of fixed
            size; see `SourceMap.apply`. Never modified.
        labels : sequence of int or str
            One for each image. Labels on a GPU are copied to the host, where classes are sorted.
        ids : (N,) integers, optional
            A number for each image, all different, 0 to 2**64 - 1. An image's choices follow from
            its id, which is its index if not given.
        groups : sequence of int or str, optional
            One for each image, such as the person in it. In each round an image gets blocks only
            from images of its label that belong to other groups; without groups, every image is a
            group of its own. With several rounds a block of the own group can come back by way of
            another. Names of groups do not matter, only which images share one.
        out : same kind as images, optional
            The array to write the mixed images to.
        device : {"cpu", "cuda", "cuda:<index>"}, optional
            The device that mixes; that of the images, if not given. See `SourceMap.apply`.

        Returns
        -------
        Same kind as images
            See `SourceMap.apply` for its order in memory.

        Examples
        --------
        >>> import numpy as np
        >>> from blockmix import BlockMixer
        >>> mixer = BlockMixer(block=1, sources=1, probability=1)
        >>> mixer(np.array([[[1]], [[2]]]), [0, 0]).ravel()
        array([2, 1])
        """
        return untraced(self._mix, images, labels, ids, groups, out, device)

    def plan(
        self,
        labels: Sequence[Any] | npt.ArrayLike,
        height: int,
        width: int,
        *,
        ids: npt.ArrayLike | None = None,
        groups: Sequence[Any] | npt.ArrayLike | None = None,
        like: Any = None,
    ) -> SourceMap:
        """Draw the map of all rounds, without touching a pixel.

        Parameters
        ----------
        labels : sequence of int or str
            One for each image.
        height, width : int
            Size of the images in pixels.
        ids : (N,) integers, optional
            See `__call__`.
        groups : sequence of int or str, optional
            See `__call__`.
        like : numpy.ndarray, torch.Tensor or cupy.ndarray, optional
            An array on the device that draws the map; the CPU draws it, if not given. A map can be
            applied on any device, and is copied there once.

        Returns
        -------
        SourceMap
            4 bytes a block; while more than one round is drawn, 8.

        Examples
        --------
        >>> from blockmix import BlockMixer
        >>> BlockMixer(sources=2).plan(["a", "a", "a"], height=96, width=192)
        SourceMap(3 images, 4 x 8 blocks of an image of 96 x 192)
        """
        return untraced(  # type: ignore[no-any-return]
            self._plan, labels, height, width, ids, groups, like
        )

    def with_key(self, key: Key) -> BlockMixer:
        """The same mixing with another key.

        Examples
        --------
        >>> from blockmix import BlockMixer, Key
        >>> BlockMixer(sources=2).with_key(Key.from_seed(0)).sources
        2
        """
        parameters = {item.name: getattr(self, item.name) for item in fields(self)}
        return BlockMixer(**parameters | {"key": key})

    def quantised_probability(self) -> float:
        """The exact probability with which a block is replaced in one round.

        One 32-bit word decides about a block, so the probability is a whole number of words out of
        2**32. 0, 1 and 0.5 are exact; the smallest above 0 is 2**-32. A balanced probability is
        that of a pool with all ``sources``.

        Examples
        --------
        >>> BlockMixer(probability=0.5).quantised_probability()
        0.5
        >>> BlockMixer(sources=3, probability=0.3).quantised_probability()
        0.30000000004656613
        """
        return float(
            rule.quantised_probability(self.sources, for_pool(self.probability, self.sources))
        )

    def _mix(
        self, images: Any, labels: Any, ids: Any, groups: Any, out: Any, device: str | None
    ) -> Any:
        batch = open_images(images, self.layout)
        backend = choose(batch.location, device)
        out_batch = None if out is None else open_out(out, images, self.layout)
        grid = resolve_grid(self.block, batch.height, batch.width)
        count = len(batch.view)
        parts = partition(
            labels, ids, self.sources, self.small_classes, image_count=count, groups=groups
        )
        source_map = self._draw(backend, parts, grid)
        if out_batch is None:
            out = new_out(images, self.layout)
            out_batch = open_out(out, images, self.layout)
        source_map.move(batch, out_batch, backend)
        return out

    def _plan(
        self, labels: Any, height: int, width: int, ids: Any, groups: Any, like: Any
    ) -> SourceMap:
        grid = resolve_grid(self.block, height, width)
        parts = partition(labels, ids, self.sources, self.small_classes, groups=groups)
        return self._draw(choose(location_of(like, "like"), None), parts, grid)

    def _draw(self, backend: Backend, parts: Partition, grid: BlockGrid) -> SourceMap:
        rounds = self.rounds if self.probability else 0
        sizes = range(1, self.sources + 1) if rounds else ()
        dice = [(0, 0), *(rule.die(size, for_pool(self.probability, size)) for size in sizes)]
        faces, shifts = np.array(dice, np.uint64).T.copy()
        request = DrawRequest(parts, grid, rounds, faces, shifts, key=self.key.words())
        return SourceMap.adopt(backend, backend.draw(request), grid)


def mix(
    images: Any,
    labels: Sequence[Any] | npt.ArrayLike,
    *,
    block: int | Block | BlockGrid = (24, 24),
    sources: int = 10,
    rounds: int = 1,
    probability: float | str = 0.5,
    key: Key | None = None,
    layout: str = "NHWC",
    small_classes: str = "error",
    ids: npt.ArrayLike | None = None,
    groups: Sequence[Any] | npt.ArrayLike | None = None,
    out: Any = None,
    device: str | None = None,
) -> Any:
    """Mix a labelled image set: replace blocks by same-position blocks of same-label images.

    The pixel block mixing of the paper, Algorithm 1. Obfuscation, not encryption: with the
    defaults about half of every image's blocks stay its own.

    Parameters
    ----------
    images : numpy.ndarray, torch.Tensor or cupy.ndarray
        (N, H, W, C), (N, C, H, W) with ``layout="NCHW"``, or (N, H, W); uint8 or any other dtype
        of fixed size. Never modified.
    labels : sequence of int or str
        One for each image.
    block, sources, rounds, probability, key, layout, small_classes
        See `BlockMixer`.
    ids, groups, out, device
        See `BlockMixer.__call__`.

    Returns
    -------
    Same kind as images
        The mixed images, in the order and with the labels of ``images``. See `SourceMap.apply` for
        their order in memory.

    Raises
    ------
    InputError, InputTypeError
        If an argument breaks its rule; the message names the rule, the value and the way out, and
        nothing has been written.

    Examples
    --------
    >>> import numpy as np
    >>> import blockmix
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 96, 96, 3), np.uint8)
    >>> labels = ["cat", "dog"] * 20
    >>> mixed = blockmix.mix(images, labels, block=(24, 24))
    >>> mixed.shape, mixed.dtype
    ((40, 96, 96, 3), dtype('uint8'))
    """
    mixer = BlockMixer(
        block=block,
        sources=sources,
        rounds=rounds,
        probability=probability,
        key=key,
        layout=layout,
        small_classes=small_classes,
    )
    return mixer(images, labels, ids=ids, groups=groups, out=out, device=device)


def compile_kernels(mixer: BlockMixer) -> None:
    """Compile the loops of a mixer, which happens once per process."""
    mix(np.zeros((2, 1, 1), np.uint8), [0, 0], block=1, sources=1, rounds=min(mixer.rounds, 2))
