"""The work of a plan: runs of training, and measurements of what ways protect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from blockmix.bench.utility.data import Data
from blockmix.bench.utility.plan import Plan, Recipe, Way
from blockmix.bench.utility.rows import key_of
from blockmix.support.versions import version

LIBRARIES = ("blockmix", "torch", "keras", "numpy")
_SEED = 0  # of the mixing that is measured

Versions = dict[str, str]


@dataclass(frozen=True)
class Run:
    """A model to be trained on the training set of a way."""

    key: str
    way: Way
    model: str
    recipe: Recipe
    seed: int
    work: int  # images in all steps

    @property
    def pace(self) -> str:
        """What runs have in common that take equally long for equal work."""
        return self.model


@dataclass(frozen=True)
class Measurement:
    """A way whose protection is to be measured."""

    key: str
    way: Way
    seed: int = _SEED
    work: int = 1
    pace: str = "protection"


Job = Run | Measurement


class Jobs:
    """Makes jobs with their keys, which hold all that decides a result.

    Parameters
    ----------
    plan : Plan
    data : Data
    models : sequence of str
        Each counts once.
    device : str
    """

    def __init__(self, plan: Plan, data: Data, models: Sequence[str], device: str) -> None:
        self.plan, self.models = plan, tuple(dict.fromkeys(models))
        self.images = len(data.train)
        self.versions: Versions = {name: version(name) for name in LIBRARIES}
        self.common = {
            "data": {
                name: part and part.listing_sha256()
                for name, part in (
                    ("train", data.train),
                    ("test", data.test),
                    ("validation", data.validation),
                )
            },
            "size": plan.size,
            "versions": self.versions,
            "device": device,
            "threads": 1,
        }

    def runs(self, ways: Iterable[Way], seeds: Iterable[int]) -> Iterator[Run]:
        """Yield every run, seeds outermost, so that a part of them is balanced."""
        ways = list(ways)
        for seed in seeds:
            for model in self.models:
                for way in ways:
                    yield self._run(way, model, seed)

    def measurements(self) -> Iterator[Measurement]:
        """Yield what is measured: every way once, but for its augmentation."""
        for way in dict.fromkeys(way.published() for way in self.plan.ways):
            yield self.measurement(way)

    def measurement(self, way: Way) -> Measurement:
        """Return the measurement of what is published by a way."""
        way = way.published()
        return Measurement(key_of(**self.common, measured=_decides(way), seed=_SEED), way)

    def _run(self, way: Way, model: str, seed: int) -> Run:
        recipe = self.plan.recipe(model)
        key = key_of(
            **self.common, way=_decides(way), model=model, recipe=recipe.describe(), seed=seed
        )
        passes = way.files if way.same_epochs else 1
        work = recipe.steps(self.images) * recipe.batch * passes
        return Run(key, way, model, recipe, seed, work)


def _decides(way: Way) -> dict[str, Any]:
    """What of a way decides its results: not its name."""
    description = way.describe()
    del description["name"]
    return description
