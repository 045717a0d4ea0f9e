"""Detect the faces of frames, the most prominent first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from facestream.engines import Engine
from facestream.ops.anchors import BLAZEFACE_BACK, BLAZEFACE_FRONT, decode_detections, scores_from_logits
from facestream.ops.letterbox import fit_letterbox, letterbox_image
from facestream.ops.nms import prominence_order, weighted_nms
from facestream.structures import Detections, Frame

__all__ = ["FaceDetector", "Found"]

_ANCHORS = {options.input_size: options for options in (BLAZEFACE_BACK, BLAZEFACE_FRONT)}


class Found(NamedTuple):
    """The detections of a frame."""

    detections: Detections
    best_score: float
    """The highest score of all anchors, also where it is too low for a detection."""


class FaceDetector:
    """BlazeFace with letterboxing, decoding and weighted non-maximum suppression."""

    def __init__(self, engine: Engine, *, min_score: float = 0.5, min_suppression: float = 0.3) -> None:
        self.engine = engine
        self.min_score = min_score
        self.min_suppression = min_suppression

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Return the faces of each frame in pixels of that frame, ordered by prominence."""
        return [found.detections for found in self.search(frames)]

    def search(self, frames: Sequence[Frame]) -> list[Found]:
        """Return the faces of each frame with its best score."""
        if not frames:
            return []
        size = self.engine.input_size
        letterboxes = [fit_letterbox(frame.size, size, frame.pixel_aspect) for frame in frames]
        raw_boxes, raw_scores = self.engine.run(
            letterbox_image(frame.pixels, box) for frame, box in zip(frames, letterboxes, strict=True)
        )
        results = []
        for candidates, best_score, letterbox in zip(
            decode_detections(raw_boxes, raw_scores, _ANCHORS[size], self.min_score),
            scores_from_logits(raw_scores.max(axis=1)),
            letterboxes,
            strict=True,
        ):
            faces = weighted_nms(candidates, self.min_suppression)
            corners = letterbox.to_frame(faces.boxes.reshape(-1, 2, 2))
            in_frame = Detections(corners.reshape(-1, 4), letterbox.to_frame(faces.keypoints), faces.scores)
            results.append(Found(in_frame[prominence_order(in_frame)], float(best_score)))
        return results
