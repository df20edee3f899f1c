"""What tests of privacy are made of: faces, pairs of sets, and the schema of a report."""

import json
from functools import cache
from importlib.resources import files

import numpy as np

from blockmix import BlockMixer, Key
from blockmix.bench.common.faces import face
from blockmix.privacy import Pair

SCHEMA = json.loads((files("blockmix.privacy.report") / "schema.json").read_text())
# A small set for attacks: so many smooth faces of two labels, so large, in blocks of 24 x 24.
FACES, SIDE = 40, 96
ALL_FACES = np.arange(FACES)
# A larger one for reports, whose blocks are 15 x 15.
LABELS = ["cat", "dog"] * 30


@cache
def smooth_faces():
    """Generated faces of two labels, without grain to speak of; read-only."""
    images = np.stack([face(number % 2, number)[16:208:2, 16:208:2] for number in range(FACES)])
    images.flags.writeable = False
    return images


def mixed_pair(images, probability, block=24, **parameters):
    """Images of two labels, the same images mixed, and the map."""
    labels = np.arange(len(images)) % 2
    mixer = BlockMixer(block=block, probability=probability, key=Key.from_seed(5), **parameters)
    plan = mixer.plan(labels, *images.shape[1:3])
    return Pair.of_arrays(images, plan.apply(images), labels, block=block, source_map=plan)


def report_pair():
    """60 generated faces of 75 x 75 and their mixed images."""
    images = np.stack([face(number % 2, number)[::3, ::3] for number in range(60)])
    plan = BlockMixer(block=15, key=Key.from_seed(0)).plan(LABELS, *images.shape[1:3])
    return Pair.of_arrays(images, plan.apply(images), LABELS, block=15, source_map=plan)


def growing_ratio(_label):
    """Log-likelihood ratios that grow with the number of blocks, for any label."""
    return np.arange(300.0)
