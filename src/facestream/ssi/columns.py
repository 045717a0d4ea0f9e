"""DISCOVER's column layout: y before x, as fractions of the frame, confidence last."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.storage.floats import as_float64
from facestream.topology import NUM_LANDMARKS

__all__ = [
    "BOX_COLUMNS",
    "BOX_MEDIA_TYPE",
    "CLOCK",
    "CONSTANT_CLOCK",
    "KEYPOINT_COLUMNS",
    "KEYPOINT_MEDIA_TYPE",
    "KEYPOINT_NAMES",
    "MESH_COLUMNS",
    "MESH_MEDIA_TYPE",
    "box_row",
    "column_names",
    "keypoint_row",
    "mesh_row",
    "split_box_rows",
    "split_mesh_rows",
]

CLOCK, CONSTANT_CLOCK = "clock", "constant"
"""The header attribute and its value for rows on a constant clock, instead of one row per frame."""

KEYPOINT_NAMES = ("right_eye", "left_eye", "nose", "mouth", "right_ear", "left_ear")
"""Left and right are the subject's."""

MESH_COLUMNS = NUM_LANDMARKS * 2 + 1
MESH_MEDIA_TYPE = "feature;face;landmarks;facemesh"
BOX_COLUMNS = 5
BOX_MEDIA_TYPE = "feature;face;boundingbox;blazeface"
KEYPOINT_COLUMNS = len(KEYPOINT_NAMES) * 2 + 1
KEYPOINT_MEDIA_TYPE = "feature;face;landmarks;blazeface"

_BOX_NAMES = ("ymin", "xmin", "ymax", "xmax")


def mesh_row(landmarks: npt.NDArray[Any], confidence: float, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """One face as a row (937,): 468 pairs y, x as fractions of the frame, not clipped, then the confidence.

    ``landmarks`` is (468, 2 or 3) in pixels of a frame of ``size`` (width, height).
    """
    return _point_row(landmarks, confidence, size)


def keypoint_row(keypoints: npt.NDArray[Any], score: float, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return keypoints (6, 2) in pixels as a row (13,): six pairs y, x as fractions, then the score."""
    return _point_row(keypoints, score, size)


def box_row(box: npt.NDArray[Any], score: float, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return a box (4,) left, top, right, bottom in pixels as a row (5,): ymin, xmin, ymax, xmax as fractions, the
    score."""
    return _point_row(np.reshape(box, (2, 2)), score, size)


def split_box_rows(
    rows: npt.NDArray[Any], size: tuple[int, int]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return rows (N, 4 or 5) as boxes (N, 4) left, top, right, bottom in pixels, and scores (N,), NaN if absent."""
    values = as_float64(rows)
    boxes = values[:, [1, 0, 3, 2]] * np.tile(size, 2)
    scores = values[:, 4] if rows.shape[1] == BOX_COLUMNS else np.full(len(rows), np.nan)
    return boxes, scores


def split_mesh_rows(
    rows: npt.NDArray[Any], size: tuple[int, int]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return rows (N, 937) as landmarks (N, 468, 2), x, y in pixels, and confidences (N,); undoes ``mesh_row``."""
    pairs = as_float64(rows[:, :-1]).reshape(len(rows), NUM_LANDMARKS, 2)
    return pairs[..., ::-1] * np.asarray(size, dtype=np.float64), as_float64(rows[:, -1])


def column_names(media_type: str, dim: int) -> tuple[str, ...]:
    """Return the column names of a stream by its media type; numbered if the type is unknown."""
    if "feature;face;boundingbox" in media_type and dim in (BOX_COLUMNS - 1, BOX_COLUMNS):
        return (*_BOX_NAMES, "confidence")[:dim]
    points: tuple[str, ...] = ()
    if "feature;face;landmarks" in media_type and dim == KEYPOINT_COLUMNS:
        points = KEYPOINT_NAMES
    elif "feature;face;landmarks" in media_type and dim % 2:
        points = tuple(map(str, range(dim // 2)))
    if points:
        return (*(f"{axis}_{point}" for point in points for axis in "yx"), "confidence")
    return tuple(f"column_{number}" for number in range(dim))


def _point_row(points: npt.NDArray[Any], confidence: float, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    row = np.empty(len(points) * 2 + 1, dtype=np.float32)
    # Archives and tables hold float32 pixels. Starting from these makes streams converted from them equal to this one.
    pixels = points[:, 1::-1].astype(np.float32)
    np.divide(pixels, np.array(size[::-1], np.float64), out=row[:-1].reshape(-1, 2), casting="same_kind")
    row[-1] = confidence
    return row
