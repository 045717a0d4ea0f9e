"""Fit a frame into the detector's square input with black bars, and map points back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facestream.images import Image, YuvImage

__all__ = ["Letterbox", "fit_letterbox", "letterbox_image"]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The place of a frame in a square of ``size`` pixels: its scaled size and its left and top bars."""

    size: int
    frame_size: tuple[int, int]
    scaled_size: tuple[int, int]
    offset: tuple[int, int]

    def to_input(self, points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Map frame pixels (..., 2) to pixels of the square."""
        return points * self._scale() + np.asarray(self.offset, dtype=np.float64)

    def to_frame(self, points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Map pixels of the square (..., 2) to frame pixels; undoes ``to_input``."""
        frame: npt.NDArray[np.float64] = (points - np.asarray(self.offset, dtype=np.float64)) / self._scale()
        return frame

    def _scale(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.scaled_size, dtype=np.float64) / np.asarray(self.frame_size, dtype=np.float64)


def fit_letterbox(frame_size: tuple[int, int], size: int, pixel_aspect: float = 1.0) -> Letterbox:
    """Return the largest centred fit of a frame (width, height) that keeps its display aspect ratio."""
    display_width, display_height = frame_size[0] * pixel_aspect, float(frame_size[1])
    scale = size / max(display_width, display_height)
    scaled_size = (max(1, round(display_width * scale)), max(1, round(display_height * scale)))
    offset = ((size - scaled_size[0]) // 2, (size - scaled_size[1]) // 2)
    return Letterbox(size, frame_size, scaled_size, offset)


def letterbox_image(image: Image, letterbox: Letterbox) -> npt.NDArray[np.uint8]:
    """Scale the frame into a black RGB square (size, size, 3); pixels are averaged where it shrinks."""
    if isinstance(image, YuvImage):
        scaled = image.mix(*(_scale(plane, letterbox.scaled_size) for plane in (image.luma, *image.chroma)))
    else:
        scaled = _scale(image, letterbox.scaled_size)
    square = np.zeros((letterbox.size, letterbox.size, 3), dtype=np.uint8)
    (left, top), (width, height) = letterbox.offset, letterbox.scaled_size
    square[top : top + height, left : left + width] = scaled
    return square


def _scale(plane: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    height, width = plane.shape[:2]
    # First scale by halves, which OpenCV averages ten times as fast as other factors.
    while width % 2 == height % 2 == 0 and width >= 2 * size[0] and height >= 2 * size[1]:
        width, height = width // 2, height // 2
        plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR)
