"""Turn stored frames upright."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facestream.images import YuvImage

__all__ = ["Turn", "turn_from_display_matrix"]


@dataclass(frozen=True, slots=True)
class Turn:
    """A number of clockwise quarter turns, optionally followed by a horizontal flip."""

    quarters: int = 0
    mirrored: bool = False

    @property
    def swaps_axes(self) -> bool:
        return self.quarters % 2 == 1

    def apply(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the upright image, contiguous; the same array if it is already upright."""
        if self.quarters:
            image = cv2.rotate(image, _ROTATIONS[self.quarters])
        return cv2.flip(image, 1) if self.mirrored else image

    def apply_to_planes(self, image: YuvImage) -> YuvImage:
        """Return the upright picture; the same one if it is already upright."""
        if not self.quarters and not self.mirrored:
            return image
        step, shift = image.chroma_step, image.chroma_shift
        height, width = image.luma.shape
        for _ in range(self.quarters):
            # A point (x, y) moves to (height - y, x).
            step, shift = (step[1], step[0]), (_flip(height, step[1], shift[1]), shift[0])
            width, height = height, width
        if self.mirrored:
            shift = (_flip(width, step[0], shift[0]), shift[1])
        u, v = (self.apply(plane) for plane in image.chroma)
        return YuvImage(self.apply(image.luma), (u, v), image.rgb_from_yuv, step, shift)


_ROTATIONS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


def _flip(length: int, step: int, shift: float) -> float:
    """Return the chroma shift along a reversed axis of so many luma pixels."""
    return -(-length // step) - length / step - shift


def turn_from_display_matrix(data: bytes) -> Turn:
    """The nearest turn by quarters of a container's display matrix.

    Nine 32-bit integers a b u c d v x y w, native order, as FFmpeg's ``libavutil/display.h`` describes them: a stored
    point (p, q) is shown at (a p + c q, b p + d q).
    """
    a, b, _, c, d = struct.unpack_from("=5i", data)
    mirrored = a * d - b * c < 0
    if mirrored:
        # The flip comes last, so remove it from the displayed x.
        a, c = -a, -c
    # Upright is (1, 0, 0, 1). After a clockwise quarter turn the stored x axis points down: (0, 1, -1, 0).
    quarters = round(float(np.arctan2(b - c, a + d)) / (np.pi / 2)) % 4
    return Turn(quarters, mirrored)
