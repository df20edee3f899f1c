"""The tables of a record, in Markdown: Table IV, forecast beside measurement, and attacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from blockmix.bench.common import paper
from blockmix.bench.common.markdown import table
from blockmix.bench.common.paper import SOURCES
from blockmix.bench.privacy.measuring import BLOCKS
from blockmix.privacy import balanced

Report = dict[str, Any]


def tables(rows: list[Report]) -> dict[str, str]:
    """Every table in Markdown, by the name of its marks."""
    return {
        "privacy-overview": _overview(rows),
        "ssim": _table_iv(rows),
        "forecasts": _beside_forecast(rows),
        "attacks": _attacks(rows),
    }


def _overview(rows: list[Report]) -> str:
    """A few figures of a few ways of mixing, in 64 blocks."""
    at_64 = {
        (row["parameters"]["rounds"], row["parameters"]["probability"]): row
        for row in rows
        if row["grid"]["blocks"] == 64
    }
    named = [at_64[way] | {"name": name} for way, name in _OVERVIEW.items()]
    columns: dict[str, Callable[[Report], str]] = {
        "10 sources, 64 blocks": lambda row: row["name"],
        "own blocks kept": lambda row: f"{row['situations']['own_kept']:.1%}",
        "linked": lambda row: f"{row['linkage']['jointly']['value']:.1%}",
        "recognised": lambda row: f"{row['identity']['rank_1']['value']:.1%}",
        "put together again": lambda row: f"{row['reassembly']['right']['value']:.1%}",
        "SSIM": lambda row: f"{row['similarity']['ssim']['value']:.2f}",
        "two different originals": lambda row: f"{row['similarity']['ssim_floor']['value']:.2f}",
    }
    return table(columns, named)


def _table_iv(rows: list[Report]) -> str:
    """SSIM against the number of blocks, beside the paper's."""
    table_iv_rows = rows[: len(paper.BLOCKS)]
    wiki, cnbc = (
        dict(zip(paper.BLOCKS, values, strict=True)) for values in paper.TABLE_IV.values()
    )
    columns: dict[str, Callable[[Report], str]] = {
        "blocks": lambda row: f"{row['grid']['blocks']}",
        "SSIM (95 % interval)": lambda row: interval(row["similarity"]["ssim"]),
        "two different originals": lambda row: f"{row['similarity']['ssim_floor']['value']:.3f}",
        "paper, WIKI": lambda row: f"{wiki[row['grid']['blocks']]:.3f}",
        "paper, CNBC": lambda row: f"{cnbc[row['grid']['blocks']]:.3f}",
    }
    return table(columns, table_iv_rows)


def _beside_forecast(rows: list[Report]) -> str:
    """Measurement / forecast, for each way of mixing."""
    columns = WAY | {
        "own kept": lambda row: _situation(row, "own_kept", 4),
        "erased": lambda row: _situation(row, "erased", 4),
        "more than once": lambda row: _situation(row, "repeated", 4),
        "sources of an image": lambda row: _situation(row, "distinct_sources", 2),
        "linked one by one": lambda row: (
            f"{row['linkage']['by_blocks']['value']:.4f} / {row['forecast']['linked']:.4f}"
        ),
        "put together again": lambda row: (
            f"{row['reassembly']['right']['value']:.2f} / {row['forecast']['reassembled']:.2f}"
        ),
    }
    return table(columns, in_order(rows))


def _attacks(rows: list[Report]) -> str:
    """Success of attacks, with 95 % intervals."""
    columns = WAY | {
        "linked all at once": lambda row: interval(row["linkage"]["jointly"]),
        "linked by pixels": lambda row: interval(row["linkage"]["by_pixels"]),
        "recognised first": lambda row: interval(row["identity"]["rank_1"]),
        "seams (AUC)": lambda row: interval(row["seams"]["auc"]),
    }
    return table(columns, in_order(rows))


_OVERVIEW = {
    (1, 0.5): "the paper's defaults: one round, probability 0.5",
    (1, balanced(SOURCES)): "one round, balanced (10/11)",
    (3, balanced(SOURCES)): "three rounds, balanced (10/11)",
}
WAY: dict[str, Callable[[Report], str]] = {
    "blocks": lambda row: f"{row['grid']['blocks']}",
    "rounds": lambda row: f"{row['parameters']['rounds']}",
    "probability": lambda row: f"{row['parameters']['probability']:.3f}",
}


def in_order(rows: list[Report]) -> list[Report]:
    """Rows with a number of blocks in `BLOCKS`, by rounds, probability and blocks."""
    selected = [row for row in rows if row["grid"]["blocks"] in BLOCKS]
    return sorted(
        selected,
        key=lambda row: (
            row["parameters"]["rounds"],
            row["parameters"]["probability"],
            row["grid"]["blocks"],
        ),
    )


def _situation(row: Report, name: str, digits: int) -> str:
    """Measurement / forecast of a situation."""
    return f"{row['situations'][name]:.{digits}f} / {row['forecast'][name]:.{digits}f}"


def interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
