"""The loop that all jobs share: frames are read in groups, results are written row by row, files appear at the end."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path

from facestream.config import JobOptions
from facestream.errors import JobStopped
from facestream.media.source import Source, open_source
from facestream.media.video.span import SpanError
from facestream.structures import Progress, Summary
from facestream.use_cases.extraction.grouping import FrameGroup, Scheduled, group_frames
from facestream.use_cases.extraction.profile import Profile
from facestream.use_cases.extraction.reading import ReadAhead
from facestream.use_cases.extraction.result_files import ResultFiles
from facestream.use_cases.extraction.threads import decoder_threads
from facestream.use_cases.extraction.time_range import expected_frames, schedule_source, sequence_rate
from facestream.use_cases.extraction.work import Result, Work
from facestream.use_cases.outputs.plan import OutputPlan, check_outputs

__all__ = ["find_results", "iter_rows", "keep_opencv_to_one_thread", "read_groups", "run_job"]

_log = logging.getLogger(__name__)

NUM_GROUPS_AT_ONCE = 3
"""While one group waits for its last passes, those of the others run."""


def run_job(
    plan: OutputPlan,
    open_work: Callable[[], Work[Result]],
    options: JobOptions,
    on_progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
) -> Summary:
    """Process the source of a plan and write its outputs; ``open_work`` loads the networks."""
    started = time.perf_counter()
    plan.settle()
    check_outputs(plan)
    try:
        return _run(plan, open_work(), options, on_progress, should_stop, started=started, may_jump=True)
    except SpanError:
        # Before a part of a clip its frames are passed over by its index, which is wrong here.
        return _run(plan, open_work(), options, on_progress, should_stop, started=started, may_jump=False)


def _run(
    plan: OutputPlan,
    work: Work[Result],
    options: JobOptions,
    on_progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
    *,
    started: float,
    may_jump: bool,
) -> Summary:
    opened = time.perf_counter()
    keep_opencv_to_one_thread()
    with closing(_open(plan.source, options)) as source:
        work.begin(source.info)
        expected = expected_frames(source.info, options)
        with ResultFiles(plan, source.info, work) as files:

            def tell() -> None:
                if on_progress is not None:
                    on_progress(Progress(files.num_passed, expected, time.perf_counter() - opened))

            tell()
            with (
                schedule_source(source, options, work.detection_interval, may_jump=may_jump) as scheduled,
                find_results(scheduled, work) as found,
            ):
                for group, results in found:
                    if should_stop is not None and should_stop():
                        raise JobStopped(f"{plan.source}: stopped after {files.num_passed} frames; nothing was written")
                    with work.profile.stage("write"):
                        for (frame, num_rows), result in zip(group.scheduled, results, strict=True):
                            if num_rows:
                                files.write(result, num_rows)
                                files.draw(frame, result)
                    tell()
            files.finish(source.shortfall, source.notes)
    return files.summarize(started, opened)


def iter_rows(source: Path, work: Work[Result]) -> Iterator[Result]:
    """Iterate over the result of each row of a source without writing anything. Warnings are logged."""
    keep_opencv_to_one_thread()
    with closing(_open(source, work.options)) as frames:
        work.begin(frames.info)
        num_given = 0
        try:
            for result in _iter_results(frames, work, may_jump=True):
                num_given += 1
                yield result
        except SpanError:
            # As in ``run_job``; results are the same each time.
            work.begin(frames.info)
            yield from islice(_iter_results(frames, work, may_jump=False), num_given, None)
        for warning in work.warnings():
            _log.warning("%s: %s", source, warning)
        if frames.shortfall is not None:
            _log.warning("%s: incomplete: %s", source, frames.shortfall)


def _iter_results(source: Source, work: Work[Result], *, may_jump: bool) -> Iterator[Result]:
    with (
        schedule_source(source, work.options, work.detection_interval, may_jump=may_jump) as scheduled,
        find_results(scheduled, work) as found,
    ):
        for group, results in found:
            for (_, num_rows), result in zip(group.scheduled, results, strict=True):
                yield from [result] * num_rows


def _open(source: Path, options: JobOptions) -> Source:
    return open_source(source, decoder_threads(options.num_threads), sequence_hz=sequence_rate(options))


@contextmanager
def read_groups(
    scheduled: Iterable[Scheduled], options: JobOptions, detection_interval: int, profile: Profile | None = None
) -> Iterator[Iterator[FrameGroup]]:
    """Iterate over groups of frames that have rows. Later frames are decoded in parallel, unless only one thread is
    allowed."""
    scheduled = iter(scheduled)
    if profile:
        scheduled = profile.making("decode", scheduled)
    max_bytes = options.frame_memory_mb * 1_000_000 // (1 + NUM_GROUPS_AT_ONCE)
    with ExitStack() as cleanup:
        if options.num_threads != 1:
            scheduled = cleanup.enter_context(
                ReadAhead(scheduled, max(detection_interval, options.batch_size), max_bytes)
            )
        yield group_frames(scheduled, detection_interval, options.batch_size, max_bytes)


@contextmanager
def find_results(
    scheduled: Iterable[Scheduled], work: Work[Result]
) -> Iterator[Iterator[tuple[FrameGroup, Sequence[Result]]]]:
    """Iterate over groups of frames and their results, in order. Later groups are processed in parallel."""
    with read_groups(scheduled, work.options, work.detection_interval, work.profile) as groups, ExitStack() as cleanup:
        if work.options.num_threads == 1:
            yield ((group, work.prepare(group.frames, group.following)()) for group in groups)
            return
        pool = cleanup.enter_context(ThreadPoolExecutor(NUM_GROUPS_AT_ONCE, "facestream-worker"))
        running: deque[tuple[FrameGroup, Future[Sequence[Result]]]] = deque()
        cleanup.callback(lambda: [future.cancel() for _, future in running])

        def results() -> Iterator[tuple[FrameGroup, Sequence[Result]]]:
            for group in groups:
                running.append((group, pool.submit(work.prepare(group.frames, group.following))))
                del group
                if len(running) == NUM_GROUPS_AT_ONCE:
                    yield take_first()
            while running:
                yield take_first()

        def take_first() -> tuple[FrameGroup, Sequence[Result]]:
            group, future = running.popleft()
            return group, future.result()

        yield results()


def keep_opencv_to_one_thread() -> None:
    """Keep OpenCV to one thread: several crops are cut at once, and its own threads, which spin, cost 4 % of the
    time."""
    import cv2

    cv2.setNumThreads(1)
