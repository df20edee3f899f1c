"""Builders for tests of privacy: faces, pairs of sets, and the schema of a report."""

import json
from functools import cache
from importlib.resources import files

import numpy as np

from blockmix import BlockMixer, Key
from blockmix.bench.common.faces import face
from blockmix.privacy import Pair

SCHEMA = json.loads((files("blockmix.privacy.report") / "schema.json").read_text())
# The set for attacks: the number of its faces, and their height and width.
FACES, SIDE = 40, 96
ALL_FACES = np.arange(FACES)
# The labels of the set for reports.
LABELS = ["cat", "dog"] * 30


@cache
def smooth_faces():
    """Generated faces of two labels, almost without grain; read-only."""
    images = np.stack([face(number % 2, number)[16:208:2, 16:208:2] for number in range(FACES)])
    images.flags.writeable = False
    return images


def mixed_pair(images, probability, block=24, **parameters):
    """Images as two labels in turn, the same images mixed, and the map."""
    labels = np.arange(len(images)) % 2
    mixer = BlockMixer(block=block, probability=probability, key=Key.from_seed(5), **parameters)
    plan = mixer.plan(labels, *images.shape[1:3])
    return Pair.of_arrays(images, plan.apply(images), labels, block=block, source_map=plan)


def report_pair():
    """60 generated faces of 75 x 75 pixels, mixed in blocks of 15 x 15."""
    images = np.stack([face(number % 2, number)[::3, ::3] for number in range(60)])
    plan = BlockMixer(block=15, key=Key.from_seed(0)).plan(LABELS, *images.shape[1:3])
    return Pair.of_arrays(images, plan.apply(images), LABELS, block=15, source_map=plan)


def growing_ratio(_label):
    """Log-likelihood ratios that grow with the number of blocks, for any label."""
    return np.arange(300.0)
