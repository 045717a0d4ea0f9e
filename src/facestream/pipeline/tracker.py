"""Find the meshes of many frames with few detections.

Frames are processed in whole detection intervals. The first frame of each interval, the detection frame, is processed
as in the per-frame mode: detection and two or more passes. Frames between two detection frames that show the same faces
are tracked: each pass uses an ROI between the ROIs on both sides, first in the middle frame, then in the middle of each
half, and so on, so that a face moves less at each step. Frames in doubt are processed as in the per-frame mode as well.

The meshes of an interval depend only on its own frames and on the detection frame that follows it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facestream.ops.cuts import find_cuts
from facestream.ops.nms import box_iou, prominence_order
from facestream.ops.roi import match_rois, roi_shifts, rois_from_landmarks
from facestream.pipeline.face_mesh import SAME_FACE_IOU, FaceMeshPipeline, mesh_box
from facestream.pipeline.tracked_faces import TrackedFaces, detections_of, track
from facestream.structures import Detections, FaceMeshes, FaceRois, Frame

__all__ = ["FaceTracker"]

EMPTY_INTERVAL = 4
"""The detection interval while there is no face."""

NEAR_FACE = 0.8
"""A share of the score of a detection. Where a frame without a face comes this close to one, its neighbours are not
skipped."""

MAX_MOVE, MAX_GROWTH, MAX_TURN_RAD = 0.04, 0.07, math.radians(4)
"""Where the ROI of the landmarks differs by more from the ROI of the pass, as a share of its side or in its angle, a
second pass uses the new ROI. An interpolated ROI differs that much in 1 to 10 % of frames."""

BOX_IOU = 0.2
"""The least overlap of a mesh's bounding box with the box that was given for its frame."""

Places = npt.NDArray[np.intp]
"""(F,) the indices of a frame's faces among all tracked faces."""


