"""What all jobs have in common: frames in groups, results in rows, files that come into sight at the end."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from facestream.config import JobOptions
from facestream.engines import Engine
from facestream.errors import JobStopped, OutputError
from facestream.extraction.grouping import FrameGroup, group_frames
from facestream.extraction.profile import Profile
from facestream.extraction.reading import ReadAhead
from facestream.extraction.threads import decoder_threads
from facestream.io.clock import FrameClock
from facestream.io.row_schedule import schedule_rows
from facestream.io.row_writer import RowWriter
from facestream.io.source import Source, open_source
from facestream.outputs import OutputPlan, check_outputs
from facestream.structures import Frame, FrameDetections, FrameMeshes, Progress, Summary, VideoInfo
from facestream.version import __version__

__all__ = ["Work", "constant_rate", "iter_rows", "read_groups", "run_job"]

_log = logging.getLogger(__name__)

NUM_GROUPS_AT_ONCE = 3
"""While one waits for its last networks, those of the others run."""

Result = TypeVar("Result", bound=FrameMeshes | FrameDetections)


class Work(Protocol[Result]):
    """What one kind of job does with frames."""

    @property
    def options(self) -> JobOptions: ...

    @property
    def max_faces(self) -> int:
        """How many faces a frame may have."""
        ...

    @property
    def device(self) -> str: ...

    @property
    def engines(self) -> Mapping[str, Engine]:
        """By the name of the network; the first one names engine and precision."""
        ...

    @property
    def profile(self) -> Profile:
        """Where the time of the work went."""
        ...

    @property
    def cell_length(self) -> int:
        """How many frames of the source depend on each other; known when the work has begun."""
        ...

    def begin(self, info: VideoInfo) -> None:
        """The source is open."""
        ...

    def prepare(self, frames: Sequence[Frame], following: Frame | None) -> Callable[[], Sequence[Result]]:
        """What finds the results of frames of whole cells, which come in order; one follows.

        It may be called in another thread while others are running, and is begun in order.
        """
        ...

    def row_writers(self, plan: OutputPlan) -> Iterator[Callable[[], RowWriter[Result]]]:
        """How to begin each output of the plan that has rows."""
        ...

    def draw(self, image: npt.NDArray[np.uint8], result: Result) -> npt.NDArray[np.uint8]:
        """A copy of the frame's image with what was found in it."""
        ...

    def warnings(self) -> Iterator[str]:
        """After the last frame: what the user should know."""
        ...


def run_job(
    plan: OutputPlan,
    open_work: Callable[[], Work[Result]],
    options: JobOptions,
    on_progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
) -> Summary:
    """Read the plan's source, find, and write the plan's outputs; ``open_work`` loads the networks."""
    started = time.perf_counter()
    plan.settle()
    check_outputs(plan)
    work = open_work()
    opened = time.perf_counter()
    _keep_opencv_to_one_thread()
    with closing(open_source(plan.source, decoder_threads(options.num_threads))) as frames, ExitStack() as cleanup:
        job = _Job(plan, frames, work, cleanup)

        def tell() -> None:
            if on_progress is not None:
                seconds = time.perf_counter() - opened
                on_progress(Progress(job.num_passed, frames.info.num_frames_header, seconds))

        tell()
        with find_results(frames, work) as found:
            for group, results in found:
                if should_stop is not None and should_stop():
                    raise JobStopped(f"{plan.source}: stopped after {job.num_passed} frames; nothing was written")
                with work.profile.stage("write"):
                    job.write(group, results)
                tell()
        warnings = job.finish()
    return job.summarize(warnings, started, opened)


def iter_rows(source: Path, work: Work[Result]) -> Iterator[Result]:
    """The result of each row of a source, without writing anything; what the user should know is logged."""
    _keep_opencv_to_one_thread()
    with closing(open_source(source, decoder_threads(work.options.num_threads))) as frames:
        work.begin(frames.info)
        with find_results(frames, work) as found:
            for group, results in found:
                for (_, num_rows), result in zip(group.scheduled, results, strict=True):
                    yield from [result] * num_rows
        for warning in work.warnings():
            _log.warning("%s: %s", source, warning)
        if frames.shortfall is not None:
            _log.warning("%s: incomplete: %s", source, frames.shortfall)


