"""A record of utility, written by hand: a few ways, two models, three seeds."""

import copy
import hashlib

from blockmix.bench.common import machine
from blockmix.privacy import balanced

SEEDS = 3
EPOCHS = 2
SIDE = 64


def estimate(value, half=0.02):
    return {"value": value, "low": max(0.0, value - half), "high": min(1.0, value + half)}


def protection(linked, largest, single_block, reassembled, *, forecast=True):
    """What a way protects; None for what does not apply to it."""
    expected = (
        {
            "linked": linked,
            "own_kept": 0.5,
            "largest_share": largest,
            "half_shown": 0.5,
        }
        if forecast
        else None
    )
    return {
        "linked": {**estimate(linked), "by": "by_blocks" if forecast else "by_pixels"},
        "forecast": expected,
        "linkage": {
            **({"by_blocks": estimate(linked)} if forecast else {}),
            "by_pixels": estimate(0.3 * linked if forecast else linked),
        },
        "own_share": 0.5,
        "largest_share": None if largest is None else estimate(largest),
        "half_shown": estimate(0.4),
        "recognised": estimate(0.1),
        "seams": estimate(0.9),
        "reassembled": None if reassembled is None else estimate(reassembled),
        "single_block": None if single_block is None else estimate(single_block),
        "images": {"linked": 2000, "seen": 500, "puzzles": 100},
        "seconds": 1.0,
    }


def way(name, kind="mixing", **entries):
    return {
        "name": name,
        "kind": kind,
        "block": None,
        "blocks": None,
        "grid": None,
        "sources": None,
        "rounds": None,
        "probability": None,
        "strength": None,
        "image_share": 1.0,
        "augmentation": None,
        "same_epochs": False,
        "protection": None,
    } | entries


def mixing(name, block, sources, probability, **entries):
    edges = [list(range(0, SIDE + 1, step)) for step in block]
    return (
        way(
            name,
            block=list(block),
            blocks=SIDE // block[0] * (SIDE // block[1]),
            grid={"row_edges": edges[0], "col_edges": edges[1]},
            sources=sources,
            rounds=1,
            probability=probability,
        )
        | entries
    )


WAYS = {  # with the mean accuracy of each
    0.84: way("original", "original", protection=protection(1, 1, 0.96, 1, forecast=False)),
    0.81: mixing("16 blocks, 10 sources, 0.5", (16, 16), 10, 0.5,
                 protection=protection(0.995, 0.5, 0.59, 0.64)),
    0.78: mixing("64 blocks, 10 sources, 0.5", (8, 8), 10, 0.5,
                 protection=protection(1, 0.5, 0.35, 0.56)),
    0.82: mixing("4 blocks, 2 sources, balanced", (32, 32), 2, balanced(2),
                 protection=protection(0.35, 0.59, 0.82, 0.8)),
    0.80: mixing("8 columns, 10 sources, balanced", (64, 8), 10, balanced(10),
                 protection=protection(0.09, 0.29, 0.84, 0.38)),
    0.75: mixing("8 bands, 10 sources, balanced", (8, 64), 10, balanced(10),
                 protection=protection(0.09, 0.29, 0.85, 0.38)),
    0.71: mixing("64 blocks, 10 sources, balanced", (8, 8), 10, balanced(10),
                 protection=protection(0.091, 0.16, 0.351, 0.36)),
    0.83: mixing("64 blocks, 10 sources, 0.5, flip", (8, 8), 10, 0.5, augmentation="flip"),
    0.70: mixing("64 blocks, 10 sources, 0.5, half the images", (8, 8), 10, 0.5, image_share=0.5,
                 protection=protection(1, 0.5, 0.352, 0.56)),
    0.79: way("pixelation 8", "pixelation",
              protection=protection(0.99, None, None, None, forecast=False)),
    0.835: way("mixup", "mixup"),
}  # fmt: skip


def row(name, model, seed, accuracy):
    return {
        "key": hashlib.sha256(f"{name} {model} {seed}".encode()).hexdigest(),
        "way": name,
        "model": model,
        "seed": seed,
        "accuracy": accuracy,
        "loss": 1 - accuracy,
        "ece": 0.05,
        "by_group": {"a": accuracy + 0.01, "b": accuracy - 0.1},
        "worst_group": "b",
        "train_accuracy": 0.99,
        "validation_accuracy": None,
        "membership": {"auc": 0.6, "tpr_at_0.001": 0.002, "tpr_at_0.01": 0.02},
        "curve": [
            {
                "epoch": epoch,
                "train_loss": 1 / epoch,
                "test_accuracy": accuracy - 0.1 / epoch,
                "test_loss": 1 - accuracy + 0.1 / epoch,
            }
            for epoch in range(1, EPOCHS + 1)
        ],
        "steps": 752,
        "seconds": 100.0,
    }


def small_record(models=("small", "keras:VGG16"), plan="frontier"):
    """A record as a run writes it; the second model is five points better."""
    return {
        "format": "blockmix bench utility",
        "version": 1,
        "commit": {"id": "0" * 40, "dirty": False},
        "machine": machine.describe(1),
        "versions": {"blockmix": "0.1.0", "torch": "2.13.0", "numpy": "2.1.0"},
        "data": {
            "train": {
                "count": 6000,
                "listing_sha256": "1" * 64,
                "classes": {"female": 2967, "male": 3033},
            },
            "test": {
                "count": 1199,
                "listing_sha256": "2" * 64,
                "classes": {"female": 567, "male": 632},
            },
            "size": [SIDE, SIDE],
            "left_out": {"near_duplicates": 3},
            "majority": 0.527,
        },
        "plan": {
            "name": plan,
            "recipe": {"epochs": EPOCHS, "batch": 64},
            "seeds": SEEDS,
            "best_seeds": 0,
        },
        "ways": copy.deepcopy(list(WAYS.values())),
        "rows": [
            row(entry["name"], model, seed, accuracy + 0.05 * number + 0.01 * (seed - 1))
            for seed in range(SEEDS)
            for number, model in enumerate(models)
            for accuracy, entry in WAYS.items()
        ],
        "seconds": 3600.0,
    }
