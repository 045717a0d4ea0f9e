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

__all__ = ["Sightings", "detections_of", "sight"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
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

    def __getitem__(self, index: npt.NDArray[Any] | slice) -> Sightings:
        return Sightings(self.rois[index], self.points[index], self.sizes[index], self.scores[index])

    @staticmethod
    def join(parts: Sequence[Sightings]) -> Sightings:
        """All sightings of the parts, in order; there must be a part."""
        return Sightings(
            FaceRois.join([part.rois for part in parts]),
            *(np.concatenate([getattr(part, name) for part in parts]) for name in ("points", "sizes", "scores")),
        )

    def blend(self, others: Sightings, weights: FloatArray) -> Sightings:
        """Between two sightings of each face; ``weights`` (N,) say how near the second one is: 0 is the first."""
        mix = weights[:, None]
        return Sightings(
            blend_rois(self.rois, others.rois, weights),
            self.points + (others.points - self.points) * mix[..., None],
            self.sizes + (others.sizes - self.sizes) * mix,
            self.scores + (others.scores - self.scores) * weights,
        )

    def moved_to(self, rois: FaceRois) -> Sightings:
        """The same faces where other rois are now."""
        return Sightings(rois, self.points, self.sizes, self.scores)


def sight(faces: Detections, rois: FaceRois, pixel_aspects: FloatArray) -> Sightings:
    """Detected faces (N), each from its roi, in frames with these pixel aspects (N,)."""
    corners = faces.boxes.reshape(-1, 2, 2)
    middles = corners.mean(axis=1, keepdims=True)
    points = frame_to_crop(np.concatenate([middles, faces.keypoints], axis=1), rois, 1, pixel_aspects)
    sizes = to_display(corners[:, 1] - corners[:, 0], pixel_aspects) / rois.sides[:, None]
    return Sightings(rois, points, sizes, np.asarray(faces.scores, dtype=np.float64))


def detections_of(sightings: Sightings, pixel_aspects: FloatArray) -> Detections:
    """The detections of faces (N) in frames with these pixel aspects (N,); undoes ``sight``."""
    points = crop_to_frame(sightings.points, sightings.rois, 1, pixel_aspects)
    halves = to_stored(sightings.sizes * sightings.rois.sides[:, None] / 2, pixel_aspects)
    middles = points[:, 0]
    boxes = np.concatenate([middles - halves, middles + halves], axis=1)
    return Detections(boxes, points[:, 1:], sightings.scores)
