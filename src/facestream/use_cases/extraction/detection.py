"""The detection job: one source in, the box and keypoints of its most prominent face out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from facestream.config import DetectOptions
from facestream.formats.catalog import format_named
from facestream.formats.row_writer import RowWriter
from facestream.media.source import check_source
from facestream.structures import Frame, FrameDetections, Progress, Summary, VideoInfo
from facestream.use_cases.extraction.frame_loop import iter_rows, run_job
from facestream.use_cases.extraction.pipelines import default_options, take_pipeline
from facestream.use_cases.extraction.profile import Profile
from facestream.use_cases.extraction.threads import engine_threads
from facestream.use_cases.outputs.plan import OutputPlan, plan_outputs

if TYPE_CHECKING:
    from facestream.pipeline.face_detection import FaceDetectionPipeline

__all__ = ["detect", "iter_detections", "open_detection_pipeline"]


def detect(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | OutputPlan | None = None,
    options: DetectOptions | None = None,
    *,
    pipeline: FaceDetectionPipeline | Callable[[], FaceDetectionPipeline] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Summary:
    """Find the most prominent face of each frame with BlazeFace, and write its box and keypoints.

    Args:
        source: any picture or video.
        target: a file where it ends in .stream, .npz or .csv, else a folder; next to the source by default.
        options: what to find and how to write it; where left out, what the pipeline was made for.
        pipeline: networks that are loaded already, or what loads them, by ``open_detection_pipeline`` with the same
            options.
        on_progress: called at the start and after each group of frames.
        should_stop: asked between groups of frames; after a true answer nothing is written.

    Raises:
        OptionError: options that make no sense together.
        OutputError: outputs that cannot be written; found before any work.
        SourceError: the source cannot be read, or breaks off before its first frame.
        JobStopped: ``should_stop`` answered true.
    """
    settled = options or default_options(DetectOptions, pipeline)
    plan = target if isinstance(target, OutputPlan) else plan_outputs(Path(source), target, settled)
    check_source(plan.source, is_sequence=settled.sequence_hz is not None)

    def open_work() -> _DetectionWork:
        return _DetectionWork(settled, take_pipeline(pipeline, open_detection_pipeline, settled))

    return run_job(plan, open_work, settled, on_progress, should_stop)


def iter_detections(
    source: str | os.PathLike[str],
    options: DetectOptions | None = None,
    *,
    pipeline: FaceDetectionPipeline | None = None,
) -> Iterator[FrameDetections]:
    """The most prominent face of each row of a picture or video, in order, without writing anything; a row is a frame.

    With ``rate_hz`` in the options rows lie on a constant clock, and a frame may come several times or not at all.

    Raises:
        SourceError: the source cannot be read. Where it breaks off later, that is logged.
    """
    options = options or default_options(DetectOptions, pipeline)
    check_source(Path(source), is_sequence=options.sequence_hz is not None)
    yield from iter_rows(
        Path(source), _DetectionWork(options, take_pipeline(pipeline, open_detection_pipeline, options))
    )


def open_detection_pipeline(options: DetectOptions) -> FaceDetectionPipeline:
    """Load the networks that a job with these options needs."""
    from facestream.pipeline.face_detection import FaceDetectionPipeline

    return FaceDetectionPipeline(
        detector=options.detector,
        min_score_thresh=options.min_score_thresh,
        min_suppression_thresh=options.min_suppression_thresh,
        force_square=options.force_square,
        verify=options.verify,
        device=options.device,
        engine=options.engine,
        precision=options.precision,
        num_threads=engine_threads(options.num_threads),
        weights=options.weights,
        detector_weights=options.detector_weights,
    )


class _DetectionWork:
    """Boxes and keypoints, zero or one face a frame."""

    max_faces = 1
    detection_interval = 1

    def __init__(self, options: DetectOptions, pipeline: FaceDetectionPipeline) -> None:
        self.options = options
        self.profile = Profile(is_wanted=False)
        self.device = pipeline.device
        names = (f"blazeface-{options.detector}", "facemesh")
        self.engines = dict(zip(names, pipeline.engines, strict=False))
        self._pipeline = pipeline

    def begin(self, info: VideoInfo) -> None:
        """Nothing depends on the source."""

    def prepare(self, frames: Sequence[Frame], following: Frame | None) -> Callable[[], list[FrameDetections]]:
        return lambda: [
            FrameDetections(frame.index, frame.timestamp_s, detections, frame.size)
            for frame, detections in zip(frames, self._pipeline.process_frames(frames), strict=True)
        ]

    def row_writers(self, plan: OutputPlan) -> Iterator[Callable[[], RowWriter[FrameDetections]]]:
        for name, files in plan.files.items():
            writers = format_named(name).files
            yield partial(writers.write_detections, tuple(files), repeat_last=self.options.repeat_last)

    def draw(self, image: npt.NDArray[np.uint8], result: FrameDetections) -> npt.NDArray[np.uint8]:
        from facestream.drawing.detections import draw_detections

        return draw_detections(image, result.detections)

    def warnings(self) -> Iterator[str]:
        return iter(())
