"""Run a batch, from its sources to its summary."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from facestream.batch.driver import BatchDriver, Observer
from facestream.batch.failures import write_failures
from facestream.batch.journal import FILE_NAME, Journal, State
from facestream.batch.plan import Plan, make_plan
from facestream.batch.recovery import Recovery
from facestream.batch.settings import BatchOptions
from facestream.batch.sources.expansion import find_items
from facestream.batch.workers.interface import Workers
from facestream.batch.workers.local import LocalWorkers
from facestream.batch.workers.segment_store import SegmentStore
from facestream.batch.workers.sizing import Sizing, size_workers
from facestream.batch.workers.tasks import WorkerSettings
from facestream.config import MeshOptions
from facestream.errors import JobStopped, OptionError, OutputError
from facestream.storage.database import damage_of, look_at_files
from facestream.storage.remote import is_address
from facestream.storage.staging import check_folder, sweep_staged_files

__all__ = ["BatchObserver", "BatchSummary", "run_batch"]

_log = logging.getLogger(__name__)

STATE_NAME, SEGMENTS_NAME, FAILURES_NAME = "facestream-batch", "parts", "failures.csv"

MIN_SEGMENT_FRAMES = 1500
"""Minimum length of a segment, so that seeking to its first frame and starting there costs little in comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """The result of a batch."""

    plan: Plan
    num_done: int
    """Including items done in earlier runs."""
    num_partial: int
    num_failed: int
    """Including sources for which nothing was found."""
    seconds: float
    state: Path
    """The folder with journal and log."""
    failures: Path | None
    """The table of failures."""

    @property
    def is_whole(self) -> bool:
        return not self.num_failed and not self.num_partial


class BatchObserver(Observer, Protocol):
    """Receives all events of a batch, from planning to the end."""

    def planning(self, num_items: int) -> None:
        """This many items have been planned so far."""
        ...

    def planned(self, plan: Plan, journal: Journal, out: str) -> None:
        """All items have been planned, and processing begins."""
        ...

    def working(self, description: str, num_workers: int) -> None:
        """The workers have been chosen."""
        ...


def run_batch(
    sources: Sequence[str], out: str, options: MeshOptions, settings: BatchOptions, observer: BatchObserver
) -> BatchSummary:
    """Plan a batch and process what is not done yet.

    Args:
        sources: Folders, patterns, lists, tables, files and URLs.
        out: The output folder, which is created if it is missing, or a URL.
        options: The options of all items, unless a table overrides them.
        settings: The settings of the batch.
        observer: Receives all events.

    Raises:
        OptionError: Options contradict each other.
        SourceError: A list cannot be read.
        OutputError: Two items would write the same file, another batch uses the folder, or the disk is full.
        JobStopped: Ctrl-C was pressed.
        FacestreamError: No worker is able to run.
    """
    started = time.perf_counter()
    if options.boxes is not None or isinstance(options.overlay, Path):
        raise OptionError("boxes and overlay files belong to one item each: give boxes in a table, and no overlay file")
    out = out.rstrip("/") if is_address(out) else os.path.abspath(out)  # noqa: PTH100 - links are kept as they are
    state = _state_folder(out, settings)
    place = state / FILE_NAME
    with ExitStack() as cleanup:
        if settings.dry_run:
            state = _copy_state(state, Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="facestream-"))))
        elif not is_address(out):
            _make_folder(Path(out))
        journal = cleanup.enter_context(Journal(state))
        recovery = journal.recovery
        if recovery is not None:
            _log.warning("%s", recovery.describe(place, is_dry=settings.dry_run))
        sweep_staged_files(state)
        plan = make_plan(
            journal,
            find_items(sources, are_sequences=options.sequence_hz is not None),
            out,
            options,
            retry_failed=settings.retry_failed,
            by_hash=settings.by_hash,
            limit=settings.limit,
            on_item=observer.planning,
        )
        observer.planned(plan, journal, out)
        if recovery is not None:
            observer.noted(str(place), recovery.describe(place, is_dry=settings.dry_run))
        has_failures = False
        if not settings.dry_run:
            if plan.num_to_do:
                _work(journal, out, options, settings, observer)
            journal.end_run()
            has_failures = write_failures(journal, state / FAILURES_NAME)
        counts = journal.count()
    return BatchSummary(
        plan=plan,
        num_done=counts[State.DONE],
        num_partial=counts[State.PARTIAL],
        num_failed=counts[State.FAILED] + len(plan.failures),
        seconds=time.perf_counter() - started,
        state=state,
        failures=state / FAILURES_NAME if has_failures else None,
    )


