"""One pass of FaceMesh: landmarks of the faces in ROIs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.engines import Engine
from facestream.images import Image
from facestream.ops.warp import crop_matrices, crop_to_frame, cut_crop
from facestream.structures import FaceRois, Frame

__all__ = ["FaceLandmarker"]


class FaceLandmarker:
    """FaceMesh on crops of frames."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._cut = _cutter(engine.device)

    def place(self, frames: Sequence[Frame], rois: FaceRois) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return landmarks (N, 468, 3) in frame pixels and presences (N,) in [0, 1].

        ``frames`` holds the frame of each of the N ROIs.
        """
        size = self.engine.input_size
        aspects = np.array([frame.pixel_aspect for frame in frames])
        matrices = crop_matrices(rois, size, aspects)
        landmarks_crop, presence_logits = self.engine.run(
            self._cut(frame.pixels, matrix, size) for frame, matrix in zip(frames, matrices, strict=True)
        )
        # The user's own weights may overflow. A mesh that is not finite is no face.
        is_finite = np.isfinite(landmarks_crop).all(axis=(1, 2)) & np.isfinite(presence_logits)
        landmarks_crop = np.where(is_finite[:, None, None], landmarks_crop, size / 2)
        landmarks = crop_to_frame(landmarks_crop, rois, size, aspects)
        return landmarks, np.where(is_finite, _sigmoid(presence_logits.astype(np.float64)), 0.0)


def _cutter(device: str) -> Callable[[Image, npt.NDArray[np.float64], int], Any]:
    """Return the function that cuts crops on the device of the engine."""
    if device != "cuda":
        return cut_crop
    from facestream.ops.device_crops import DeviceCutter

    return DeviceCutter(device)


def _sigmoid(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    probabilities: npt.NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(logits, -100.0, 100.0)))
    return probabilities
