"""The frames that a job processes: all frames of a source, or those of a time range.

The result of a frame depends on the other frames of its detection interval and on the first frame of the next interval.
So whole intervals are processed, and the results equal those of the whole clip; frames outside of the time range get no
row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facestream.clip_times import format_time
from facestream.config import JobOptions
from facestream.errors import SourceError
from facestream.media.pictures.sequence import PictureSequence
from facestream.media.row_schedule import schedule_rows
from facestream.media.source import Source
from facestream.media.video.reader import VideoSource
from facestream.media.video.span import SpanSource, VideoSpan
from facestream.media.video.survey import NotDivisible, survey_video
from facestream.storage.packed_numbers import pack_numbers
from facestream.structures import Frame, VideoInfo
from facestream.use_cases.extraction.grouping import Scheduled
from facestream.use_cases.extraction.threads import decoder_threads
from facestream.use_cases.extraction.work import constant_rate

__all__ = ["count_rows", "expected_frames", "schedule_source", "sequence_rate"]

NO_PIXELS = np.zeros((1, 1, 3), np.uint8)

MIN_FRAMES_TO_JUMP = 300
"""Fewer frames before the time range are decoded in less time than it takes to find a keyframe."""


def sequence_rate(options: JobOptions) -> Fraction | None:
    """Return the rate of numbered pictures, as exact as it was typed."""
    return None if options.sequence_hz is None else Fraction(str(float(options.sequence_hz)))


@contextmanager
def schedule_source(
    source: Source, options: JobOptions, detection_interval: int, *, may_jump: bool = True
) -> Iterator[Iterator[Scheduled]]:
    """Iterate over the frames to process, each with the number of its rows, which is 0 outside of the time range.

    Frames before the time range are skipped without decoding them where the file allows it, unless ``may_jump`` is
    false.

    Raises:
        SourceError: no frame lies in the time range, or timestamps are not usable.
        SpanError: the file does not hold what its index says; without jumping it can be read.
    """
    if not options.is_partial:
        yield schedule_rows(source, constant_rate(options), source.info)
        return
    with ExitStack() as cleanup:
        jump = _plan_jump(source, options, detection_interval) if may_jump else None
        if jump is None:
            scheduled = schedule_rows(source, constant_rate(options), source.info)
        else:
            frames = _open_at(source, jump, options)
            cleanup.enter_context(closing(frames))
            scheduled = ((frame, jump.rows[frame.index]) for frame in frames if jump.rows[frame.index])
        yield _restrict(scheduled, options, detection_interval, source.info)


def expected_frames(info: VideoInfo, options: JobOptions) -> int | None:
    """Estimate how many frames there are to process; ``None`` where the header does not say."""
    if not options.is_partial or info.num_frames_header is None:
        return info.num_frames_header
    rate = float(info.rate_hz)
    start_s, end_s = info.start_s, info.start_s + info.num_frames_header / rate
    first_s, last_s = max(start_s, options.from_s or 0.0), min(end_s, end_s if options.to_s is None else options.to_s)
    return max(0, round((last_s - first_s) * rate))


def count_rows(times_s: Sequence[float], info: VideoInfo, options: JobOptions) -> npt.NDArray[np.int64]:
    """Return (F,) the number of rows of each frame of the whole clip, from the timestamps alone."""
    rows = np.zeros(len(times_s), np.int64)
    frames = (Frame(NO_PIXELS, index, time_s) for index, time_s in enumerate(times_s))
    for frame, num_rows in schedule_rows(frames, constant_rate(options), info):
        rows[frame.index] = num_rows
    return rows


class _Jump(NamedTuple):
    """Where reading begins."""

    rows: list[int]
    """Of each frame of the whole clip."""
    first: int
    """Index of the first frame that is read."""
    span: VideoSpan | None
    """Of a video: its frames up to the end of the clip."""


def _plan_jump(source: Source, options: JobOptions, detection_interval: int) -> _Jump | None:
    """Return where to begin; ``None`` where the source is read from its start."""
    info, from_s = source.info, options.from_s or 0.0
    if (from_s - info.start_s) * info.rate_hz < MIN_FRAMES_TO_JUMP:
        return None
    if isinstance(source, PictureSequence):
        assert info.times_s is not None
        first = _first_of_interval(info.times_s, from_s, detection_interval)
        return _Jump(count_rows(info.times_s, info, options).tolist(), first, None)
    if not isinstance(source, VideoSource) or info.kind == "picture":
        return None
    with suppress(NotDivisible):
        survey = survey_video(info.path)
        times_s = [number * survey.tick[0] / survey.tick[1] for number in survey.ticks.tolist()]
        first = _first_of_interval(times_s, from_s, detection_interval)
        span = VideoSpan(first, len(times_s) - first, survey.cut_before(first), pack_numbers(survey.ticks[first:]))
        return _Jump(count_rows(times_s, info, options).tolist(), first, span)
    return None


def _first_of_interval(times_s: Sequence[float], from_s: float, detection_interval: int) -> int:
    """Return the first frame of the interval in which the time range begins, or of the last one if it begins after the
    end."""
    index = min(int(np.searchsorted(times_s, from_s)), len(times_s) - 1)
    return index // detection_interval * detection_interval


def _open_at(source: Source, jump: _Jump, options: JobOptions) -> SpanSource | PictureSequence:
    info = source.info
    if jump.span is None:
        return PictureSequence(info.path, info.rate_hz, jump.first)
    return SpanSource(info.path, jump.span, decoder_threads(options.num_threads))


def _restrict(
    scheduled: Iterator[Scheduled], options: JobOptions, detection_interval: int, info: VideoInfo
) -> Iterator[Scheduled]:
    """Iterate over the frames of the intervals that the time range touches, and the first frame of the next
    interval."""
    from_s, to_s = options.from_s or 0.0, float("inf") if options.to_s is None else options.to_s
    before: list[Frame] = []
    last_interval: int | None = None
    last_s = info.start_s
    for frame, num_rows in scheduled:
        cell, last_s = frame.index // detection_interval, frame.timestamp_s
        if from_s <= frame.timestamp_s < to_s:
            yield from ((earlier, 0) for earlier in before if earlier.index // detection_interval == cell)
            before.clear()
            last_interval = cell
            yield frame, num_rows
        elif last_interval is None:
            if frame.timestamp_s >= to_s:
                break
            if before and before[-1].index // detection_interval != cell:
                before.clear()
            before.append(frame)
        elif cell == last_interval or frame.timestamp_s < from_s:
            yield frame, 0
        else:
            if detection_interval > 1:
                yield frame, 0
            return
        # No name is kept, or the frame would live on while the next one is made.
        del frame
    if last_interval is None:
        beginning = format_time(info.start_s)
        wanted = f"from {format_time(from_s)}" + ("" if options.to_s is None else f" to {format_time(to_s)}")
        raise SourceError(
            f"{info.path}: there is no frame {wanted}; its first frame is at {beginning}"
            + ("" if last_s >= to_s else f", its last one at {format_time(last_s)}")
        )