@contextmanager
def read_groups(
    source: Source, options: JobOptions, cell_length: int, profile: Profile | None = None
) -> Iterator[Iterator[FrameGroup]]:
    """The frames of a source that have rows, in groups; more are decoded meanwhile, unless one thread must do all."""
    scheduled = schedule_rows(source, constant_rate(options), source.info)
    if profile:
        scheduled = profile.making("decode", scheduled)
    max_bytes = options.frame_memory_mb * 1_000_000 // (1 + NUM_GROUPS_AT_ONCE)
    with ExitStack() as cleanup:
        if options.num_threads != 1:
            scheduled = cleanup.enter_context(ReadAhead(scheduled, max(cell_length, options.batch_size), max_bytes))
        yield group_frames(scheduled, cell_length, options.batch_size, max_bytes)


@contextmanager
def find_results(source: Source, work: Work[Result]) -> Iterator[Iterator[tuple[FrameGroup, Sequence[Result]]]]:
    """The groups of a source and their results, in order; later groups are looked at meanwhile."""
    with read_groups(source, work.options, work.cell_length, work.profile) as groups, ExitStack() as cleanup:
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


def _keep_opencv_to_one_thread() -> None:
    """Several small images are made at once; threads of its own, which wait by spinning, cost 4 % of all time."""
    import cv2

    cv2.setNumThreads(1)


def constant_rate(options: JobOptions) -> Fraction | None:
    """The rate of the rows, as exact as it was typed."""
    return None if options.rate_hz is None else Fraction(str(float(options.rate_hz)))


