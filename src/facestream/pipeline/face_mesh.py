"""Images in, meshes out: detect, then look twice at each candidate."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.engines import open_engine, resolve_device
from facestream.errors import InputError
from facestream.ops.nms import box_iou
from facestream.ops.roi import rois_from_detections, rois_from_landmarks
from facestream.pipeline.detector import FaceDetector
from facestream.pipeline.landmarker import FaceLandmarker
from facestream.structures import Detections, FaceMeshes, FaceRois, Frame

__all__ = ["FaceMeshPipeline"]

MAX_FALSE_CANDIDATES = 8
"""How many more candidates than wanted faces are tried in a frame, so that a false box cannot hide a real face."""

SAME_FACE_IOU = 0.5
"""Two meshes whose boxes overlap by more are one face (MediaPipe's association threshold)."""


class FaceMeshPipeline:
    """The two networks, loaded once, for pictures of your own.

    >>> pipeline = FaceMeshPipeline()
    >>> meshes = pipeline.process(image_rgb)
    >>> meshes.landmarks[0, 4]          # the tip of the nose: x, y, z in pixels
    """

    def __init__(
        self,
        *,
        detector: str = "back",
        num_faces: int = 1,
        min_score_thresh: float = 0.5,
        device: str = "auto",
        weights: str | PathLike[str] | None = None,
        detector_weights: str | PathLike[str] | None = None,
    ) -> None:
        """Load the networks.

        Args:
            detector: ``"back"`` (256 px, finds more) or ``"front"`` (128 px, faster).
            num_faces: how many faces a frame may have.
            min_score_thresh: what the detector's score and both presences must reach.
            device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
            weights: your own FaceMesh weights.
            detector_weights: your own BlazeFace weights.

        Raises:
            InputError: a value out of its range.
            DeviceError: the device is not there.
            WeightsError: weights that cannot be used.
        """
        if detector not in ("back", "front"):
            raise InputError(f"detector must be 'back' or 'front', not {detector!r}")
        if num_faces < 1:
            raise InputError(f"num_faces must be at least 1, not {num_faces}")
        if not 0.0 <= min_score_thresh <= 1.0:
            raise InputError(f"min_score_thresh must lie in 0 to 1, not {min_score_thresh}")
        self.num_faces = num_faces
        self.min_score_thresh = min_score_thresh
        self.device = resolve_device(device)
        detector_engine = open_engine(f"blazeface-{detector}", self.device, fspath(detector_weights or "") or None)
        self.detector = FaceDetector(detector_engine, min_score=min_score_thresh)
        self.landmarker = FaceLandmarker(open_engine("facemesh", self.device, fspath(weights or "") or None))

    @property
    def engine(self) -> str:
        return self.landmarker.engine.name

    @property
    def precision(self) -> str:
        return self.landmarker.engine.precision

    def process(self, image_rgb: npt.NDArray[np.uint8]) -> FaceMeshes:
        """The meshes of one RGB image, uint8 (H, W, 3)."""
        return self.process_batch([image_rgb])[0]

    def process_batch(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[FaceMeshes]:
        """The meshes of RGB images, uint8 (H, W, 3), which may differ in size; the same as one by one.

        Raises:
            InputError: an image of another form.
        """
        return self.process_frames([_frame(image, index) for index, image in enumerate(images)])

    def process_frames(self, frames: Sequence[Frame]) -> list[FaceMeshes]:
        """The meshes of decoded frames, one entry a frame."""
        searches = [
            _FaceSearch(frame, detections, self.num_faces)
            for frame, detections in zip(frames, self.detector.detect(frames), strict=True)
        ]
        while candidates := [(search, index) for search in searches for index in search.take_candidates()]:
            self._try(candidates)
        return [search.result() for search in searches]

    def _try(self, candidates: list[tuple[_FaceSearch, int]]) -> None:
        """Look twice at each candidate; the second crop comes from the landmarks of the first."""
        rois = _concatenate([search.rois[index : index + 1] for search, index in candidates])
        landmarks, first = self.landmarker.place([search.frame for search, _ in candidates], rois)
        passed = np.flatnonzero(first >= self.min_score_thresh)
        if not len(passed):
            return
        rois = _concatenate(
            [rois_from_landmarks(landmarks[i : i + 1], candidates[i][0].frame.pixel_aspect) for i in passed]
        )
        landmarks, second = self.landmarker.place([candidates[i][0].frame for i in passed], rois)
        for mesh, presence, i in zip(landmarks, np.minimum(first[passed], second), passed, strict=True):
            if presence >= self.min_score_thresh:
                search, index = candidates[i]
                search.accept(index, mesh, float(presence))


class _FaceSearch:
    """The candidates of one frame, tried in order of prominence until enough are faces."""

    def __init__(self, frame: Frame, detections: Detections, num_faces: int) -> None:
        self.frame = frame
        self.detections = detections[: num_faces + MAX_FALSE_CANDIDATES]
        self.rois = rois_from_detections(self.detections, frame.pixel_aspect)
        self.num_faces = num_faces
        self.num_tried = 0
        self.found: list[tuple[int, npt.NDArray[np.float64], float]] = []

    def take_candidates(self) -> range:
        """The next ones to try: as many as faces are missing."""
        first = self.num_tried
        self.num_tried = min(len(self.detections), first + self.num_faces - len(self.found))
        return range(first, self.num_tried)

    def accept(self, index: int, mesh: npt.NDArray[np.float64], presence: float) -> None:
        """Keep a mesh, unless it is one of the faces that are there already."""
        if not any(box_iou(_box(mesh), _box(other)[None])[0] > SAME_FACE_IOU for _, other, _ in self.found):
            self.found.append((index, mesh, presence))

    def result(self) -> FaceMeshes:
        chosen = np.array([index for index, _, _ in self.found], dtype=np.intp)
        faces = self.detections[chosen]
        return FaceMeshes(
            landmarks=np.array([mesh for _, mesh, _ in self.found], dtype=np.float64).reshape(-1, 468, 3),
            presence=np.array([presence for _, _, presence in self.found], dtype=np.float64),
            scores=faces.scores,
            boxes=faces.boxes,
            keypoints=faces.keypoints,
            size=self.frame.size,
        )


def _box(mesh: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.concatenate([mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)])


def _concatenate(rois: Sequence[FaceRois]) -> FaceRois:
    return FaceRois(
        np.concatenate([roi.centers for roi in rois]),
        np.concatenate([roi.sides for roi in rois]),
        np.concatenate([roi.angles_rad for roi in rois]),
    )


def _frame(image: Any, index: int) -> Frame:
    """Check a caller's image before anything is computed."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"image {index} must be an RGB array, uint8 (height, width, 3); got {got}")
    if 0 in image.shape:
        raise InputError(f"image {index} has no pixels: {image.shape}")
    return Frame(image, index)
