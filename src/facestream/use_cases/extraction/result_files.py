"""The files that a job writes, row by row. They appear together at the end."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self

from facestream.errors import OutputError
from facestream.formats.row_writer import RowWriter
from facestream.media.clock import FrameClock
from facestream.structures import Frame, Summary, VideoInfo
from facestream.use_cases.extraction.work import FoundRows, Result, constant_rate
from facestream.use_cases.outputs.plan import OutputPlan, check_outputs
from facestream.version import __version__

__all__ = ["ResultFiles"]

_log = logging.getLogger(__name__)


class ResultFiles(Generic[Result]):
    """The writers of one run and its counts. Leaving the ``with`` block removes unfinished files."""

    def __init__(self, plan: OutputPlan, info: VideoInfo, work: FoundRows[Result]) -> None:
        """Open the outputs of a plan for the source that ``info`` describes and the results of ``work``."""
        self.num_passed = 0
        """Number of frames of the source, or of the time range, up to the last processed one."""
        self._first: tuple[int, float] | None = None
        """Number and timestamp of the first frame."""
        self._num_frames = self._num_rows = self._num_resized = 0
        self._num_frames_by_count = Counter[int]()
        self._plan = plan
        self._info = info
        self._work = work
        self._shortfall: str | None = None
        self._warnings: tuple[str, ...] = ()
        self._cleanup = ExitStack()
        self._clock = FrameClock(info.rate_hz, info.tick_s, constant_rate(work.options))
        overlay_path = plan.overlay_path(info)
        if overlay_path:
            check_outputs(plan, overlay_path)
        self._row_writers: list[RowWriter[Result]] = []
        self._overlay = None
        with ExitStack() as until_all_are_open:
            until_all_are_open.push(self)
            for create in work.row_writers(plan):
                writer = create()
                self._cleanup.callback(writer.discard)
                self._row_writers.append(writer)
            if overlay_path:
                from facestream.drawing.overlay import open_overlay

                self._overlay = open_overlay(overlay_path, info)
                self._cleanup.callback(self._overlay.discard)
            until_all_are_open.pop_all()
        self._writers: list[_Output] = [*self._row_writers, *([self._overlay] if self._overlay else [])]
        self.paths = tuple(path for writer in self._writers for path in writer.paths)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def write(self, result: Result, num_rows: int) -> None:
        """Write the result of the next frame to ``num_rows`` rows."""
        self._first = (result.index, result.timestamp_s) if self._first is None else self._first
        self.num_passed = result.index + 1 - (self._first[0] if self._work.options.is_partial else 0)
        self._num_frames += 1
        self._num_rows += num_rows
        self._num_resized += result.size != (self._info.width, self._info.height)
        self._num_frames_by_count[len(result)] += 1
        for _ in range(num_rows):
            self._clock.add(result.timestamp_s)
            for writer in self._row_writers:
                with _named(writer.paths[0]):
                    writer.write(result)

    def draw(self, frame: Frame, result: Result) -> None:
        """Draw the result of a frame on it, if an overlay is wanted."""
        if self._overlay is not None:
            with _named(self._overlay.paths[0]):
                self._overlay.write(self._work.draw(frame.image, result), frame)

    def finish(self, shortfall: str | None, notes: tuple[str, ...]) -> None:
        """Complete all outputs, then rename them to their final names. Warnings are logged.

        Args:
            shortfall: why frames of the source are missing, if so.
            notes: what the user should know of how the source was read.
        """
        self._shortfall = shortfall
        meta = self._meta()
        for writer in self._writers:
            with _named(writer.paths[0]):
                writer.finish(self._clock, meta)
        for writer in self._writers:
            writer.commit()
        self._warnings = (*notes, *self._find_warnings())
        for warning in self._warnings:
            _log.warning("%s: %s", self._info.path, warning)

    def summarize(self, started: float, opened: float) -> Summary:
        """Return the summary of the job; ``started`` and ``opened`` are times of ``time.perf_counter``."""
        finished = time.perf_counter()
        engine = next(iter(self._work.engines.values()))
        return Summary(
            input=self._plan.source,
            outputs=self.paths,
            num_frames=self._num_frames,
            num_rows=self._num_rows,
            num_frames_by_face=self._num_frames_by_face,
            complete=self._shortfall is None,
            reason=self._shortfall,
            seconds=finished - opened,
            total_seconds=finished - started,
            device=self._work.device,
            engine=engine.name,
            precision=engine.precision,
            warnings=self._warnings,
            stages=self._work.profile.stages,
        )

    @property
    def _num_frames_by_face(self) -> tuple[int, ...]:
        """The number of frames that have a first face, a second one, and so on."""
        counts = self._num_frames_by_count.items()
        return tuple(sum(n for count, n in counts if count > face) for face in range(self._work.max_faces))

    def _find_warnings(self) -> Iterator[str]:
        if self._shortfall is not None:
            yield f"incomplete: {self._shortfall}; the outputs hold the {self._num_rows} rows before that"
        yield from self._work.warnings()
        if self._num_resized:
            yield (
                f"{self._num_resized} frames have another size than the first; pixels in npz and csv are each "
                "frame's own, fractions in streams are not affected"
            )
        if set(self._num_frames_by_count) <= {0}:
            yield "no face was found in any frame; every row is missing"
        if "stream" in self._plan.files and self._work.options.rate_hz is None:
            yield from self._clock_warnings()
        for writer in self._row_writers:
            yield from writer.notes

    def _clock_warnings(self) -> Iterator[str]:
        """Warn about timestamps that the constant rate of a stream cannot express."""
        rate_hz = float(self._clock.rate_hz)
        if self._clock.has_jumped_back:
            yield "timestamps jump back, which a stream cannot tell; npz and csv hold them as they are"
        elif self._clock.drift_s * rate_hz > 0.5:
            yield (
                f"variable frame rate: by the stream's rate a row is up to {self._clock.drift_s * 1000:.0f} ms off its "
                f"frame; npz and csv hold the exact timestamps, and --rate {rate_hz:.3g} writes rows on a constant "
                "clock"
            )

    def _describe_part(self) -> dict[str, Any] | None:
        """Return where the rows begin in the clip, if they are those of a time range."""
        if self._first is None or not self._work.options.is_partial:
            return None
        return {"first_frame": self._first[0], "start_s": self._first[1] - self._info.start_s}

    def _meta(self) -> dict[str, Any]:
        """Return what archives and tables record about how they were made."""
        info, work = self._info, self._work
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
            "detect_every": work.detection_interval,
            "part": self._describe_part(),
            "complete": self._shortfall is None,
            "reason": self._shortfall,
        }


class _Output(Protocol):
    """What outputs of rows and overlays have in common."""

    @property
    def paths(self) -> tuple[Path, ...]: ...

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None: ...

    def commit(self) -> None: ...


class _named:  # noqa: N801 - used as a word of the language
    """Turns disk errors into errors that name the output."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError):
            raise OutputError(f"{self._path}: cannot be written ({error.strerror or error})") from error
