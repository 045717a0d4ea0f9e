"""Draw meshes on a frame."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from facestream.structures import FaceMeshes
from facestream.topology import CONTOURS, tessellation_edges

__all__ = ["SUBPIXEL_BITS", "draw_label", "draw_meshes", "fixed_point"]

TESSELLATION_RGB = (120, 235, 200)
CONTOUR_RGB = (255, 255, 255)
LABEL_RGB = (255, 225, 120)
PLATE_RGB = (30, 30, 30)

SUBPIXEL_BITS = 4
"""The number of fractional bits in integer coordinates for OpenCV."""


def draw_meshes(image: npt.NDArray[np.uint8], meshes: FaceMeshes) -> npt.NDArray[np.uint8]:
    """Return a copy of an RGB image (H, W, 3) with the triangulation, contours, number and confidence of each face."""
    canvas = np.ascontiguousarray(image).copy()
    for face, landmarks in enumerate(meshes.landmarks):
        face_px = float(np.ptp(landmarks[:, :2], axis=0).max())
        thickness = min(max(1, round(face_px / 400)), 8)
        lines = landmarks[:, :2]
        veil = canvas.copy()
        edges = np.asarray(tessellation_edges())
        cv2.polylines(veil, fixed_point(lines[edges]), False, TESSELLATION_RGB, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
        # On a small face the lines are close together, and are drawn more transparently.
        weight = min(max(face_px / 500, 0.2), 0.55)
        cv2.addWeighted(veil, weight, canvas, 1.0 - weight, 0.0, dst=canvas)
        for path in CONTOURS.values():
            points = fixed_point(lines[None, path])
            cv2.polylines(canvas, points, False, CONTOUR_RGB, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
        draw_label(canvas, lines, f"{face + 1}: {meshes.presence[face]:.2f}", face_px)
    return canvas


def draw_label(canvas: npt.NDArray[np.uint8], points: npt.NDArray[np.floating], text: str, face_px: float) -> None:
    """Draw number and confidence of a face on a dark plate above its forehead."""
    scale = min(max(0.4, face_px / 500), 4.0)
    thickness = max(1, round(scale * 1.5))
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    left, top = points.min(axis=0).clip(-(2**20), 2**20)
    x, y = int(left), max(int(top) - 8, height + 4)
    cv2.rectangle(canvas, (x - 3, y - height - 4), (x + width + 3, y + below), PLATE_RGB, cv2.FILLED)
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, LABEL_RGB, thickness, cv2.LINE_AA)


def fixed_point(paths: npt.NDArray[np.floating]) -> list[npt.NDArray[np.int32]]:
    """Convert paths (N, P, 2) for OpenCV, which counts pixel centres from 0 while ours are at +0.5."""
    # Points far outside are clipped to the range of OpenCV.
    fixed = np.clip((paths - 0.5) * (1 << SUBPIXEL_BITS), -(2**30), 2**30)
    return list(np.rint(fixed).astype(np.int32))
