"""The plans that ``--plan`` offers."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from blockmix import BlockGrid, InputError
from blockmix.bench.common import paper
from blockmix.bench.utility.plan import AUGMENTATIONS, Plan, Recipe, Way
from blockmix.probability import BALANCED, Probability

SIDE = 64  # of the images of all plans but the paper's and the smallest
_NUMBERS = (4, 16, 64, 256)  # of blocks, in squares

# Edges for images of SIDE pixels. In photographs that are cut to the face, eyes are at rows 16 to
# 22, the mouth at 44.
_UNEVEN = {
    "fine at the eyes": (
        (0, 12, 16, 20, 24, 44, 64),
        (0, 12, 16, 20, 24, 40, 44, 48, 52, 64),
    ),
    "fine in the middle": ((0, 12, 20, 28, 36, 44, 52, 64),) * 2,
    "coarse in the middle": ((0, 8, 16, 48, 56, 64),) * 2,
}


def mixing(rows: int, cols: int, sources: int, probability: Probability, rounds: int = 1) -> Way:
    """Mixing of images of `SIDE` pixels in even rows and columns of blocks."""
    grid = BlockGrid.even(SIDE, SIDE, (SIDE // rows, SIDE // cols))
    return Way("mixing", grid, sources, rounds, probability)


def squares(
    blocks: int, sources: int = paper.SOURCES, probability: Probability = 0.5, rounds: int = 1
) -> Way:
    """Mixing in a square number of square blocks; by default as in the paper."""
    per_side = round(blocks**0.5)
    return mixing(per_side, per_side, sources, probability, rounds)


def baselines(side: int) -> tuple[Way, ...]:
    """What else is done to images, in two strengths where it hides anything."""
    return (
        *(Way("pixelation", strength=float(side // fields)) for fields in (16, 8)),
        *(Way("blur", strength=side / 64 * deviation) for deviation in (2, 4)),
        # As in the experiments on small images that introduced them.
        Way("mixup", strength=1.0),
        Way("cutmix", strength=1.0),
    )


def augmented(way: Way) -> Way:
    """The way with all three augmentations."""
    return replace(way, augmentation=AUGMENTATIONS)


def _smoke() -> Plan:
    size = (32, 32)
    blocks = BlockGrid.even(*size, 8)
    return Plan(
        "smoke",
        size,
        (
            Way("original"),
            Way("mixing", blocks),
            Way("mixing", BlockGrid.even(*size, (32, 8)), 2, probability=BALANCED),
            Way("mixing", blocks, 4, 3, BALANCED, image_share=0.5),
            Way("mixing", BlockGrid((0, 12, 16, 20, 32), (0, 16, 32)), shape="fine in the middle"),
            Way("mixing", blocks, augmentation=("flip",)),
            Way("pixelation", strength=4.0),
            Way("blur", strength=2.0),
            Way("mixup", strength=1.0),
            Way("cutmix", strength=1.0),
        ),
        recipes={"small-resnet": Recipe(epochs=2, batch=16)},
        seeds=1,
        validation=0.1,
        best_seeds=1,
    )


def _quick() -> Plan:
    ways = (
        Way("original"),
        squares(64),
        squares(64, 2, BALANCED),
        mixing(1, 8, 10, BALANCED),
        squares(64, 10, BALANCED, rounds=3),
        Way("pixelation", strength=8.0),
    )
    return Plan("quick", (SIDE, SIDE), ways, {"small-resnet": Recipe(epochs=4)})


def _reduced() -> Plan:
    mixed = (
        squares(blocks, 10, probability, rounds)
        for blocks, rounds, probability in product(_NUMBERS, (1, 3), (0.5, BALANCED))
    )
    return Plan("reduced", (SIDE, SIDE), (Way("original"), *mixed, *baselines(SIDE)))


def _augmentation() -> Plan:
    """Figures 11 to 13: with and without all augmentations, with each, and as long as the paper."""
    plain = (Way("original"), *(squares(blocks) for blocks in _NUMBERS))
    ways = (
        *plain,
        *(augmented(way) for way in plain),
        *(replace(squares(64), augmentation=(name,)) for name in AUGMENTATIONS),
        replace(augmented(squares(64)), same_epochs=True),
    )
    return Plan("augmentation", (SIDE, SIDE), ways)


def _frontier() -> Plan:
    balanced = (
        squares(blocks, sources, BALANCED) for blocks, sources in product(_NUMBERS, (1, 2, 4, 10))
    )
    oblong = (
        mixing(rows, cols, sources, BALANCED)
        for rows, cols in ((1, 8), (1, 16), (8, 1), (16, 1))
        for sources in (2, 4, 10)
    )
    uneven = (
        Way("mixing", BlockGrid(*edges), sources, probability=BALANCED, shape=shape)
        for shape, edges in _UNEVEN.items()
        for sources in (2, 10)
    )
    twice = (
        *(squares(blocks, sources, BALANCED, 2) for blocks in (16, 64) for sources in (1, 2)),
        *(mixing(1, cols, 2, BALANCED, 2) for cols in (8, 16)),
    )
    papers = (squares(blocks, 10, 0.5) for blocks in _NUMBERS)
    half = (
        replace(way, image_share=0.5)
        for way in (
            Way("original"),
            squares(64),
            squares(64, 2, BALANCED),
            squares(64, 10, BALANCED),
            mixing(1, 8, 10, BALANCED),
        )
    )
    ways = (Way("original"), *papers, *balanced, *oblong, *uneven, *twice, *half, *baselines(SIDE))
    return Plan("frontier", (SIDE, SIDE), ways, seeds=1, validation=0.1, best_seeds=5)


# Table of the authors' scripts. Keras's SGD has no momentum, and no optimizer decays weights.
_ADAM = Recipe(25, 32, "adam", 0.003, 0.0, 0.0, None, "255")
_VGG = Recipe(25, 8, "sgd", 0.005, 0.0, 0.0, None, "255")
_RMSPROP = Recipe(25, 32, "rmsprop", 0.001, 0.0, 0.0, None, "255")


def _paper(name: str, rounds: int, recipes: dict[str, Recipe]) -> Plan:
    """Original, and the 30 shapes of blocks of Figures 3 to 10."""
    sides = (192, 96, 48, 24, 12, 6)
    side = paper.SIDE
    grids = (BlockGrid.even(side, side, block) for block in product(sides, sides))
    mixed = (Way("mixing", grid, paper.SOURCES, rounds) for grid in grids if _has_number(grid))
    return Plan(name, (side, side), (Way("original"), *mixed), recipes, seeds=5)


def _has_number(grid: BlockGrid) -> bool:
    return grid.blocks in paper.BLOCKS


PLANS = {
    plan.name: plan
    for plan in (
        _smoke(),
        _quick(),
        _reduced(),
        _augmentation(),
        _frontier(),
        _paper(
            "paper-wiki",
            3,
            {
                "ResNet50": _ADAM,
                "VGG16": _VGG,
                "InceptionV3": replace(_RMSPROP, epochs=30, batch=8),
            },
        ),
        _paper("paper-cnbc", 1, {"ResNet50": _ADAM, "DenseNet121": _RMSPROP}),
    )
}


def find_plan(name: str) -> Plan:
    """The plan of a name."""
    if name not in PLANS:
        raise InputError(f"--plan is one of {', '.join(PLANS)}, got {name!r}")
    return PLANS[name]
