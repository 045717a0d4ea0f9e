"""Pixels as decoders give them: brightness and colour apart, the colour often coarser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Image", "Plane", "YuvImage"]

Plane = npt.NDArray[Any]
"""(H, W) uint8, or uint16 for samples of more than 8 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class YuvImage:
    """An upright picture in planes. Only the pixels of crops are converted to RGB, never the whole frame."""

    luma: Plane
    """(H, W)."""
    chroma: tuple[Plane, Plane]
    """U and V, each (ceil(H / step), ceil(W / step))."""
    rgb_from_yuv: npt.NDArray[np.float32]
    """(3, 4): R, G, B in [0, 255] are this times (Y, U, V, 1)."""
    chroma_step: tuple[int, int] = (2, 2)
    """Luma pixels per chroma sample along x and y."""
    chroma_shift: tuple[float, float] = (0.0, 0.0)
    """A point at x of the luma plane lies at ``x / step + shift`` of the chroma planes, likewise y."""

    def __post_init__(self) -> None:
        height, width = self.luma.shape
        wanted = (-(-height // self.chroma_step[1]), -(-width // self.chroma_step[0]))
        if any(plane.shape != wanted or plane.dtype != self.luma.dtype for plane in self.chroma):
            raise ValueError(f"chroma must be {self.luma.dtype} {wanted}, not {[p.shape for p in self.chroma]}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of the equivalent RGB image."""
        return (*self.luma.shape, 3)

    @property
    def nbytes(self) -> int:
        return self.luma.nbytes + 2 * self.chroma[0].nbytes

    def mix(self, luma: Plane, u: Plane, v: Plane) -> npt.NDArray[np.uint8]:
        """Convert planes (h, w) that were cut or scaled out of this picture to RGB (h, w, 3)."""
        import cv2

        mixed: npt.NDArray[Any] = cv2.transform(cv2.merge((luma, u, v)), self.rgb_from_yuv)
        return mixed if mixed.dtype == np.uint8 else np.minimum(mixed, 255).astype(np.uint8)

    def to_rgb(self) -> npt.NDArray[np.uint8]:
        """Convert the whole picture to RGB (H, W, 3), with interpolated colour."""
        import cv2

        height, width = self.luma.shape
        step, shift = np.array(self.chroma_step), np.array(self.chroma_shift)
        # OpenCV counts pixel centres from 0; ours are at +0.5 in both planes.
        matrix = np.column_stack([np.diag(1 / step), 0.5 / step + shift - 0.5])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        if (step == 1).all():
            return self.mix(self.luma, *self.chroma)
        u, v = (
            cv2.warpAffine(plane, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
            for plane in self.chroma
        )
        return self.mix(self.luma, u, v)


Image = npt.NDArray[np.uint8] | YuvImage
"""RGB (H, W, 3), or planes."""