def _work(journal: Journal, out: str, options: MeshOptions, settings: BatchOptions, observer: BatchObserver) -> None:
    segments = SegmentStore(f"{out}/{STATE_NAME}/{SEGMENTS_NAME}")
    segments.sweep(journal)
    num_segments = settings.split if isinstance(settings.split, int) else None
    # An explicit number of segments is used even if the segments are short.
    min_segment_frames = MIN_SEGMENT_FRAMES if num_segments is None else 1
    worker_settings = WorkerSettings(
        out=out, segments=segments.place, options=options, min_segment_frames=min_segment_frames
    )
    workers = _open_workers(settings, worker_settings, observer)
    try:
        BatchDriver(journal, workers, observer, segments=segments, num_segments=num_segments).run()
    except JobStopped:
        write_failures(journal, journal.path.with_name(FAILURES_NAME))
        raise
    finally:
        workers.close()
        segments.tidy()


def _open_workers(settings: BatchOptions, worker_settings: WorkerSettings, observer: BatchObserver) -> Workers:
    if settings.ray is not False:
        from facestream.batch.ray.workers import RayWorkers

        address = settings.ray if isinstance(settings.ray, str) else ""
        on_ray = RayWorkers(address, settings.num_workers, settings.ray_gpus, worker_settings)
        observer.working(on_ray.description, on_ray.num_workers)
        return on_ray
    options = worker_settings.options
    sizing = size_workers(settings.num_workers, options)
    observer.working(_describe(sizing), sizing.num_workers)
    bounded = replace(worker_settings, options=replace(options, num_threads=sizing.num_threads))
    return LocalWorkers(sizing.num_workers, bounded, _environments(sizing))


def _describe(sizing: Sizing) -> str:
    if sizing.num_threads is None:
        return "one process with all cores"
    each = "" if sizing.num_workers == 1 else " each"
    threads = "one thread" if sizing.num_threads == 1 else f"{sizing.num_threads} threads"
    return f"{'processes' if each else 'one process'} with {threads}{each}"


def _environments(sizing: Sizing) -> list[dict[str, str]]:
    """Return the environment of each worker; if there are several GPUs, each worker sees one."""
    if sizing.num_gpus < 2:
        return []
    numbers = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(sizing.num_gpus)))).split(",")
    return [
        {**os.environ, "CUDA_VISIBLE_DEVICES": numbers[number % len(numbers)]} for number in range(sizing.num_workers)
    ]


def _state_folder(out: str, settings: BatchOptions) -> Path:
    if settings.state is not None:
        return settings.state
    if not is_address(out):
        return Path(out) / STATE_NAME
    import platformdirs

    digest = hashlib.sha256(out.encode()).hexdigest()[:16]
    return platformdirs.user_state_path("facestream", appauthor=False) / "batch" / digest


def _copy_state(state: Path, folder: Path) -> Path:
    """Copy the journal for a dry run that changes nothing; a damaged one is copied file by file."""
    path = state / FILE_NAME
    if recovery := Recovery.find(state):
        recovery.keep(folder)
    is_damaged = bool(look_at_files(path))
    if path.exists() and not is_damaged:
        source, target = sqlite3.connect(path), sqlite3.connect(folder / FILE_NAME)
        try:
            source.backup(target)
        except sqlite3.Error as error:
            is_damaged = bool(damage_of(error))
            if not is_damaged:
                raise OutputError(f"{path}: the journal cannot be read ({error})") from error
        finally:
            source.close()
            target.close()
    if is_damaged:
        for name in (file.name for file in state.glob(f"{FILE_NAME}*")):
            shutil.copyfile(state / name, folder / name)
    return folder


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: the output folder cannot be created ({error.strerror or error})") from error
    check_folder(folder)