class _Job(Generic[Result]):
    """The writers of one run, and what is counted on the way."""

    def __init__(self, plan: OutputPlan, source: Source, work: Work[Result], cleanup: ExitStack) -> None:
        self.num_passed = 0
        """Frames of the source up to the last one that was looked at."""
        self._num_frames = self._num_rows = self._num_resized = 0
        self._num_frames_by_count = Counter[int]()
        self._plan = plan
        self._source = source
        self._work = work
        info = source.info
        self._clock = FrameClock(info.rate_hz, info.tick_s, constant_rate(work.options))
        work.begin(info)
        overlay_path = plan.overlay_path(info)
        if overlay_path:
            check_outputs(plan, overlay_path)
        self._row_writers: list[RowWriter[Result]] = []
        for create in work.row_writers(plan):
            writer = create()
            cleanup.callback(writer.discard)
            self._row_writers.append(writer)
        self._overlay = None
        if overlay_path:
            from facestream.drawing.overlay import open_overlay

            self._overlay = open_overlay(overlay_path, info)
            cleanup.callback(self._overlay.discard)
        self._writers: list[_Output] = [*self._row_writers, *([self._overlay] if self._overlay else [])]
        self.output_paths = tuple(path for writer in self._writers for path in writer.paths)

    def write(self, group: FrameGroup, results: Sequence[Result]) -> None:
        for (frame, num_rows), result in zip(group.scheduled, results, strict=True):
            self.num_passed = frame.index + 1
            self._num_frames += 1
            self._num_rows += num_rows
            self._num_resized += frame.size != (self._source.info.width, self._source.info.height)
            self._num_frames_by_count[len(result)] += 1
            for _ in range(num_rows):
                self._clock.add(frame.timestamp_s)
                for writer in self._row_writers:
                    with _named(writer.paths[0]):
                        writer.write(result)
            if self._overlay is not None:
                with _named(self._overlay.paths[0]):
                    self._overlay.write(self._work.draw(frame.image, result), frame)

    def finish(self) -> tuple[str, ...]:
        """Complete all outputs, then bring them into sight; the answer is what the user should be warned of."""
        meta = self._meta()
        for writer in self._writers:
            with _named(writer.paths[0]):
                writer.finish(self._clock, meta)
        for writer in self._writers:
            writer.commit()
        warnings = tuple(self._warnings())
        for warning in warnings:
            _log.warning("%s: %s", self._source.info.path, warning)
        return warnings

    def summarize(self, warnings: tuple[str, ...], started: float, opened: float) -> Summary:
        """How the job ended, ``started`` and ``opened`` being moments of ``time.perf_counter``."""
        finished = time.perf_counter()
        engine = next(iter(self._work.engines.values()))
        return Summary(
            input=self._plan.source,
            outputs=self.output_paths,
            num_frames=self._num_frames,
            num_rows=self._num_rows,
            num_frames_by_face=self._num_frames_by_face,
            complete=self._source.shortfall is None,
            reason=self._source.shortfall,
            seconds=finished - opened,
            total_seconds=finished - started,
            device=self._work.device,
            engine=engine.name,
            precision=engine.precision,
            warnings=warnings,
            stages=self._work.profile.stages,
        )

    @property
    def _num_frames_by_face(self) -> tuple[int, ...]:
        """How many frames have a first face, a second one, and so on."""
        counts = self._num_frames_by_count.items()
        return tuple(sum(n for count, n in counts if count > face) for face in range(self._work.max_faces))

    def _warnings(self) -> Iterator[str]:
        yield from self._source.notes
        if self._source.shortfall is not None:
            yield f"incomplete: {self._source.shortfall}; the outputs hold the {self._num_rows} rows before that"
        yield from self._work.warnings()
        if self._num_resized:
            yield (
                f"{self._num_resized} frames have another size than the first; pixels in npz and csv are each "
                "frame's own, fractions in streams are not affected"
            )
        if set(self._num_frames_by_count) <= {0}:
            yield "no face was found in any frame; every row is missing"
        if self._plan.streams and self._work.options.rate_hz is None:
            yield from self._clock_warnings()
        for writer in self._row_writers:
            yield from writer.notes

    def _clock_warnings(self) -> Iterator[str]:
        """A stream knows the time of a row by its rate only."""
        rate_hz = float(self._clock.rate_hz)
        if self._clock.has_jumped_back:
            yield "time stamps jump back, which a stream cannot tell; npz and csv hold them as they are"
        elif self._clock.drift_s * rate_hz > 0.5:
            yield (
                f"variable frame rate: by the stream's rate a row is up to {self._clock.drift_s * 1000:.0f} ms off its "
                f"frame; npz and csv hold the exact time stamps, and --rate {rate_hz:.3g} writes rows on a constant "
                "clock"
            )

    def _meta(self) -> dict[str, Any]:
        """What an archive says of how it was made."""
        info, work = self._source.info, self._work
        engine = next(iter(work.engines.values()))
        return {
            "version": __version__,
            "source": info.path.name,
            "weights_sha256": {name: engine.weights_sha256 for name, engine in work.engines.items()},
            "options": {
                name: str(value) if isinstance(value, Path) else value
                for name, value in dataclasses.asdict(work.options).items()
            },
            "device": work.device,
            "engine": engine.name,
            "precision": engine.precision,
            "rotation_deg": info.rotation_deg,
            "mirrored": info.mirrored,
            "pixel_aspect": info.pixel_aspect,
            "rate_hz": float(self._clock.rate_hz),
            "detect_every": work.cell_length,
            "complete": self._source.shortfall is None,
            "reason": self._source.shortfall,
        }


class _Output(Protocol):
    """What outputs of rows and overlays have in common."""

    @property
    def paths(self) -> tuple[Path, ...]: ...

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None: ...

    def commit(self) -> None: ...


class _named:  # noqa: N801 - used as a word of the language
    """Errors of the disk, under the name of the output that they hit."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError):
            raise OutputError(f"{self._path}: cannot be written ({error.strerror or error})") from error
