"""DISCOVER's columns: y before x, as fractions of the frame, the confidence last."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.topology import NUM_LANDMARKS

__all__ = ["MESH_COLUMNS", "MESH_MEDIA_TYPE", "mesh_row", "split_mesh_rows"]

MESH_COLUMNS = NUM_LANDMARKS * 2 + 1
MESH_MEDIA_TYPE = "feature;face;landmarks;facemesh"


def mesh_row(landmarks: npt.NDArray[Any], confidence: float, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """One face as a row (937,): 468 pairs y, x as fractions of the frame, not clipped, then the confidence.

    ``landmarks`` is (468, 2 or 3) in pixels of a frame of ``size`` (width, height).
    """
    row = np.empty(MESH_COLUMNS, dtype=np.float32)
    width, height = size
    row[0:-1:2] = landmarks[:, 1] / height
    row[1:-1:2] = landmarks[:, 0] / width
    row[-1] = confidence
    return row


def split_mesh_rows(
    rows: npt.NDArray[Any], size: tuple[int, int]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Rows (N, 937) as landmarks (N, 468, 2), x, y in pixels, and confidences (N,); undoes ``mesh_row``."""
    pairs = rows[:, :-1].astype(np.float64).reshape(len(rows), NUM_LANDMARKS, 2)
    return pairs[..., ::-1] * np.asarray(size, dtype=np.float64), rows[:, -1].astype(np.float64)
