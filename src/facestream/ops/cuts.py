"""Find scene cuts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.images import Image, YuvImage

__all__ = ["find_cuts"]

GRID = (36, 64)
"""The number of rows and columns of the pixels that are compared."""

CUT_LEVELS = 24.0
"""The mean difference of these pixels between frames, out of 256 levels. Fast heads and cameras stay below it."""


def find_cuts(images: Sequence[Image]) -> npt.NDArray[np.bool_]:
    """Return (N,) whether each picture starts a new scene; the first one does not."""
    samples = np.array([_sample(image) for image in images], dtype=np.float32)
    changes = np.abs(np.diff(samples, axis=0)).mean(axis=(1, 2))
    return np.concatenate([[False], changes > CUT_LEVELS])


def _sample(image: Image) -> npt.NDArray[Any]:
    """Return the brightness of a few pixels, in 256 levels."""
    plane = image.luma if isinstance(image, YuvImage) else image[..., 1]
    sample = plane[_middles(plane.shape[0], plane.shape[1])]
    return sample if sample.dtype == np.uint8 else sample / 4.0


@lru_cache
def _middles(height: int, width: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows and columns of the pixels at the centres of a grid."""
    rows, columns = ((np.arange(n) * 2 + 1) * size // (2 * n) for n, size in zip(GRID, (height, width), strict=True))
    return rows[:, None], columns
