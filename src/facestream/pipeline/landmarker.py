"""Points on the faces of rois."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.engines import Engine
from facestream.ops.warp import crop_image, crop_to_frame
from facestream.structures import FaceRois, Frame

__all__ = ["FaceLandmarker"]


class FaceLandmarker:
    """FaceMesh on crops of frames: one pass."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def place(self, frames: Sequence[Frame], rois: FaceRois) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Landmarks (N, 468, 3) in frame pixels and presences (N,) in [0, 1].

        ``frames`` holds for each of the N rois the frame that it lies in.
        """
        size = self.engine.input_size
        crops = np.empty((len(frames), size, size, 3), dtype=np.uint8)
        for i, frame in enumerate(frames):
            crops[i] = crop_image(frame.image, rois[i : i + 1], size, frame.pixel_aspect)
        landmarks_crop, presence_logits = self.engine.run(crops)
        # Weights of one's own may overflow; what is not a number is not a face.
        is_finite = np.isfinite(landmarks_crop).all(axis=(1, 2)) & np.isfinite(presence_logits)
        landmarks_crop = np.where(is_finite[:, None, None], landmarks_crop, size / 2)
        landmarks = np.empty(landmarks_crop.shape, dtype=np.float64)
        for i, frame in enumerate(frames):
            landmarks[i] = crop_to_frame(landmarks_crop[i : i + 1], rois[i : i + 1], size, frame.pixel_aspect)[0]
        return landmarks, np.where(is_finite, _sigmoid(presence_logits.astype(np.float64)), 0.0)


def _sigmoid(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    probabilities: npt.NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(logits, -100.0, 100.0)))
    return probabilities
