"""The mesh job: one source in, its face meshes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from facestream.config import MeshOptions
from facestream.extraction.job import iter_rows, run_job
from facestream.extraction.pipelines import default_options, take_pipeline
from facestream.extraction.profile import Profile
from facestream.extraction.threads import engine_threads
from facestream.io.box_track import BoxTrack
from facestream.io.mesh_streams import MeshStreamWriter
from facestream.io.row_writer import RowWriter
from facestream.io.source import check_source
from facestream.outputs import OutputPlan, plan_outputs
from facestream.pipeline.cells import choose_cell_length
from facestream.structures import Detections, Frame, FrameMeshes, Progress, Summary, VideoInfo

if TYPE_CHECKING:
    from facestream.engines import Engine
    from facestream.pipeline.face_mesh import FaceMeshPipeline
    from facestream.pipeline.tracker import FaceTracker

__all__ = ["extract", "iter_meshes", "open_pipeline"]


def extract(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | OutputPlan | None = None,
    options: MeshOptions | None = None,
    *,
    pipeline: FaceMeshPipeline | Callable[[], FaceMeshPipeline] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Summary:
    """Find the meshes of a picture or video and write them.

    Args:
        source: any picture or video.
        target: a file where it ends in .stream, .npz or .csv, else a folder; beside the source when left out.
        options: what to find and how to write it; where left out, what the pipeline was made for.
        pipeline: networks that are loaded already, or what loads them, by ``open_pipeline`` with the same options.
        on_progress: called at the start and after each group of frames.
        should_stop: asked between groups of frames; after a true answer nothing is written.

    Raises:
        OptionError: options that make no sense together.
        OutputError: outputs that cannot be written; found before any work.
        SourceError: the source or the boxes cannot be read, or the source breaks off before its first frame.
        JobStopped: ``should_stop`` answered true.
    """
    settled = options or default_options(MeshOptions, pipeline)
    plan = target if isinstance(target, OutputPlan) else plan_outputs(Path(source), target, settled)
    check_source(plan.source)

    def open_work() -> _MeshWork:
        return _MeshWork(settled, take_pipeline(pipeline, open_pipeline, settled))

    return run_job(plan, open_work, settled, on_progress, should_stop)


def iter_meshes(
    source: str | os.PathLike[str],
    options: MeshOptions | None = None,
    *,
    pipeline: FaceMeshPipeline | None = None,
) -> Iterator[FrameMeshes]:
    """The meshes of each row of a picture or video, in order, without writing anything; a row is a frame.

    With ``rate_hz`` in the options rows lie on a constant clock, and a frame may come several times or not at all.

    Raises:
        SourceError: the source or the boxes cannot be read. Where the source breaks off later, that is logged.
    """
    options = options or default_options(MeshOptions, pipeline)
    check_source(Path(source))
    yield from iter_rows(Path(source), _MeshWork(options, take_pipeline(pipeline, open_pipeline, options)))


def open_pipeline(options: MeshOptions) -> FaceMeshPipeline:
    """Load the networks that a job with these options needs."""
    from facestream.pipeline.face_mesh import FaceMeshPipeline

    pipeline = FaceMeshPipeline(
        detector=options.detector,
        num_faces=options.num_faces,
        min_score_thresh=options.min_score_thresh,
        device=options.device,
        engine=options.engine,
        precision=options.precision,
        num_threads=engine_threads(options.num_threads),
        weights=options.weights,
        detector_weights=options.detector_weights,
    )
    if options.boxes is None:
        pipeline.load_detector()
    return pipeline


class _MeshWork:
    """Meshes of the faces that the detector finds, or of boxes that are given."""

    def __init__(self, options: MeshOptions, pipeline: FaceMeshPipeline) -> None:
        self.options = options
        self.profile = Profile(is_wanted=options.profile)
        if options.profile:
            pipeline = pipeline.watched(
                lambda landmarker: self.profile.watch(landmarker, "cut crops", "FaceMesh"),
                lambda detector: self.profile.watch(detector, "scale thumbnails", "BlazeFace"),
            )
        self.max_faces = options.num_faces
        self.device = pipeline.device
        self.engines: Mapping[str, Engine] = {"facemesh": pipeline.landmarker.engine}
        if options.boxes is None:
            self.engines = {**self.engines, f"blazeface-{options.detector}": pipeline.detector.engine}
        self._pipeline = pipeline
        self._track: BoxTrack | None = None
        self._known_boxes: list[Detections] = []
        self._tracker: FaceTracker | None = None
        self.cell_length = 1
        self._num_given = 0
        self._has_found = False

    def begin(self, info: VideoInfo) -> None:
        from facestream.pipeline.tracker import FaceTracker

        every = self.options.detect_every
        self.cell_length = every if isinstance(every, int) else choose_cell_length(info)
        self._tracker = FaceTracker(self._pipeline, self.cell_length)
        if self.options.boxes is not None:
            self._track = BoxTrack(
                self.options.boxes,
                info,
                self.options.min_score_thresh,
                skips_frames=self.options.rate_hz is not None,
            )

    def prepare(self, frames: Sequence[Frame], following: Frame | None) -> Callable[[], list[FrameMeshes]]:
        assert self._tracker is not None, "begin comes first"
        given = self._boxes_of(frames, following) if self._track else None
        self._num_given += sum(map(len, (given or ())[: len(frames)]))
        find = self._tracker.prepare(frames, following, given)

        def find_rows() -> list[FrameMeshes]:
            found = find()
            self._has_found = self._has_found or any(map(len, found))
            return [
                FrameMeshes(frame.index, frame.timestamp_s, meshes) for frame, meshes in zip(frames, found, strict=True)
            ]

        return find_rows

    def _boxes_of(self, frames: Sequence[Frame], following: Frame | None) -> list[Detections]:
        """Each frame's boxes are asked for once, though it may come twice: it follows, then it is the first."""
        assert self._track is not None
        frames_in_order = [*frames, *([following] if following else [])]
        boxes = [*self._known_boxes, *self._track.boxes_of(frames_in_order[len(self._known_boxes) :])]
        self._known_boxes = boxes[len(frames) :]
        return boxes

    def row_writers(self, plan: OutputPlan) -> Iterator[Callable[[], RowWriter[FrameMeshes]]]:
        if plan.streams:
            yield lambda: MeshStreamWriter(plan.streams, self.options.missing)
        if npz := plan.npz:
            from facestream.io.mesh_npz import MeshNpzWriter

            yield lambda: MeshNpzWriter(npz, self.max_faces)
        if csv := plan.csv:
            from facestream.io.mesh_csv import MeshCsvWriter

            yield lambda: MeshCsvWriter(csv, self.max_faces)

    def draw(self, image: npt.NDArray[np.uint8], result: FrameMeshes) -> npt.NDArray[np.uint8]:
        from facestream.drawing.mesh import draw_meshes

        return draw_meshes(image, result.meshes)

    def warnings(self) -> Iterator[str]:
        if self._track:
            yield from self._track.warnings()
            if self._num_given and not self._has_found:
                yield (
                    f"{self._num_given} boxes were given and none holds a face; are the columns ymin, xmin, ymax, xmax?"
                )
