"""The use case: a batch from its words to its end."""

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
"""Of a segment, so that finding its first frame and beginning anew cost little beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """How a batch ended."""

    plan: Plan
    num_done: int
    """With those that were done before."""
    num_partial: int
    num_failed: int
    """With words that stand for nothing."""
    seconds: float
    state: Path
    """The folder of journal and log."""
    failures: Path | None
    """The table of what failed."""

    @property
    def is_whole(self) -> bool:
        return not self.num_failed and not self.num_partial


class BatchObserver(Observer, Protocol):
    """Who is told of everything, from the plan to the end."""

    def planning(self, num_items: int) -> None:
        """So many items were planned until now."""
        ...

    def planned(self, plan: Plan, journal: Journal, out: str) -> None:
        """All were; the work begins."""
        ...

    def working(self, description: str, num_workers: int) -> None:
        """Who will do it."""
        ...


def run_batch(
    words: Sequence[str], out: str, options: MeshOptions, settings: BatchOptions, observer: BatchObserver
) -> BatchSummary:
    """Plan a batch and do what is to be done of it.

    Args:
        words: folders, patterns, lists, tables, files and addresses.
        out: the output folder, which is made where it is missing, or an address.
        options: of all items, as far as a table says nothing else.
        settings: of the batch.
        observer: is told of everything.

    Raises:
        OptionError: options that do not go together.
        SourceError: a list cannot be read.
        OutputError: two items would write one file, another batch has the folder, or the disk is full.
        JobStopped: Ctrl-C was pressed.
        FacestreamError: no worker can work.
    """
    started = time.perf_counter()
    if options.boxes is not None or isinstance(options.overlay, Path):
        raise OptionError("boxes and overlays of a batch belong to one item each: name boxes in a table, no file")
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
            find_items(words, are_sequences=options.sequence_hz is not None),
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
    # Who asks for a number gets it, whatever a segment costs.
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
        return "a process with all cores"
    each = "" if sizing.num_workers == 1 else " each"
    threads = "a thread" if sizing.num_threads == 1 else f"{sizing.num_threads} threads"
    return f"{'processes' if each else 'a process'} with {threads}{each}"


def _environments(sizing: Sizing) -> list[dict[str, str]]:
    """Of each worker: where there are several GPUs, it sees one."""
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
    """The journal as it is, for a plan that changes nothing; a damaged one file by file."""
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
        raise OutputError(f"{folder}: the output folder cannot be made ({error.strerror or error})") from error
    check_folder(folder)