class FaceTracker:
    """A pipeline that runs the detector on detection frames only."""

    def __init__(self, pipeline: FaceMeshPipeline, detection_interval: int) -> None:
        """Intervals are counted by the index of frames in the source; an interval of 1 is the per-frame mode."""
        self.pipeline = pipeline
        self.detection_interval = detection_interval
        self._next_detection: tuple[Frame, Future[_Known]] | None = None

    def process(
        self, frames: Sequence[Frame], following: Frame | None, given: Sequence[Detections] | None = None
    ) -> list[FaceMeshes]:
        """Return the meshes of whole detection intervals; see ``prepare``."""
        return self.prepare(frames, following, given)()

    def prepare(
        self, frames: Sequence[Frame], following: Frame | None, given: Sequence[Detections] | None = None
    ) -> Callable[[], list[FaceMeshes]]:
        """Return a function that finds the meshes of whole detection intervals.

        Frames are prepared in order. The functions may run in parallel threads if they are started in order.

        Args:
            frames: the frames of one or more detection intervals, as far as they are wanted.
            following: the detection frame of the next interval; ``None`` where the source ends.
            given: the boxes of the frames and of the following one, if they are given instead of detected.
        """
        if self.detection_interval == 1:
            return partial(self.pipeline.process_frames, frames, given and given[: len(frames)])
        first = self._next_detection[1] if self._next_detection and self._next_detection[0] is frames[0] else None
        last: Future[_Known] = Future()
        self._next_detection = (following, last) if following else None
        return partial(self._process, frames, following, given, first, last)

    def _process(
        self,
        frames: Sequence[Frame],
        following: Frame | None,
        given: Sequence[Detections] | None,
        first: Future[_Known] | None,
        last: Future[_Known],
    ) -> list[FaceMeshes]:
        """Set ``last``, the result of the following frame, early: it is the ``first`` of the next call."""
        try:
            every = [*frames, *([following] if following else [])]
            numbers = [frame.index // self.detection_interval for frame in every]
            detection_frames = [
                k for k in range(len(every)) if k in (0, len(every) - 1) or numbers[k] != numbers[k - 1]
            ]
            timeline = _Timeline(self.pipeline, every, given)
            if first:
                timeline.know([0], [first.result().meshes], first.result().tracked, [first.result().best_score])
            timeline.run_per_frame(detection_frames)
            last.set_result(timeline.known(len(every) - 1))
        except BaseException as error:
            last.set_exception(error)
            raise
        timeline.settle(detection_frames)
        return [timeline.results[k] for k in range(len(frames))]


class _Known(NamedTuple):
    """Everything that is known about one frame."""

    meshes: FaceMeshes
    tracked: TrackedFaces
    best_score: float
    """The highest score of the detector."""


class _Span(NamedTuple):
    """Two frames with known results, and the frames between them, whose results are not known yet."""

    first: int
    last: int
    faces: tuple[Places, Places] | None = None
    """The same faces in the first frame and in the last; ``None`` where they are not matched yet."""

    @property
    def middle(self) -> int:
        return (self.first + self.last) // 2

    @property
    def weight(self) -> float:
        """The weight of the last frame's ROIs in the interpolated ROIs of the middle."""
        return (self.middle - self.first) / (self.last - self.first)


class _Timeline:
    """Frames whose results become known step by step, detection frames first."""

    def __init__(self, pipeline: FaceMeshPipeline, frames: Sequence[Frame], given: Sequence[Detections] | None) -> None:
        self.results: dict[int, FaceMeshes] = {}
        self._pipeline = pipeline
        self._frames = frames
        self._aspects = np.array([frame.pixel_aspect for frame in frames])
        self._given = given
        self._num_cuts = np.cumsum(find_cuts([frame.pixels for frame in frames])).tolist()
        self._tracked = track(_no_detections(), _no_rois(), np.zeros(0))
        self._places: dict[int, Places] = {}
        self._best_scores: dict[int, float] = {}

    def know(
        self,
        numbers: Sequence[int],
        results: Sequence[FaceMeshes],
        tracked: TrackedFaces,
        best_scores: Sequence[float] = (),
    ) -> None:
        """Store the results of frames and the tracked state of all their faces, in order, and detector scores if
        any."""
        self._best_scores.update(zip(numbers, best_scores, strict=False))
        places = self._remember(tracked)
        stops = np.cumsum([len(meshes) for meshes in results])
        self.results.update(zip(numbers, results, strict=True))
        self._places.update(zip(numbers, np.split(places, stops[:-1]), strict=True))

    def known(self, number: int) -> _Known:
        return _Known(self.results[number], self._tracked[self._places[number]], self._best_scores[number])

    def settle(self, detection_frames: Sequence[int]) -> None:
        """Find the results of all frames. ``detection_frames`` holds the known ones, including the first and the
        last."""
        spans = [_Span(first, last) for first, last in pairwise(detection_frames)]
        while spans:
            per_frame, with_faces, spans = self._plan(spans)
            for span, middle in zip(with_faces, self._mesh_between(with_faces), strict=True):
                if middle is None:
                    per_frame.add(span.middle)
                spans += _halve(span, middle)
            self.run_per_frame(sorted(per_frame))

    def _plan(self, spans: Iterable[_Span]) -> tuple[set[int], list[_Span], list[_Span]]:
        """Return the next step: frames for the per-frame mode, spans with faces to track, and the remaining spans."""
        per_frame: set[int] = set()
        with_faces: list[_Span] = []
        rest: list[_Span] = []
        for span in spans:
            first, last = span.first, span.last
            if last == first + 1:
                continue
            faces = span.faces or self._match(first, last)
            if faces is None or self._num_cuts[first] != self._num_cuts[last]:
                per_frame.update(range(first + 1, last))
            elif len(faces[0]):
                with_faces.append(_Span(first, last, faces))
            elif last - first > EMPTY_INTERVAL:
                marks = range(first, last, EMPTY_INTERVAL)
                per_frame.update(marks[1:])
                rest += (_Span(*ends) for ends in pairwise([*marks, last]))
            elif self._is_near_a_face(first) or self._is_near_a_face(last):
                per_frame.update(range(first + 1, last))
            else:
                for k in range(first + 1, last):
                    self.know([k], [_no_meshes(self._frames[k])], self._tracked[:0])
        return per_frame, with_faces, rest

    def _is_near_a_face(self, number: int) -> bool:
        return self._best_scores[number] >= NEAR_FACE * self._pipeline.min_score_thresh

    def _match(self, first: int, last: int) -> tuple[Places, Places] | None:
        """Match the faces of two frames; ``None`` where one of them shows a face that the other does not."""
        if self._frames[first].size != self._frames[last].size:
            return None
        places = self._places[first], self._places[last]
        if self._given and not len(places[0]):
            # Between two frames without a box there may be others.
            return None
        order = match_rois(*(self._tracked.rois[of_frame] for of_frame in places))
        return None if order is None else (places[0], places[1][order])

    def run_per_frame(self, numbers: Sequence[int]) -> None:
        """Process frames as in the per-frame mode, if their results are not known yet."""
        numbers = [k for k in numbers if k not in self.results]
        if not numbers:
            return
        given = None if self._given is None else [self._given[k] for k in numbers]
        found = self._pipeline.find_faces([self._frames[k] for k in numbers], given)
        faces = Detections(
            np.concatenate([seen.meshes.boxes for seen in found]),
            np.concatenate([seen.meshes.keypoints for seen in found]),
            np.concatenate([seen.meshes.scores for seen in found]),
        )
        aspects = np.repeat(self._aspects[numbers], [len(seen.meshes) for seen in found])
        tracked = track(faces, FaceRois.join([seen.rois for seen in found]), aspects)
        self.know(numbers, [seen.meshes for seen in found], tracked, [seen.best_score for seen in found])

    def _mesh_between(self, spans: Sequence[_Span]) -> list[Places | None]:
        """Track the faces in the middle frame of each span; return them for each span, or ``None`` where there is
        doubt."""
        if not spans:
            return []
        pairs = [span.faces for span in spans if span.faces is not None]
        counts = [len(before) for before, _ in pairs]
        numbers = np.repeat([span.middle for span in spans], counts)
        before, after = (self._tracked[np.concatenate(places)] for places in zip(*pairs, strict=True))
        seen = before.blend(after, np.repeat([span.weight for span in spans], counts))
        landmarks, presences, rois = self._run_pass([self._frames[k] for k in numbers.tolist()], seen.rois)
        seen = seen.moved_to(rois)
        predicted = None if self._given else detections_of(seen, self._aspects[numbers])
        is_sure = (presences >= self._pipeline.certain_presence).tolist()
        all_places = self._remember(seen)
        middles: list[Places | None] = []
        stop = 0
        for span, count in zip(spans, counts, strict=True):
            chosen = slice(stop, stop + count)
            stop += count
            faces = predicted[chosen] if predicted else (self._given or ())[span.middle]
            if not all(is_sure[chosen]) or not self._fit(landmarks[chosen], faces):
                middles.append(None)
                continue
            self.results[span.middle] = _meshes(landmarks[chosen], presences[chosen], faces, self._frames[span.middle])
            self._places[span.middle] = all_places[chosen]
            middles.append(all_places[chosen])
        return middles

    def _run_pass(
        self, frames: Sequence[Frame], rois: FaceRois
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], FaceRois]:
        """Return landmarks and presences of faces, and the ROIs of their last pass."""
        landmarks, presences = self._pipeline.landmarker.place(frames, rois)
        refined = rois_from_landmarks(landmarks, np.array([frame.pixel_aspect for frame in frames]))
        again = np.flatnonzero(_is_off(rois, refined) & (presences >= self._pipeline.certain_presence))
        if len(again):
            better, second = self._pipeline.landmarker.place([frames[i] for i in again.tolist()], refined[again])
            landmarks[again], presences[again] = better, np.minimum(presences[again], second)
            rois = rois.replace(again, refined[again])
        return landmarks, presences, rois

    def _fit(self, landmarks: npt.NDArray[np.float64], faces: Detections) -> bool:
        """Whether the meshes of a frame are different faces, and overlap the given boxes if there are any."""
        if self._given is None and len(landmarks) == 1:
            return True
        boxes = np.array([mesh_box(mesh) for mesh in landmarks])
        if self._given is not None:
            return len(faces) == 1 and bool(box_iou(boxes[0], faces.boxes)[0] >= BOX_IOU)
        return not any((box_iou(box, boxes[k + 1 :]) > SAME_FACE_IOU).any() for k, box in enumerate(boxes))

    def _remember(self, tracked: TrackedFaces) -> Places:
        """Append faces to all tracked ones; return their indices."""
        first = len(self._tracked)
        self._tracked = TrackedFaces.join([self._tracked, tracked])
        return np.arange(first, len(self._tracked))


