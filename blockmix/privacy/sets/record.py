"""The record that `blockmix mix` leaves in a folder, as far as a report needs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blockmix.datasets.folder.destination import RECORD
from blockmix.errors import InputError
from blockmix.forecasting.forecast import forecast
from blockmix.grid import BlockGrid
from blockmix.probability import check_probability
from blockmix.support.arguments import whole_number


@dataclass(frozen=True)
class Record:
    """The checked entries of ``blockmix.json`` that a report needs."""

    grid: BlockGrid
    grey: bool
    names_kept: bool
    parameters: Mapping[str, Any]  # "sources", "rounds", "probability", "grouped"
    labels: Mapping[str, int]  # number of mixed images of each label
    originals: str  # see `originals_digest`
    smallest_cohorts: Mapping[str, int]
    cohorts: int
    private: bool

    @classmethod
    def read(cls, mixed: Path) -> Record:
        """Read and check the record of a mixed folder.

        Raises
        ------
        InputError
            If the folder has no record, or blockmix did not write it.
        """
        path = mixed / RECORD
        try:
            return cls._parse(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(
                f"{mixed} is not a finished result of blockmix: it holds no {RECORD}"
            ) from None
        except (
            OSError,
            LookupError,
            ValueError,
            TypeError,
            AttributeError,
            OverflowError,
        ) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else error
            raise InputError(f"{path} is not a record that blockmix wrote: {reason}") from None
        except RecursionError:
            raise InputError(f"{path} is not a record that blockmix wrote") from None

    @classmethod
    def _parse(cls, content: Any) -> Record:
        row_edges, col_edges = (
            [whole_number("an edge of the grid", edge, 0, 2**31) for edge in content["grid"][name]]
            for name in ("row_edges", "col_edges")
        )
        parameters = {
            name: content["parameters"][name] for name in ("sources", "rounds", "probability")
        }
        forecast(2**31, **parameters)  # checks them
        parameters["probability"] = check_probability(parameters["probability"])
        parameters["grouped"] = content["parameters"].get("groups") is True
        return cls(
            grid=BlockGrid(tuple(row_edges), tuple(col_edges)),
            grey=content["files"]["grey"] is True,
            names_kept=content["files"]["names"] == "keep",
            parameters=parameters,
            labels=_counts(content["labels"]),
            originals=str(content["originals"]),
            smallest_cohorts=_counts(content["smallest_cohorts"]),
            cohorts=whole_number("cohorts", content["cohorts"], 1, 2**31),
            private=content["private"] is True,
        )


def _counts(entries: Mapping[str, Any]) -> dict[str, int]:
    return {label: whole_number("a count", count, 1, 2**31) for label, count in entries.items()}
