"""Images in, meshes out: detect faces, then run two passes of FaceMesh on each, and a third one in doubt."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from os import PathLike, fspath
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from facestream.config import DetectOptions, MeshOptions
from facestream.engines import Engine, open_engine, resolve_runtime
from facestream.errors import InputError
from facestream.ops.nms import box_iou
from facestream.ops.roi import roi_shifts, rois_from_boxes, rois_from_detections, rois_from_landmarks
from facestream.pipeline.detector import FaceDetector
from facestream.pipeline.landmarker import FaceLandmarker
from facestream.structures import Detections, FaceMeshes, FaceRois, Frame

__all__ = ["SAME_FACE_IOU", "FaceMeshPipeline", "SeenFaces", "mesh_box"]

MAX_FALSE_CANDIDATES = 8
"""How many more candidates than wanted faces are tried in a frame, so that a false box cannot hide a real face."""

CERTAIN_PRESENCE = 0.97
"""Of 888 frames with a face, 99.9 % reach this presence in both passes. A face with less gets a third pass."""

CONVINCING_PRESENCE = 0.9
"""The presence that the third pass must reach. In the clips of the accuracy benchmark, doubtful faces do and lettering
does not."""

SETTLED_TURN_RAD = math.radians(10)
SETTLED_MOVE = 0.1
"""A given box has no angle. Where the first pass turns its ROI by more than this, or moves it by more of its side, that
pass only finds the pose, and another first pass follows."""

DEFAULT_THRESHOLD = 0.5

SAME_FACE_IOU = 0.5
"""Two meshes whose boxes overlap by more are one face (MediaPipe's association threshold)."""


class FaceMeshPipeline:
    """The two networks, loaded once, for pictures of your own.

    Examples:
        >>> pipeline = FaceMeshPipeline()
        >>> meshes = pipeline.process(image_rgb)
        >>> meshes.landmarks[0, 4]  # the tip of the nose: x, y, z in pixels
    """

    def __init__(
        self,
        *,
        detector: str = "back",
        num_faces: int = 1,
        min_score_thresh: float = DEFAULT_THRESHOLD,
        min_suppression_thresh: float = 0.3,
        device: str = "auto",
        engine: str = "auto",
        precision: str = "float32",
        num_threads: int | None = None,
        weights: str | PathLike[str] | None = None,
        detector_weights: str | PathLike[str] | None = None,
    ) -> None:
        """Load the networks.

        Args:
            detector: ``"back"`` (256 px, finds more) or ``"front"`` (128 px, faster).
            num_faces: how many faces a frame may have.
            min_score_thresh: the least score of the detector, and the least presence in two passes.
            min_suppression_thresh: boxes that overlap by more (intersection over union) are one face.
            device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
            engine: ``"auto"``, ``"torch"`` or ``"openvino"``.
            precision: ``"float32"``, ``"bf16"``, ``"fp16"`` or ``"int8"`` (FaceMesh alone).
            num_threads: of the engine; all cores when left out.
            weights: your own FaceMesh weights.
            detector_weights: your own BlazeFace weights.

        Raises:
            OptionError: a value out of its range.
            InputError: a device that no machine has.
            DeviceError: the device or engine is not there.
            WeightsError: weights that cannot be used.
        """
        # Both check the values.
        MeshOptions(detector=detector, num_faces=num_faces, min_score_thresh=min_score_thresh)
        DetectOptions(min_suppression_thresh=min_suppression_thresh)
        self.detector_name = detector
        self.num_faces = num_faces
        self.min_score_thresh = min_score_thresh
        self._min_suppression_thresh = min_suppression_thresh
        self._runtime = resolve_runtime(engine=engine, device=device, precision=precision, num_threads=num_threads)
        self.device: str = self._runtime.device
        """The device on which the networks run."""
        self._detector_weights = fspath(detector_weights or "") or None
        if self._detector_weights:
            # Report weights that cannot be used now, not at the first picture.
            self.load_detector()
        self.landmarker = FaceLandmarker(open_engine("facemesh", self._runtime, fspath(weights or "") or None))

    @property
    def settled(self) -> dict[str, Any]:
        """The options of a job that are fixed once the networks are loaded."""
        return {
            "detector": self.detector_name,
            "num_faces": self.num_faces,
            "min_score_thresh": self.min_score_thresh,
        }

    @cached_property
    def detector(self) -> FaceDetector:
        """The detector, loaded when it is first needed; with given boxes it never is."""
        engine = open_engine(f"blazeface-{self.detector_name}", self._runtime, self._detector_weights)
        return FaceDetector(engine, min_score=self.min_score_thresh, min_suppression=self._min_suppression_thresh)

    def load_detector(self) -> None:
        """Load the detector now."""
        _ = self.detector

    def watched(
        self, watch_landmarker: Callable[[Engine], Engine], watch_detector: Callable[[Engine], Engine]
    ) -> FaceMeshPipeline:
        """Return the same networks, with each engine wrapped by a function."""
        other = copy(self)
        other.landmarker = FaceLandmarker(watch_landmarker(self.landmarker.engine))
        if "detector" in self.__dict__:
            other.detector = copy(self.detector)
            other.detector.engine = watch_detector(self.detector.engine)
        return other

    @property
    def engine(self) -> str:
        """The engine that runs the networks: ``torch`` or ``openvino``."""
        return self.landmarker.engine.name

    @property
    def precision(self) -> str:
        """The precision in which FaceMesh computes."""
        return self.landmarker.engine.precision

    def process(self, image_rgb: npt.NDArray[np.uint8], boxes: npt.ArrayLike | None = None) -> FaceMeshes:
        """Return the meshes of one RGB image, uint8 (H, W, 3).

        Args:
            image_rgb: the image.
            boxes: (N, 4) left, top, right, bottom in pixels of faces that are already known. The detector does not run.
                The results are in the order of the boxes; a face that is in two boxes is returned once.

        Returns:
            Zero to ``num_faces`` faces, the most prominent first, or of given boxes all that hold a face:
            ``landmarks`` (N, 468, 3) x, y, z in pixels, ``presence`` and ``scores`` (N,), ``boxes`` (N, 4),
            ``keypoints`` (N, 6, 2).

        Raises:
            InputError: an image or boxes of another form.
        """
        frame = _frame(image_rgb, 0)
        return self.process_frames([frame], None if boxes is None else [_given_boxes(boxes)])[0]

    def process_batch(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[FaceMeshes]:
        """Return the meshes of RGB images, uint8 (H, W, 3), which may differ in size. Results equal those of
        ``process``.

        Raises:
            InputError: an image of another form.
        """
        return self.process_frames([_frame(image, index) for index, image in enumerate(images)])

    def process_frames(self, frames: Sequence[Frame], given: Sequence[Detections] | None = None) -> list[FaceMeshes]:
        """Return the meshes of each decoded frame. If boxes are given for each frame, the detector does not run."""
        return [seen.meshes for seen in self.find_faces(frames, given)]

    def find_faces(self, frames: Sequence[Frame], given: Sequence[Detections] | None = None) -> list[SeenFaces]:
        """Return the meshes of each frame with their ROIs."""
        if given is None:
            searches = [
                _FaceSearch(
                    frame,
                    detections[: self.num_faces + MAX_FALSE_CANDIDATES],
                    rois_from_detections(detections, frame.pixel_aspect),
                    self.num_faces,
                    best_score,
                )
                for frame, (detections, best_score) in zip(frames, self.detector.search(frames), strict=True)
            ]
        else:
            searches = [
                _FaceSearch(frame, boxes, rois_from_boxes(boxes.boxes, frame.pixel_aspect), len(boxes))
                for frame, boxes in zip(frames, given, strict=True)
            ]
        while candidates := [(search, index) for search in searches for index in search.take_candidates()]:
            self._try(candidates, has_angles=given is None)
        return [search.result() for search in searches]

    def _try(self, candidates: list[_Candidate], *, has_angles: bool) -> None:
        """Run two passes on each candidate. In doubt, a third pass on the ROI of the second one's landmarks decides.

        In a near-profile the detector misplaces the eyes, so the first pass rejects a face that all later ones accept.
        Lettering sometimes passes twice, but a third pass is not convinced.
        """
        first = self._run_pass(
            candidates, FaceRois.join([search.rois[index : index + 1] for search, index in candidates])
        )
        if not has_angles:
            self._settle(candidates, first)
        second = self._run_pass(candidates, self._refine(candidates, first.landmarks))
        meshes, rois, confidences = second.landmarks, second.rois, np.minimum(first.presences, second.presences)
        is_face = confidences >= self.certain_presence
        doubtful = np.flatnonzero(~is_face & (second.presences >= self.min_score_thresh))
        if len(doubtful):
            chosen = [candidates[i] for i in doubtful]
            third = self._run_pass(chosen, self._refine(chosen, second.landmarks[doubtful]))
            meshes[doubtful] = third.landmarks
            rois = rois.replace(doubtful, third.rois)
            confidences[doubtful] = np.minimum(second.presences[doubtful], third.presences)
            is_face[doubtful] = third.presences >= self._demand(CONVINCING_PRESENCE)
        for i in np.flatnonzero(is_face):
            search, index = candidates[i]
            search.accept(_FoundFace(index, meshes[i], rois[i : i + 1], float(confidences[i])))

    def _settle(self, candidates: list[_Candidate], first: _Pass) -> None:
        """Repeat the first pass where it turns or moves the ROI of a box far."""
        refined = self._refine(candidates, first.landmarks)
        turns, moves = roi_shifts(first.rois, refined)
        unsettled = np.flatnonzero((turns > SETTLED_TURN_RAD) | (moves > SETTLED_MOVE))
        if len(unsettled):
            again = self._run_pass([candidates[i] for i in unsettled], refined[unsettled])
            first.landmarks[unsettled] = again.landmarks
            first.presences[unsettled] = again.presences

    @property
    def certain_presence(self) -> float:
        """The presence that faces usually have; with less, there is doubt."""
        return self._demand(CERTAIN_PRESENCE)

    def _demand(self, presence: float) -> float:
        """Scale a presence that was measured at the default threshold; never return less than the threshold itself."""
        return max(self.min_score_thresh, presence * min(1.0, self.min_score_thresh / DEFAULT_THRESHOLD))

    def _run_pass(self, candidates: list[_Candidate], rois: FaceRois) -> _Pass:
        return _Pass(rois, *self.landmarker.place([search.frame for search, _ in candidates], rois))

    @staticmethod
    def _refine(candidates: list[_Candidate], landmarks: npt.NDArray[np.float64]) -> FaceRois:
        """Return the ROIs of the next pass, from the landmarks of the last one."""
        return rois_from_landmarks(landmarks, np.array([search.frame.pixel_aspect for search, _ in candidates]))


class SeenFaces(NamedTuple):
    """The faces of one frame."""

    meshes: FaceMeshes
    rois: FaceRois
    """The ROI of each face in its last pass."""
    best_score: float
    """The highest score of the detector anywhere in the frame, face or not; 0 where the detector did not run."""


class _Pass(NamedTuple):
    """The results of one pass for N candidates and their ROIs."""

    rois: FaceRois
    landmarks: npt.NDArray[np.float64]
    presences: npt.NDArray[np.float64]


class _FaceSearch:
    """The candidates of one frame, tried in order of prominence until enough are faces."""

    def __init__(
        self, frame: Frame, detections: Detections, rois: FaceRois, num_faces: int, best_score: float = 0.0
    ) -> None:
        self.frame = frame
        self.best_score = best_score
        self.detections = detections
        self.rois = rois
        self.num_faces = num_faces
        self.num_tried = 0
        self.found: list[_FoundFace] = []

    def take_candidates(self) -> range:
        """Return the next candidates to try: as many as there are faces missing."""
        first = self.num_tried
        self.num_tried = min(len(self.detections), first + self.num_faces - len(self.found))
        return range(first, self.num_tried)

    def accept(self, face: _FoundFace) -> None:
        """Keep a face, unless it has already been found."""
        box = mesh_box(face.mesh)
        if not any(box_iou(box, mesh_box(other.mesh)[None])[0] > SAME_FACE_IOU for other in self.found):
            self.found.append(face)

    def result(self) -> SeenFaces:
        faces = self.detections[np.array([face.number for face in self.found], dtype=np.intp)]
        meshes = FaceMeshes(
            landmarks=np.array([face.mesh for face in self.found], dtype=np.float64).reshape(-1, 468, 3),
            presence=np.array([face.presence for face in self.found], dtype=np.float64),
            scores=faces.scores,
            boxes=faces.boxes,
            keypoints=faces.keypoints,
            size=self.frame.size,
        )
        rois = FaceRois.join([self.rois[:0], *(face.roi for face in self.found)])
        return SeenFaces(meshes, rois, self.best_score)


class _FoundFace(NamedTuple):
    """A detection that turned out to be a face."""

    number: int
    mesh: npt.NDArray[np.float64]
    roi: FaceRois
    presence: float


_Candidate = tuple[_FaceSearch, int]
"""A frame's search and the index of one of its detections."""


def mesh_box(mesh: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return left, top, right, bottom of a mesh (468, 2 or more)."""
    return np.concatenate([mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)])


def _frame(image: Any, index: int) -> Frame:
    """Check an image of the caller before any computation."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"image {index} must be an RGB array, uint8 (height, width, 3); got {got}")
    if 0 in image.shape:
        raise InputError(f"image {index} has no pixels: {image.shape}")
    return Frame(image, index)


def _given_boxes(boxes: Any) -> Detections:
    """Check boxes of the caller before any computation."""
    try:
        values = np.asarray(boxes, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"boxes must be numbers (N, 4) left, top, right, bottom in pixels ({error})") from None
    if values.size == 0:
        values = values.reshape(0, 4)
    if values.ndim != 2 or values.shape[1] != 4:
        raise InputError(f"boxes must be an array (N, 4) left, top, right, bottom in pixels; got {values.shape}")
    if not np.isfinite(values).all() or (values[:, 2:] <= values[:, :2]).any():
        raise InputError("boxes must be finite, each with left < right and top < bottom")
    return Detections(values, np.full((len(values), 6, 2), np.nan), np.full(len(values), np.nan))