def _halve(span: _Span, middle: Places | None) -> tuple[_Span, _Span]:
    """Return the spans on both sides of the middle frame, in which these faces were found."""
    if middle is None or span.faces is None:
        return _Span(span.first, span.middle), _Span(span.middle, span.last)
    before, after = span.faces
    return _Span(span.first, span.middle, (before, middle)), _Span(span.middle, span.last, (middle, after))


def _is_off(rois: FaceRois, refined: FaceRois) -> npt.NDArray[np.bool_]:
    """Whether the ROI of the landmarks differs clearly from the ROI of the pass."""
    turns, moves = roi_shifts(rois, refined)
    growths = np.abs(np.log(refined.sides / rois.sides))
    return (turns > MAX_TURN_RAD) | (moves > MAX_MOVE) | (growths > MAX_GROWTH)


def _meshes(
    landmarks: npt.NDArray[np.float64], presences: npt.NDArray[np.float64], faces: Detections, frame: Frame
) -> FaceMeshes:
    """Return the faces of a frame, the most prominent first."""
    if len(faces) > 1:
        order = prominence_order(faces)
        landmarks, presences, faces = landmarks[order], presences[order], faces[order]
    return FaceMeshes(landmarks, presences, faces.scores, faces.boxes, faces.keypoints, frame.size)


def _no_meshes(frame: Frame) -> FaceMeshes:
    return _meshes(np.zeros((0, 468, 3)), np.zeros(0), _no_detections(), frame)


def _no_detections() -> Detections:
    return Detections(np.zeros((0, 4)), np.zeros((0, 6, 2)), np.zeros(0))


def _no_rois() -> FaceRois:
    return FaceRois(np.zeros((0, 2)), np.zeros(0), np.zeros(0))
