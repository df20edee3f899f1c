"""The source map: the image that every block comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import LAYOUTS, Batch, new_out, open_images, open_out
from blockmix.arrays.containers import untraced
from blockmix.backends.base import Backend, DeviceMap
from blockmix.backends.cpu import Cpu
from blockmix.backends.dispatch import choose
from blockmix.errors import InputError, InputTypeError
from blockmix.grid import BlockGrid
from blockmix.support.arguments import one_of


class SourceMap:
    """The image that every block comes from: drawn once, applied to any images of that size.

    A complete mixing, with all rounds, without a pixel (the paper's equation 5 for every block). As
    secret as the key: anyone who has it can put back all blocks that were not erased.

    Parameters
    ----------
    sources : (N, rows, cols) int32
        Block (r, c) of image i comes from image ``sources[i, r, c]``, an index from 0 to N - 1.
        Copied.
    grid : BlockGrid
        The grid of ``rows x cols`` blocks.

    Raises
    ------
    InputError, InputTypeError
        If ``sources`` is not int32, does not fit the grid or names an image that does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> from blockmix import BlockGrid, SourceMap
    >>> swap = SourceMap(np.array([[[1, 0]], [[0, 1]]], np.int32), BlockGrid.even(1, 2, block=1))
    >>> swap
    SourceMap(2 images, 1 x 2 blocks of an image of 1 x 2)
    >>> swap.apply(np.array([[[1, 2]], [[3, 4]]]))
    array([[[3, 2]],
    <BLANKLINE>
           [[1, 4]]])
    """

    # The map in slots, as it is drawn and applied, by each backend that has used it: see
    # `kernels.draw_cpu`. A map that was not drawn by a backend has one class.
    __slots__ = ("_grid", "_maps")

    def __init__(self, sources: npt.NDArray[np.int32], grid: BlockGrid) -> None:
        if not isinstance(grid, BlockGrid):
            raise InputTypeError(f"grid is a BlockGrid, got {type(grid).__name__}")
        if not isinstance(sources, np.ndarray) or sources.dtype != np.int32:
            kind = getattr(sources, "dtype", type(sources).__name__)
            raise InputTypeError(f"sources is a NumPy array of int32, got {kind}")
        if sources.ndim != 3 or sources.shape[1:] != (grid.rows, grid.cols):
            raise InputError(
                f"sources has shape (N, {grid.rows}, {grid.cols}) for this grid, "
                f"got {sources.shape}"
            )
        if sources.size and not 0 <= sources.min() <= sources.max() < len(sources):
            raise InputError(
                f"sources names images 0 to {len(sources) - 1}, but reaches from "
                f"{sources.min()} to {sources.max()}"
            )
        slot_map = np.array(sources.transpose(1, 0, 2), order="C").reshape(-1)  # a copy of any view
        order = np.arange(len(sources), dtype=np.int32)
        starts = np.array([0, len(sources)], np.int64)
        self._maps: dict[Backend, DeviceMap] = {Cpu(): DeviceMap(slot_map, order, starts)}
        self._grid = grid

    @classmethod
    def adopt(cls, backend: Backend, device_map: DeviceMap, grid: BlockGrid) -> SourceMap:
        """A map that a backend has just drawn, without checks and without a copy. Not public."""
        source_map = object.__new__(cls)
        source_map._maps = {backend: device_map}
        source_map._grid = grid
        return source_map

    def _on(self, backend: Backend) -> DeviceMap:
        """The map in the memory of a backend; it is copied there once."""
        if backend not in self._maps:
            same_device = [owner for owner in self._maps if owner.name == backend.name]
            if same_device:  # the same memory, whichever library owns it
                self._maps[backend] = self._maps[same_device[0]]
            else:
                if Cpu() not in self._maps:
                    owner, device_map = next(iter(self._maps.items()))
                    self._maps[Cpu()] = owner.to_host(device_map)
                self._maps[backend] = backend.from_host(self._maps[Cpu()])
        return self._maps[backend]

    @property
    def sources(self) -> npt.NDArray[np.int32]:
        """Index of the image that each block comes from: (N, rows, cols) int32, read-only.

        A NumPy array that each access makes anew, as the map is stored in another order. A map that
        was drawn on a GPU is copied to the host once.
        """
        slot_map, order, *_ = self._on(Cpu())
        shape = self._grid.rows, len(self), self._grid.cols
        sources = np.empty((shape[1], shape[0], shape[2]), np.int32)
        sources[order] = order[slot_map.reshape(shape)].transpose(1, 0, 2)
        sources.flags.writeable = False
        return sources

    @property
    def grid(self) -> BlockGrid:
        """The grid of the blocks."""
        return self._grid

    def __len__(self) -> int:
        return int(next(iter(self._maps.values())).starts[-1])

    def apply(
        self, images: Any, out: Any = None, *, layout: str = "NHWC", device: str | None = None
    ) -> Any:
        """Move the blocks: one pass over the pixels, whatever the rounds were.

        Parameters
        ----------
        images : numpy.ndarray, torch.Tensor or cupy.ndarray
            (N, H, W, C), (N, C, H, W) with ``layout="NCHW"``, or (N, H, W); any dtype of fixed
            size. Never modified. The batch axis may have any stride, and channels may lie last or
            first in memory, whatever the layout. Images that are not contiguous in one of these
            orders, or lie in another one than ``out``, are copied once. Gradients do not flow. On a
            GPU the work is ordered by the current stream of CuPy or torch, and the call does not
            wait for it.
        out : same kind as images, optional
            The array to write the mixed images to, with the shape and dtype of ``images`` and
            sharing no memory with them.
        layout : {"NHWC", "NCHW"}
            Whether channels are the last or the first axis.
        device : {"cpu", "cuda", "cuda:<index>"}, optional
            The device that moves the blocks; that of the images, if not given. A GPU can mix images
            on the host, strip by strip, even if they do not fit into its memory; the call returns
            when ``out`` is written.

        Returns
        -------
        Same kind as images
            The mixed images, ``out`` if given. A new array has the order in memory that its library
            gives to results, if channels lie last or first in it: NumPy's and CuPy's ``order="K"``,
            and ``torch.preserve_format``, so that channels_last stays channels_last. Else it is
            C-contiguous. A torch tensor has the subclass that operations give to results of
            ``images``, such as ``torchvision.tv_tensors.Image``; that of a parameter is plain.

        Raises
        ------
        InputError, InputTypeError
            If images or out have a kind, shape or dtype that does not fit, or out overlaps.

        Examples
        --------
        >>> import numpy as np
        >>> from blockmix import BlockMixer, Key
        >>> images = np.arange(3 * 4 * 4).reshape(3, 4, 4)
        >>> plan = BlockMixer(block=2, sources=2, key=Key.from_seed(0)).plan([7, 7, 7], 4, 4)
        >>> plan.apply(images).shape
        (3, 4, 4)
        """
        return untraced(self._apply, images, out, layout, device)

    def _apply(self, images: Any, out: Any, layout: str, device: str | None) -> Any:
        one_of("layout", layout, LAYOUTS)
        batch = open_images(images, layout)
        self._check_fits(batch)
        backend = choose(batch.location, device)
        if out is None:
            out = new_out(images, layout)
        self.move(batch, open_out(out, images, layout), backend)
        return out

    def move(self, images: Batch, out: Batch, backend: Backend) -> None:
        """Move the blocks of an opened batch that fits the map."""
        backend.gather(out, images, self._on(backend), self._grid)

    def _check_fits(self, batch: Batch) -> None:
        given = (len(batch.view), batch.height, batch.width)
        expected = (len(self), self.grid.height, self.grid.width)
        if given != expected:
            raise InputError(
                "the map is for {} images of {} x {}, but got {} of {} x {}: "
                "plan for these images (or give the right layout)".format(*expected, *given)
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SourceMap):
            return NotImplemented
        return self.grid == other.grid and np.array_equal(self.sources, other.sources)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[SourceMap], tuple[npt.NDArray[np.int32], BlockGrid]]:
        return SourceMap, (self.sources, self._grid)  # so that a copy is checked, and read-only

    def __repr__(self) -> str:
        # The map itself stays out: it is a secret.
        return f"SourceMap({len(self)} images, {self.grid})"
