"""Distances between meshes, and transformation of points and images by the same matrix.

As everywhere in facestream, pixel centres are at +0.5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from facestream.topology import LEFT_EYE_OUTER_CORNER, RIGHT_EYE_OUTER_CORNER

__all__ = [
    "distances",
    "drift_pct",
    "eye_distance",
    "from_index_matrix",
    "mesh_center",
    "move_image",
    "move_points",
    "nearest_mesh",
    "turn_matrix",
]

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]


def distances(points: FloatArray, others: FloatArray) -> FloatArray:
    """Return the distance (...,) between each pair of points (..., 2)."""
    lengths: FloatArray = np.linalg.norm(points - others, axis=-1)
    return lengths


def eye_distance(mesh: FloatArray) -> float:
    """Return the distance between the outer eye corners of a mesh (468, 2)."""
    return float(distances(mesh[RIGHT_EYE_OUTER_CORNER], mesh[LEFT_EYE_OUTER_CORNER]))


def drift_pct(mesh: FloatArray, reference: FloatArray) -> float:
    """Return the mean distance of a mesh (468, 2) from the reference, in percent of the reference's eye distance."""
    return float(distances(mesh, reference).mean()) / eye_distance(reference) * 100


def mesh_center(mesh: FloatArray) -> FloatArray:
    """Return the centre (2,) of the box around a mesh (468, 2)."""
    center: FloatArray = (mesh.min(axis=0) + mesh.max(axis=0)) / 2
    return center


def nearest_mesh(
    meshes: FloatArray, landmarks: Sequence[int], points: FloatArray, max_distance: float
) -> FloatArray | None:
    """Return the mesh (468, 2) whose landmark centroid is nearest to that of the points; ``None`` if it is too far."""
    if not len(meshes):
        return None
    gaps = distances(meshes[:, list(landmarks)].mean(axis=1), points.mean(axis=0))
    nearest = int(gaps.argmin())
    return np.asarray(meshes[nearest]) if gaps[nearest] <= max_distance else None


def turn_matrix(center: FloatArray, angle_deg: float) -> FloatArray:
    """Return the matrix (2, 3) that rotates points about a centre, clockwise on the screen."""
    angle = math.radians(angle_deg)
    linear = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.column_stack([linear, center - linear @ center])


def move_points(points: FloatArray, matrix: FloatArray) -> FloatArray:
    """Transform points (..., 2) by a matrix (2, 3)."""
    moved: FloatArray = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def move_image(image: Image, matrix: FloatArray) -> Image:
    """Transform an image by a matrix (2, 3), keeping its size and replicating the border."""
    size = (image.shape[1], image.shape[0])
    indices = _shift_centers(matrix, 0.5)
    moved = cv2.warpAffine(image, indices, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)


def from_index_matrix(matrix: FloatArray) -> FloatArray:
    """Convert a matrix (2, 3) for pixel centres at 0, as in OpenCV, to one for pixel centres at +0.5."""
    return _shift_centers(matrix, -0.5)


def _shift_centers(matrix: FloatArray, offset: float) -> FloatArray:
    """Return the same transformation for coordinates shifted by ``offset``."""
    shift = np.array([offset, offset])
    return np.column_stack([matrix[:, :2], move_points(shift, matrix) - shift])
