"""Faces that are tracked between two detection frames, and the detections predicted for the frames in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.ops.roi import blend_rois, to_display, to_stored
from facestream.ops.warp import crop_to_frame, frame_to_crop
from facestream.structures import Detections, FaceRois

__all__ = ["TrackedFaces", "detections_of", "track"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFaces:
    """Faces of several frames: the ROI of each, and its detection relative to that ROI, which hardly changes while a
    head moves."""

    rois: FaceRois
    """The ROI of each face's last pass."""
    points: FloatArray
    """(N, 7, 2) the centre of the box and the keypoints, from the corner of the ROI, in units of its side."""
    sizes: FloatArray
    """(N, 2) width and height of the box in display pixels, in units of the ROI's side."""
    scores: FloatArray
    """(N,)."""

    def __len__(self) -> int:
        return len(self.rois)

    def __getitem__(self, index: npt.NDArray[Any] | slice) -> TrackedFaces:
        return TrackedFaces(self.rois[index], self.points[index], self.sizes[index], self.scores[index])

    @staticmethod
    def join(parts: Sequence[TrackedFaces]) -> TrackedFaces:
        """Return the faces of one or more sets, in order."""
        return TrackedFaces(
            FaceRois.join([part.rois for part in parts]),
            *(np.concatenate([getattr(part, name) for part in parts]) for name in ("points", "sizes", "scores")),
        )

    def blend(self, others: TrackedFaces, weights: FloatArray) -> TrackedFaces:
        """Interpolate between two states of each face; a weight (N,) of 0 is the first state, of 1 the second."""
        mix = weights[:, None]
        return TrackedFaces(
            blend_rois(self.rois, others.rois, weights),
            self.points + (others.points - self.points) * mix[..., None],
            self.sizes + (others.sizes - self.sizes) * mix,
            self.scores + (others.scores - self.scores) * weights,
        )

    def moved_to(self, rois: FaceRois) -> TrackedFaces:
        """Return the same faces at other ROIs."""
        return TrackedFaces(rois, self.points, self.sizes, self.scores)


def track(faces: Detections, rois: FaceRois, pixel_aspects: FloatArray) -> TrackedFaces:
    """Return detected faces (N) relative to their ROIs; ``pixel_aspects`` (N,) are those of their frames."""
    corners = faces.boxes.reshape(-1, 2, 2)
    middles = corners.mean(axis=1, keepdims=True)
    points = frame_to_crop(np.concatenate([middles, faces.keypoints], axis=1), rois, 1, pixel_aspects)
    sizes = to_display(corners[:, 1] - corners[:, 0], pixel_aspects) / rois.sides[:, None]
    return TrackedFaces(rois, points, sizes, np.asarray(faces.scores, dtype=np.float64))


def detections_of(tracked: TrackedFaces, pixel_aspects: FloatArray) -> Detections:
    """The detections of faces (N) in frames with these pixel aspects (N,); undoes ``sight``."""
    points = crop_to_frame(tracked.points, tracked.rois, 1, pixel_aspects)
    halves = to_stored(tracked.sizes * tracked.rois.sides[:, None] / 2, pixel_aspects)
    middles = points[:, 0]
    boxes = np.concatenate([middles - halves, middles + halves], axis=1)
    return Detections(boxes, points[:, 1:], tracked.scores)
