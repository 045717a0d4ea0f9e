"""How a mesh job processes frames and writes its results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from facestream.config import MeshOptions
from facestream.formats.catalog import format_named
from facestream.formats.row_writer import RowWriter
from facestream.pipeline.detection_interval import choose_detection_interval
from facestream.ssi.box_track import BoxTrack
from facestream.structures import Detections, Frame, FrameMeshes, VideoInfo
from facestream.use_cases.extraction.profile import Profile
from facestream.use_cases.extraction.work import EngineFacts
from facestream.use_cases.outputs.plan import OutputPlan

if TYPE_CHECKING:
    from facestream.pipeline.face_mesh import FaceMeshPipeline
    from facestream.pipeline.tracker import FaceTracker

__all__ = ["JoinedWork", "MeshWork", "NamedEngine", "detection_interval_of"]


def detection_interval_of(options: MeshOptions, info: VideoInfo) -> int:
    """Return the detection interval for a source."""
    return options.detect_every if isinstance(options.detect_every, int) else choose_detection_interval(info)


class _MeshRows:
    """Writes rows of meshes, and warns about given boxes without faces."""

    def __init__(self, options: MeshOptions, start_s: float | None) -> None:
        self.options = options
        self.profile = Profile(is_wanted=options.profile)
        self.max_faces = options.num_faces
        self.detection_interval = 1
        self._start_s = start_s
        self._track: BoxTrack | None = None
        self._num_given = 0
        self._has_found = False

    def begin(self, info: VideoInfo) -> None:
        self.detection_interval = detection_interval_of(self.options, info)
        if self.options.boxes is not None:
            self._track = BoxTrack(
                self.options.boxes,
                info,
                self.options.min_score_thresh,
                skips_frames=self.options.rate_hz is not None or self.options.is_partial,
                start_s=info.start_s if self.options.is_partial else self._start_s,
            )

    def row_writers(self, plan: OutputPlan) -> Iterator[Callable[[], RowWriter[FrameMeshes]]]:
        for name, files in plan.files.items():
            writers = format_named(name).files
            yield partial(writers.write_meshes, tuple(files), num_faces=self.max_faces, missing=self.options.missing)

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


class MeshWork(_MeshRows):
    """Finds meshes with the detector, or in given boxes."""

    def __init__(self, options: MeshOptions, pipeline: FaceMeshPipeline, start_s: float | None = None) -> None:
        """``start_s`` is the timestamp of the source's first frame, if that frame is not processed."""
        super().__init__(options, start_s)
        if options.profile:
            pipeline = pipeline.watched(
                lambda landmarker: self.profile.watch(landmarker, "cut crops", "FaceMesh"),
                lambda detector: self.profile.watch(detector, "scale thumbnails", "BlazeFace"),
            )
        self.device = pipeline.device
        self.engines: Mapping[str, EngineFacts] = {"facemesh": pipeline.landmarker.engine}
        if options.boxes is None:
            self.engines = {**self.engines, f"blazeface-{options.detector}": pipeline.detector.engine}
        self._pipeline = pipeline
        self._known_boxes: list[Detections] = []
        self._tracker: FaceTracker | None = None

    def begin(self, info: VideoInfo) -> None:
        from facestream.pipeline.tracker import FaceTracker

        super().begin(info)
        self._tracker = FaceTracker(self._pipeline, self.detection_interval)

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
        """Return the boxes of frames. A frame can come twice, first as the following one, but its boxes are read
        once."""
        assert self._track is not None
        frames_in_order = [*frames, *([following] if following else [])]
        boxes = [*self._known_boxes, *self._track.boxes_of(frames_in_order[len(self._known_boxes) :])]
        self._known_boxes = boxes[len(frames) :]
        return boxes


@dataclass(frozen=True, slots=True)
class NamedEngine:
    """The facts about an engine that ran in another process."""

    name: str
    precision: str
    weights_sha256: str


class JoinedWork(_MeshRows):
    """Writes meshes that were found before, segment by segment."""

    def __init__(self, options: MeshOptions, device: str, engines: Mapping[str, EngineFacts]) -> None:
        super().__init__(options, None)
        self.device = device
        self.engines = engines

    def note(self, result: FrameMeshes) -> None:
        """Take the result of the next frame."""
        self._has_found = self._has_found or len(result) > 0
        if self._track:
            self._num_given += len(self._track.boxes_of([result])[0])
