"""Divide a long video into segments that any worker may process in any order, and join their results.

The joined results equal those of a single run. The meshes of a detection interval depend on its own frames and on the
first frame of the next interval only. So a segment consists of whole intervals, and also reads the frame after them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.config import MeshOptions
from facestream.errors import JobStopped
from facestream.media.source import open_source
from facestream.media.video.span import SpanSource, VideoSpan
from facestream.media.video.survey import Cut, NotDivisible, VideoSurvey, survey_video
from facestream.pipeline.face_mesh import FaceMeshPipeline
from facestream.storage.packed_numbers import pack_numbers, unpack_numbers
from facestream.structures import Progress, Summary
from facestream.tables.mesh_records import MeshRecordWriter, read_facts, read_mesh_records
from facestream.use_cases.extraction.frame_loop import find_results, keep_opencv_to_one_thread
from facestream.use_cases.extraction.grouping import Scheduled
from facestream.use_cases.extraction.mesh_work import JoinedWork, MeshWork, NamedEngine, detection_interval_of
from facestream.use_cases.extraction.result_files import ResultFiles
from facestream.use_cases.extraction.threads import decoder_threads
from facestream.use_cases.extraction.time_range import count_rows, sequence_rate
from facestream.use_cases.outputs.plan import OutputPlan, check_outputs

__all__ = ["MeshSegment", "divide", "extract_segment", "join_segments"]


@dataclass(frozen=True, slots=True)
class MeshSegment:
    """The frames of a video that one worker processes."""

    span: VideoSpan
    """With the frame that follows."""
    stop: int
    """Index of the first frame that belongs to the next segment."""
    rows: str
    """How many rows each frame of the span has, packed."""
    start_s: float
    """Timestamp of the video's first frame."""

    @property
    def num_frames(self) -> int:
        return self.stop - self.span.first

    def as_dict(self) -> dict[str, Any]:
        """In values that JSON knows."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> MeshSegment:
        span = values["span"]
        return MeshSegment(**{**values, "span": VideoSpan(**{**span, "cut": Cut(**span["cut"])})})


def divide(source: Path, options: MeshOptions, num_segments: int, min_frames: int) -> list[MeshSegment]:
    """The segments of a video, each of about ``min_frames`` or more, and ``num_segments`` at most; none if short.

    Nothing is decoded but the first frame.

    Raises:
        SourceError: the video cannot be opened, or has timestamps that a constant rate cannot follow.
        NotDivisible: it must be read from its start to its end.
    """
    if options.is_partial:
        raise NotDivisible("only a time range of it is wanted")
    with closing(open_source(source, 1, sequence_hz=sequence_rate(options))) as video:
        info = video.info
    is_short = info.num_frames_header is not None and info.num_frames_header < 2 * min_frames
    if info.kind == "picture" or is_short:
        return []
    if options.overlay:
        raise NotDivisible("an overlay is drawn from its start to its end")
    if info.times_s is not None:
        raise NotDivisible("it is made of pictures")
    survey = survey_video(source)
    num_frames = len(survey.ticks)
    num_segments = min(num_segments, num_frames // min_frames)
    if num_segments < 2:
        return []
    times_s = [number * survey.tick[0] / survey.tick[1] for number in survey.ticks.tolist()]
    rows = count_rows(times_s, info, options)
    borders = _place_borders(survey, detection_interval_of(options, info), num_segments)
    return [_make_segment(survey, rows, first, stop, times_s[0]) for first, stop in pairwise(borders)]


def extract_segment(
    source: Path,
    segment: MeshSegment,
    target: Path,
    options: MeshOptions,
    *,
    pipeline: FaceMeshPipeline,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> None:
    """Find the meshes of a segment and keep them in a file of records for ``join_segments``.

    Raises:
        SpanError: the frames are not those that the survey of the video promised.
        SourceError: the video cannot be read.
        OutputError: the file cannot be written.
        JobStopped: ``should_stop`` answered true; nothing was written.
    """
    started = perf_counter()
    keep_opencv_to_one_thread()
    work = MeshWork(options, pipeline, segment.start_s)
    facts = {
        "device": work.device,
        "engines": {
            name: [engine.name, engine.precision, engine.weights_sha256] for name, engine in work.engines.items()
        },
    }
    with (
        closing(SpanSource(source, segment.span, decoder_threads(options.num_threads))) as frames,
        MeshRecordWriter(target, facts) as records,
    ):
        work.begin(frames.info)
        num_found = 0
        with find_results(_schedule(frames, segment), work) as found:
            for group, results in found:
                if should_stop is not None and should_stop():
                    raise JobStopped(f"{source}: stopped after {num_found} frames of a segment; nothing was written")
                for (frame, num_rows), result in zip(group.scheduled, results, strict=True):
                    if frame.index < segment.stop:
                        records.write(result, num_rows)
                        num_found = frame.index + 1 - segment.span.first
                if on_progress is not None:
                    on_progress(Progress(num_found, segment.num_frames, perf_counter() - started))
        records.commit()


def join_segments(plan: OutputPlan, options: MeshOptions, records: Sequence[Path]) -> Summary:
    """Write the plan's outputs from the records of all segments, in order.

    Raises:
        SourceError: a file of records is missing or damaged.
        OutputError: outputs that cannot be written.
    """
    started = perf_counter()
    plan.settle()
    check_outputs(plan)
    facts = read_facts(records[0])
    engines = {name: NamedEngine(*values) for name, values in facts["engines"].items()}
    with closing(open_source(plan.source, 1)) as source:
        info = source.info
    work = JoinedWork(options, facts["device"], engines)
    work.begin(info)
    with ResultFiles(plan, info, work) as files:
        for path in records:
            for result, num_rows in read_mesh_records(path):
                work.note(result)
                files.write(result, num_rows)
        files.finish(None, ())
    return files.summarize(started, started)


def _place_borders(survey: VideoSurvey, detection_interval: int, num_segments: int) -> list[int]:
    """Where segments begin, and the end: borders of detection intervals, just after a keyframe where one is near."""
    num_frames = len(survey.ticks)
    behind_cuts = np.array([-(-cut.index // detection_interval) * detection_interval for cut in survey.cuts])
    reach = num_frames / num_segments / 4
    borders = {0, num_frames}
    for number in range(1, num_segments):
        wanted = number * num_frames / num_segments
        nearest = int(behind_cuts[np.abs(behind_cuts - wanted).argmin()])
        is_near = abs(nearest - wanted) <= reach
        borders.add(min(num_frames, nearest if is_near else round(wanted / detection_interval) * detection_interval))
    return sorted(borders)


def _make_segment(
    survey: VideoSurvey, rows: npt.NDArray[np.int64], first: int, stop: int, start_s: float
) -> MeshSegment:
    following = np.flatnonzero(rows[stop:])
    end = stop + int(following[0]) + 1 if len(following) else len(rows)
    span = VideoSpan(first, end - first, survey.cut_before(first), pack_numbers(survey.ticks[first:end]))
    return MeshSegment(span, stop, pack_numbers(rows[first:end]), start_s)


def _schedule(frames: SpanSource, segment: MeshSegment) -> Iterator[Scheduled]:
    for frame, num_rows in zip(frames, unpack_numbers(segment.rows).tolist(), strict=True):
        if num_rows:
            yield frame, num_rows
        # No name is kept, or the frame would live on while the next one is made.
        del frame
