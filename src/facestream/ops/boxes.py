"""Boxes left, top, right, bottom in pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["square_boxes"]


def square_boxes(boxes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return boxes (N, 4) with the shorter side extended around the centre to the longer one; they may exceed the
    frame."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    halves = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    squares: npt.NDArray[np.float64] = np.concatenate([middles - halves, middles + halves], axis=1)
    return squares
