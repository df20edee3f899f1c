"""Ways, recipes and plans: their names, and what is refused."""

import pytest

from blockmix import BlockGrid, InputError
from blockmix.bench.common import paper
from blockmix.bench.utility.plan import Plan, Recipe, Way
from blockmix.bench.utility.plans import PLANS, find_plan
from blockmix.probability import BALANCED

EVEN = BlockGrid.even(64, 64, 8)


@pytest.mark.parametrize(
    ("way", "name"),
    [
        (Way("original"), "original"),
        (Way("mixing", EVEN), "64 blocks, 10 sources, 0.5"),
        (Way("mixing", EVEN, 1, 3, BALANCED), "64 blocks, 1 source, balanced, 3 rounds"),
        (Way("mixing", BlockGrid.even(64, 64, (64, 8)), 2), "8 columns, 2 sources, 0.5"),
        (Way("mixing", BlockGrid.even(64, 64, (8, 64)), 2), "8 bands, 2 sources, 0.5"),
        (
            Way("mixing", BlockGrid.even(64, 64, (8, 16)), 2),
            "32 blocks of 8 x 16, 2 sources, 0.5",
        ),
        (
            Way("mixing", BlockGrid((0, 8, 64), (0, 8, 64)), 2, shape="fine at the top"),
            "4 blocks, fine at the top, 2 sources, 0.5",
        ),
        (Way("pixelation", strength=8.0), "pixelation 8 px"),
        (Way("mixup", strength=0.2), "mixup 0.2"),
        (Way("original", image_share=0.5), "original, 50% of the images"),
        (Way("original", augmentation=("flip", "rotation")), "original, flip + rotation"),
        (
            Way("original", augmentation=("flip",), same_epochs=True),
            "original, flip, 2 files an image at the same epochs",
        ),
    ],
)
def test_names(way, name):
    assert way.name == name


def test_description_of_a_way():
    assert Way("mixing", EVEN, 3, probability=BALANCED).describe() == {
        "name": "64 blocks, 3 sources, balanced",
        "kind": "mixing",
        "block": [8, 8],
        "blocks": 64,
        "grid": {"row_edges": list(EVEN.row_edges), "col_edges": list(EVEN.col_edges)},
        "sources": 3,
        "rounds": 1,
        "probability": 0.75,
        "strength": None,
        "image_share": 1.0,
        "augmentation": None,
        "same_epochs": False,
    }
    uneven = Way("mixing", BlockGrid((0, 4, 16), (0, 16)))
    assert (uneven.block, uneven.describe()["blocks"]) == (None, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Way("sharpening"), "kind is one of original, mixing, .*got 'sharpening'"),
        (lambda: Way("mixing"), "mixing, and nothing else, has a grid"),
        (lambda: Way("blur"), "every kind but original and mixing has a strength"),
        (lambda: Way("original", image_share=0), "image_share is above 0"),
        (lambda: Way("original", augmentation=("shear",)), "augmentation is one of flip"),
        (lambda: Recipe(optimizer="lion"), "optimizer is one of sgd, adam, rmsprop"),
        (lambda: Recipe(epochs=0), "epochs is from 1"),
        (lambda: Plan("p", (8, 8), (Way("original"),) * 2), "names of ways differ"),
        (lambda: Plan("p", (8, 8), (), best_seeds=5), "chosen by images held out"),
        (
            lambda: find_plan("huge"),
            "--plan is one of smoke, quick, reduced, augmentation, frontier",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_the_reduced_plan_is_the_product_that_it_promises():
    mixed = [way for way in PLANS["reduced"].ways if way.kind == "mixing" and way.files == 1]
    assert {(way.grid.blocks, way.rounds, way.probability) for way in mixed} == {
        (blocks, rounds, probability)
        for blocks in (4, 16, 64, 256)
        for rounds in (1, 3)
        for probability in (0.5, BALANCED)
    }
    assert {way.sources for way in mixed} == {paper.SOURCES}
    assert [way.name for way in PLANS["augmentation"].ways if way.same_epochs] == [
        "64 blocks, 10 sources, 0.5, flip + rotation + brightness, "
        "4 files an image at the same epochs"
    ]


@pytest.mark.parametrize(("name", "rounds"), [("paper-wiki", 3), ("paper-cnbc", 1)])
def test_the_papers_plans_have_the_thirty_shapes_of_its_figures(name, rounds):
    plan = PLANS[name]
    assert (plan.size, plan.seeds, plan.ways[0]) == ((192, 192), 5, Way("original"))
    shapes = {way.block for way in plan.ways[1:]}
    assert len(shapes) == len(plan.ways) - 1 == 30
    assert {192 * 192 // (height * width) for height, width in shapes} == set(paper.BLOCKS)
    assert {(way.rounds, way.sources, way.probability) for way in plan.ways[1:]} == {
        (rounds, 10, 0.5)
    }


def test_the_papers_recipes():
    wiki = PLANS["paper-wiki"].recipes
    assert {
        name: (recipe.optimizer, recipe.rate, recipe.batch, recipe.epochs)
        for name, recipe in (*wiki.items(), *PLANS["paper-cnbc"].recipes.items())
    } == {
        "ResNet50": ("adam", 0.003, 32, 25),
        "VGG16": ("sgd", 0.005, 8, 25),
        "InceptionV3": ("rmsprop", 0.001, 8, 30),
        "DenseNet121": ("rmsprop", 0.001, 32, 25),
    }
    assert all((r.momentum, r.weight_decay, r.scaling) == (0, 0, "255") for r in wiki.values())


def test_a_model_without_a_recipe_takes_the_first_one():
    plan = PLANS["paper-wiki"]
    assert plan.recipe("VGG16").batch == 8
    assert plan.recipe("module:function") == plan.recipes["ResNet50"]


def test_steps_are_of_whole_batches():
    assert Recipe(epochs=8, batch=64).steps(6000) == 8 * 94
