"""The ROI of a face: a rotated square, from a detection or from landmarks.

Pixels of a frame need not be square. An ROI is a square on the display, so points are first stretched along x by the
pixel aspect ratio (width of a pixel divided by its height).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.structures import Detections, FaceRois
from facestream.topology import LEFT_EYE_OUTER_CORNER, RIGHT_EYE_OUTER_CORNER

__all__ = [
    "PixelAspect",
    "blend_rois",
    "match_rois",
    "roi_shifts",
    "rois_from_boxes",
    "rois_from_detections",
    "rois_from_landmarks",
    "to_display",
    "to_stored",
]

ENLARGEMENT = 1.5
"""The side of the ROI divided by the longer side of the box (MediaPipe,
``face_detection_front_detection_to_roi.pbtxt``)."""

SQUARE_TOLERANCE = 1e-3
"""The tolerance for boxes that were float32 fractions of the frame."""

SAME_FACE_MOVE, SAME_FACE_GROWTH = 0.5, 1.5
"""How far a face may move between two frames, as a share of its ROI's side, and grow, as a ratio."""

RIGHT_EYE, LEFT_EYE = 0, 1
"""The keypoints of the detector that define the angle."""


PixelAspect = float | npt.NDArray[np.float64]
"""The pixel aspect ratio of all frames, or (N,) of the frame of each entry."""


def to_display(points: npt.NDArray[Any], pixel_aspect: PixelAspect) -> npt.NDArray[np.float64]:
    """Convert frame pixels (..., 2) to display pixels, which are square."""
    display: npt.NDArray[np.float64] = points * _stretch(points, pixel_aspect)
    return display


def to_stored(points: npt.NDArray[Any], pixel_aspect: PixelAspect) -> npt.NDArray[np.float64]:
    """Convert display pixels (..., 2) to frame pixels; undoes ``to_display``."""
    stored: npt.NDArray[np.float64] = points / _stretch(points, pixel_aspect)
    return stored


def _stretch(points: npt.NDArray[Any], pixel_aspect: PixelAspect) -> npt.NDArray[np.float64]:
    """Return the scale (2,), or (N, 1, ..., 2) for one per entry."""
    if isinstance(pixel_aspect, float):
        return np.array([pixel_aspect, 1.0])
    stretch = np.column_stack([pixel_aspect, np.ones(len(pixel_aspect))])
    return stretch.reshape(-1, *(1,) * (points.ndim - 2), 2)


def rois_from_detections(detections: Detections, pixel_aspect: PixelAspect = 1.0) -> FaceRois:
    """Return squares around boxes, rotated so that the line from the right to the left eye is horizontal."""
    corners = to_display(detections.boxes.reshape(-1, 2, 2), pixel_aspect)
    eyes = to_display(detections.keypoints[:, (RIGHT_EYE, LEFT_EYE)], pixel_aspect)
    return _rois(corners[:, 0], corners[:, 1], eyes[:, 0], eyes[:, 1])


def rois_from_boxes(boxes: npt.NDArray[Any], pixel_aspect: PixelAspect = 1.0) -> FaceRois:
    """Upright squares around boxes (N, 4) left, top, right, bottom, which say nothing of how the head is turned.

    A box that is square in pixels which are not was made so by stretching a side: the shorter one on the screen is the
    face's.
    """
    corners = to_display(boxes.reshape(-1, 2, 2), pixel_aspect)
    sizes_px = boxes[:, 2:] - boxes[:, :2]
    is_stretched = np.abs(sizes_px[:, 0] - sizes_px[:, 1]) <= SQUARE_TOLERANCE * sizes_px.max(axis=1)
    middles = corners.mean(axis=1)
    halves = (corners[:, 1] - corners[:, 0]) / 2
    halves = np.where(is_stretched[:, None], halves.min(axis=1, keepdims=True), halves)
    level = np.broadcast_to(np.array([1.0, 0.0]), middles.shape)
    return _rois(middles - halves, middles + halves, np.zeros_like(level), level)


def roi_shifts(rois: FaceRois, others: FaceRois) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the difference of two ROIs of each face: the angle (N,) in radians, at most pi, and the shift (N,) in
    sides."""
    turns = np.abs((others.angles_rad - rois.angles_rad + np.pi) % (2 * np.pi) - np.pi)
    moves = np.linalg.norm(others.centers - rois.centers, axis=1) / rois.sides
    return turns, moves


def match_rois(rois: FaceRois, others: FaceRois) -> npt.NDArray[np.intp] | None:
    """For each roi (N,) the index of the other one that is the same face's; ``None`` where one has no partner.

    Partners are each other's nearest, less than half a side apart, and of similar size.
    """
    if len(rois) != len(others):
        return None
    if not len(rois):
        return np.zeros(0, dtype=np.intp)
    sides = rois.sides[:, None], others.sides[None]
    distances = np.linalg.norm(rois.centers[:, None] - others.centers, axis=2) / np.minimum(*sides)
    partners: npt.NDArray[np.intp] = distances.argmin(axis=1)
    numbers = np.arange(len(rois))
    growth = np.maximum(*sides) / np.minimum(*sides)
    if (
        (distances[numbers, partners] > SAME_FACE_MOVE).any()
        or (growth[numbers, partners] > SAME_FACE_GROWTH).any()
        or (distances.argmin(axis=0)[partners] != numbers).any()
    ):
        return None
    return partners


def blend_rois(rois: FaceRois, others: FaceRois, weights: npt.NDArray[np.float64]) -> FaceRois:
    """Interpolate between two ROIs of each face; a weight of 0 is the first one. Angles take the shorter way."""
    turns = (others.angles_rad - rois.angles_rad + np.pi) % (2 * np.pi) - np.pi
    return FaceRois(
        rois.centers + (others.centers - rois.centers) * weights[:, None],
        rois.sides * (others.sides / rois.sides) ** weights,
        rois.angles_rad + turns * weights,
    )


def rois_from_landmarks(landmarks: npt.NDArray[Any], pixel_aspect: PixelAspect = 1.0) -> FaceRois:
    """Squares around the upright bounding boxes of landmarks (N, 468, 2 or more), turned so that the eyes are level.

    The turn is measured from landmark 33 to landmark 263 (MediaPipe, ``face_landmark_landmarks_to_roi.pbtxt``).
    """
    # Contiguous coordinates, on which NumPy is several times as fast.
    x, y = landmarks[..., 0].astype(np.float64), landmarks[..., 1].astype(np.float64)
    eyes = landmarks[:, [RIGHT_EYE_OUTER_CORNER, LEFT_EYE_OUTER_CORNER], :2].astype(np.float64)
    corners = np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1).reshape(-1, 2, 2)
    return _rois(*to_display(np.concatenate([corners, eyes], axis=1), pixel_aspect).transpose(1, 0, 2))


def _rois(
    top_left: npt.NDArray[np.float64],
    bottom_right: npt.NDArray[np.float64],
    right_eye: npt.NDArray[np.float64],
    left_eye: npt.NDArray[np.float64],
) -> FaceRois:
    eye_line = left_eye - right_eye
    return FaceRois(
        centers=(top_left + bottom_right) / 2,
        sides=ENLARGEMENT * (bottom_right - top_left).max(axis=1),
        angles_rad=np.arctan2(eye_line[:, 1], eye_line[:, 0]),
    )
