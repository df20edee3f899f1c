"""One run from a source to a sink: survey, plan, engine, summary."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from blockmix.arrays.location import HOST
from blockmix.backends.dispatch import choose
from blockmix.datasets.engines.interface import Engine
from blockmix.datasets.engines.local import LocalEngine
from blockmix.datasets.group_hint import hint_of_folders, hint_of_likeness
from blockmix.datasets.groups import PARENT
from blockmix.datasets.interfaces import Sink, Source
from blockmix.datasets.options import RunOptions
from blockmix.datasets.pillow_warnings import collecting
from blockmix.datasets.plan import make_plan
from blockmix.datasets.summary import FolderSummary
from blockmix.datasets.survey import survey
from blockmix.mixer import BlockMixer
from blockmix.support.progress import Progress


def run(
    source: Source,
    sink: Sink,
    mixer: BlockMixer,
    options: RunOptions,
    progress: Progress,
    engine: Engine | None = None,
) -> FolderSummary:
    """Mix every sample of a source into a sink; `mix_folder` documents what may be raised.

    Without an engine the threads of this process do the work.
    """
    started = time.perf_counter()
    choose(HOST, None)  # an error if nothing can mix here, before anything is written
    pool = ThreadPoolExecutor(options.workers, "blockmix")
    try:
        samples = source.samples()
        notes = source.check(samples)
        if options.groups == PARENT:
            notes = ()  # of folders below the labels, which are meant
        sink.check()
        with collecting():  # Pillow's warnings, which the decoder judges
            checking = time.perf_counter()
            usable = survey(pool, samples, options.on_error, progress)
            checked = time.perf_counter() - checking
            plan = make_plan(mixer, options, samples, usable)
            sink.claim(plan.record["run"])
            sink.check_names(plan.distinct_outputs(), options.names)
            sink.begin(plan.record)
            engine = engine or LocalEngine(pool, progress)
            outcome = engine.run(plan, sink)
        left_out = [(Path(sample.path), reason) for sample, reason in outcome.left_out]
        summary = FolderSummary(
            images=len(usable.images) - len(left_out),
            written=outcome.written,
            skipped=(*usable.skipped, *left_out),
            seconds=time.perf_counter() - started,
            stage_seconds={"check": checked, **outcome.seconds},
            record=plan.final_record(sample for sample, _ in outcome.left_out),
        )
        sink.finish(summary.to_json())
        if options.groups is None and not notes:
            hint = hint_of_folders(samples) or hint_of_likeness(outcome.hashes)
            notes = (hint,) if hint else ()
        return replace(summary, notes=(*notes, *sink.notes))
    finally:
        pool.shutdown(cancel_futures=True)
        sink.release()
