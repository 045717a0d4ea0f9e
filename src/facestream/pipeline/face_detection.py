"""Images in, the most prominent face's box and keypoints out."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

from facestream.config import DetectOptions
from facestream.engines import Engine, open_engine, resolve_runtime
from facestream.ops.boxes import square_boxes
from facestream.pipeline.detector import FaceDetector
from facestream.pipeline.face_mesh import FaceMeshPipeline
from facestream.structures import Detections, Frame

__all__ = ["FaceDetectionPipeline"]


class FaceDetectionPipeline:
    """BlazeFace, and FaceMesh if boxes are to be verified, loaded once."""

    def __init__(
        self,
        *,
        detector: str = "back",
        min_score_thresh: float = 0.5,
        min_suppression_thresh: float = 0.3,
        force_square: bool = True,
        verify: bool = False,
        device: str = "auto",
        engine: str = "auto",
        precision: str = "float32",
        num_threads: int | None = None,
        weights: str | PathLike[str] | None = None,
        detector_weights: str | PathLike[str] | None = None,
    ) -> None:
        """Load the networks; the arguments are those of ``DetectOptions``.

        Raises:
            OptionError: a value out of its range.
            InputError: a device that no machine has.
            DeviceError: the device or engine is not there.
            WeightsError: weights that cannot be used.
        """
        self.settled: dict[str, Any] = {
            "detector": detector,
            "min_score_thresh": min_score_thresh,
            "min_suppression_thresh": min_suppression_thresh,
            "force_square": force_square,
            "verify": verify,
        }
        """The options of a job that are fixed once the networks are loaded."""
        DetectOptions(**self.settled, precision=precision)  # checks the values
        runtime = resolve_runtime(engine=engine, device=device, precision=precision, num_threads=num_threads)
        self.device = runtime.device
        self._mesh: FaceMeshPipeline | None = None
        if verify:
            self._mesh = FaceMeshPipeline(
                detector=detector,
                min_score_thresh=min_score_thresh,
                min_suppression_thresh=min_suppression_thresh,
                device=runtime.device,
                engine=runtime.engine,
                precision=runtime.precision,
                num_threads=runtime.num_threads,
                weights=weights,
                detector_weights=detector_weights,
            )
            self._detector = self._mesh.detector
        else:
            network = open_engine(f"blazeface-{detector}", runtime, fspath(detector_weights or "") or None)
            self._detector = FaceDetector(network, min_score=min_score_thresh, min_suppression=min_suppression_thresh)
            if weights:
                # Report weights that cannot be used, although nothing is verified with them.
                open_engine("facemesh", runtime, fspath(weights))

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The engine of the detector, and that of FaceMesh if it verifies."""
        return (self._detector.engine, *([self._mesh.landmarker.engine] if self._mesh else []))

    def process_frames(self, frames: Sequence[Frame]) -> list[Detections]:
        """Return zero or one face for each decoded frame: the most prominent one, by the same rule as for meshes."""
        return [self._shape(faces[:1]) for faces in self._find(frames)]

    def _find(self, frames: Sequence[Frame]) -> Sequence[Detections]:
        if self._mesh is None:
            return self._detector.detect(frames)
        return [Detections(m.boxes, m.keypoints, m.scores) for m in self._mesh.process_frames(frames)]

    def _shape(self, faces: Detections) -> Detections:
        return (
            Detections(square_boxes(faces.boxes), faces.keypoints, faces.scores)
            if self.settled["force_square"]
            else faces
        )
