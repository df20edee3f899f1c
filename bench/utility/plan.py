"""What is trained: ways of making a training set, recipes of training, and plans of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from blockmix import BlockGrid, InputError
from blockmix.probability import Probability, check_probability, for_pool
from blockmix.support.arguments import one_of, whole_number

KINDS = ("original", "mixing", "pixelation", "blur", "mixup", "cutmix")
AUGMENTATIONS = ("flip", "rotation", "brightness")
OPTIMIZERS = ("sgd", "adam", "rmsprop")
SCALINGS = ("standard", "255")


@dataclass(frozen=True)
class Way:
    """A way of making a training set from the originals.

    Attributes
    ----------
    kind : {"original", "mixing", "pixelation", "blur", "mixup", "cutmix"}
        What is done to the images. The last two combine the images of a batch while training.
    grid : BlockGrid, optional
        The grid of blocks, of mixing.
    sources, rounds, probability
        As of `blockmix.BlockMixer`, of mixing.
    strength : float, optional
        Side of the fields in pixels, of pixelation; standard deviation in pixels, of blur; alpha of
        the Beta distribution, of mixup and cutmix.
    image_share : float
        The share of the training images of each label that is taken.
    augmentation : tuple of {"flip", "rotation", "brightness"}
        Each adds one changed copy of each image to the set.
    same_epochs : bool
        Whether a set with such copies is passed as often as one without, which takes more steps
        than all other ways.
    shape : str
        The name of an uneven grid.

    Examples
    --------
    >>> way = Way("mixing", BlockGrid.even(64, 64, 8), sources=2, probability="balanced")
    >>> way.name
    '64 blocks, 2 sources, balanced'
    """

    kind: str
    grid: BlockGrid | None = None
    sources: int = 10
    rounds: int = 1
    probability: Probability = 0.5
    strength: float | None = None
    image_share: float = 1.0
    augmentation: tuple[str, ...] = ()
    same_epochs: bool = False
    shape: str = ""

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        for name in self.augmentation:
            one_of("augmentation", name, AUGMENTATIONS)
        check_probability(self.probability)
        if (self.grid is not None) != (self.kind == "mixing"):
            raise InputError(f"mixing, and nothing else, has a grid, got {self.kind}, {self.grid}")
        if (self.strength is None) != (self.kind in ("original", "mixing")):
            raise InputError(
                f"every kind but original and mixing has a strength, got {self.kind}, "
                f"{self.strength}"
            )
        if not 0 < self.image_share <= 1:
            raise InputError(f"image_share is above 0 and at most 1, got {self.image_share}")

    @property
    def name(self) -> str:
        """What tables and figures call the way."""
        parts = [self._kind_name()]
        if self.kind == "mixing":
            parts.append(f"{self.sources} source{'' if self.sources == 1 else 's'}")
            parts.append(str(self.probability))
            if self.rounds > 1:
                parts.append(f"{self.rounds} rounds")
        if self.image_share != 1:
            parts.append(f"{self.image_share:.0%} of the images")
        if self.augmentation:
            parts.append(" + ".join(self.augmentation))
        if self.same_epochs:
            parts.append(f"{self.files} files an image at the same epochs")
        return ", ".join(parts)

    @property
    def files(self) -> int:
        """Images in the training set for each image that is taken."""
        return 1 + len(self.augmentation)

    @property
    def block(self) -> tuple[int, int] | None:
        """Height and width of a block in pixels, where all are equal."""
        if self.grid is None:
            return None
        block = self.grid.row_edges[1], self.grid.col_edges[1]
        even = BlockGrid.even(self.grid.height, self.grid.width, block)
        return block if even == self.grid else None

    def published(self) -> Way:
        """The way without augmentation, which shows no more of the originals."""
        return replace(self, augmentation=(), same_epochs=False)

    def describe(self) -> dict[str, Any]:
        """The way for a record, and for what identifies a row."""
        mixes, grid = self.kind == "mixing", self.grid
        return {
            "name": self.name,
            "kind": self.kind,
            "block": self.block and list(self.block),
            "blocks": grid and grid.blocks,
            "grid": grid and {"row_edges": list(grid.row_edges), "col_edges": list(grid.col_edges)},
            "sources": self.sources if mixes else None,
            "rounds": self.rounds if mixes else None,
            "probability": for_pool(self.probability, self.sources) if mixes else None,
            "strength": self.strength,
            "image_share": self.image_share,
            "augmentation": " + ".join(self.augmentation) or None,
            "same_epochs": self.same_epochs,
        }

    def _kind_name(self) -> str:
        if self.grid is None:
            unit = {"pixelation": " px", "blur": " px"}.get(self.kind, "")
            return self.kind if self.strength is None else f"{self.kind} {self.strength:g}{unit}"
        if self.block is None:
            return f"{self.grid.blocks} blocks, {self.shape or 'uneven'}"
        rows, cols = self.grid.rows, self.grid.cols
        if rows == 1 < cols:
            return f"{cols} columns"
        if cols == 1 < rows:
            return f"{rows} bands"
        if rows == cols:
            return f"{rows * cols} blocks"
        return f"{rows * cols} blocks of {self.block[0]} x {self.block[1]}"


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the last epoch counts.

    Attributes
    ----------
    epochs, batch : int
        Passes over the original training set, and images in a batch: these decide the number of
        optimizer steps, which is the same for every way.
    optimizer : {"sgd", "adam", "rmsprop"}
        With the settings of Keras where none are given here.
    rate : float
        The learning rate; the highest, with ``rising``.
    momentum : float
        Nesterov momentum, of "sgd".
    weight_decay : float
        Of all parameters.
    rising : float, optional
        One cycle of the rate, which rises during this share of the steps and then falls to nothing.
        The rate is constant if it is not given.
    scaling : {"standard", "255"}
        Inputs less the mean of the training set, divided by its deviation; or divided by 255.
    """

    epochs: int = 8
    batch: int = 64
    optimizer: str = "sgd"
    rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    rising: float | None = 0.25
    scaling: str = "standard"

    def __post_init__(self) -> None:
        whole_number("epochs", self.epochs, 1, 10_000)
        whole_number("batch", self.batch, 2, 2**20)
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("scaling", self.scaling, SCALINGS)

    def steps(self, images: int) -> int:
        """Optimizer steps on a training set of this many originals."""
        return self.epochs * self.epoch_steps(images)

    def epoch_steps(self, images: int) -> int:
        """Optimizer steps of one epoch."""
        return -(-images // self.batch)

    def describe(self) -> dict[str, Any]:
        """The recipe for a record, and for what identifies a row."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """Ways and models to train, for a number of seeds.

    Attributes
    ----------
    name : str
        What ``--plan`` calls it.
    size : (int, int)
        Height and width of the images.
    ways : tuple of Way
        In order; their names differ.
    recipes : mapping of str to Recipe
        For each model by its name; the first one is also for models that are not in it.
    seeds : int
        Runs of each way and model.
    validation : float
        Share of the training images that is held out, unmixed. By these the best ways are chosen.
    best_seeds : int
        Further runs of the best ways: those that no other beats in accuracy on the images held out
        and on all axes of protection.
    """

    name: str
    size: tuple[int, int]
    ways: tuple[Way, ...]
    recipes: Mapping[str, Recipe] = field(default_factory=lambda: {"small-resnet": Recipe()})
    seeds: int = 3
    validation: float = 0.0
    best_seeds: int = 0

    def __post_init__(self) -> None:
        whole_number("seeds", self.seeds, 1, 10_000)
        names = [way.name for way in self.ways]
        if len(set(names)) != len(names):
            raise InputError(f"names of ways differ, got {sorted(names)}")
        if self.best_seeds and not self.validation:
            raise InputError("the best ways are chosen by images held out: give validation")

    def recipe(self, model: str) -> Recipe:
        """The recipe of a model, or the first one."""
        return self.recipes.get(model, next(iter(self.recipes.values())))
