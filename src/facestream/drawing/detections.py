"""Draw detections on a frame."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from facestream.drawing.mesh import SUBPIXEL_BITS, draw_label, fixed_point
from facestream.structures import Detections

__all__ = ["draw_detections"]

BOX_RGB = (120, 235, 200)
RIGHT_RGB, LEFT_RGB, MIDDLE_RGB = (255, 120, 120), (120, 170, 255), (255, 255, 255)
KEYPOINT_RGBS = (RIGHT_RGB, LEFT_RGB, MIDDLE_RGB, MIDDLE_RGB, RIGHT_RGB, LEFT_RGB)
"""The subject's right is red, and the left is blue."""


def draw_detections(image: npt.NDArray[np.uint8], detections: Detections) -> npt.NDArray[np.uint8]:
    """Return a copy of an RGB image (H, W, 3) with the box, keypoints, number and score of each face."""
    canvas = np.ascontiguousarray(image).copy()
    for face, box in enumerate(detections.boxes):
        side_px = float((box[2:] - box[:2]).max())
        thickness = min(max(1, round(side_px / 200)), 8)
        left_top, right_bottom = fixed_point(box.reshape(1, 2, 2))[0]
        cv2.rectangle(canvas, left_top.tolist(), right_bottom.tolist(), BOX_RGB, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
        radius = max(2, round(side_px / 60)) << SUBPIXEL_BITS
        for point, color in zip(fixed_point(detections.keypoints[face][None])[0], KEYPOINT_RGBS, strict=True):
            cv2.circle(canvas, point.tolist(), radius, color, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)
        draw_label(canvas, box.reshape(2, 2), f"{face + 1}: {detections.scores[face]:.2f}", side_px)
    return canvas
