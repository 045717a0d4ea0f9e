"""What is remembered of a face between two frames, and what the detector would say of it in between."""

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
    """Faces of several frames: the roi of each, and its detection as seen from there, which hardly changes while a head
    moves."""

    rois: FaceRois
    """What each face's mesh was seen through."""
    points: FloatArray
    """(N, 7, 2) the box's middle and the keypoints, in sides from the roi's corner."""
    sizes: FloatArray
    """(N, 2) of the box on the screen, in sides."""
    scores: FloatArray
    """(N,)."""

    def __len__(self) -> int:
        return len(self.rois)

    def __getitem__(self, index: npt.NDArray[Any] | slice) -> TrackedFaces:
        return TrackedFaces(self.rois[index], self.points[index], self.sizes[index], self.scores[index])

    @staticmethod
    def join(parts: Sequence[TrackedFaces]) -> TrackedFaces:
        """All tracked of the parts, in order; there must be a part."""
        return TrackedFaces(
            FaceRois.join([part.rois for part in parts]),
            *(np.concatenate([getattr(part, name) for part in parts]) for name in ("points", "sizes", "scores")),
        )

    def blend(self, others: TrackedFaces, weights: FloatArray) -> TrackedFaces:
        """Between two tracked of each face; ``weights`` (N,) say how near the second one is: 0 is the first."""
        mix = weights[:, None]
        return TrackedFaces(
            blend_rois(self.rois, others.rois, weights),
            self.points + (others.points - self.points) * mix[..., None],
            self.sizes + (others.sizes - self.sizes) * mix,
            self.scores + (others.scores - self.scores) * weights,
        )

    def moved_to(self, rois: FaceRois) -> TrackedFaces:
        """The same faces where other rois are now."""
        return TrackedFaces(rois, self.points, self.sizes, self.scores)


def track(faces: Detections, rois: FaceRois, pixel_aspects: FloatArray) -> TrackedFaces:
    """Detected faces (N), each from its roi, in frames with these pixel aspects (N,)."""
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
