"""Curves of a whole stream for display, from as many rows as a screen can show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.ssi.columns import MESH_COLUMNS
from facestream.ssi.header import read_header
from facestream.ssi.samples import read_samples
from facestream.storage.floats import as_float64
from facestream.topology import LEFT_EYE_OUTER_CORNER, RIGHT_EYE_OUTER_CORNER

__all__ = ["Curves", "read_curves"]

RIGHT_EYE, LEFT_EYE = (159, 145, 33, 133), (386, 374, 362, 263)
MOUTH = (13, 14, 78, 308)
"""The landmarks of the upper and lower lid or lip in the middle, and of the two corners."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Values of some rows of a stream; NaN if there is no face."""

    rows: npt.NDArray[np.intp]
    values: dict[str, npt.NDArray[np.float64]]
    """``confidence``; of meshes also ``eyes`` and ``mouth``, how far they are open, the distance of the lids or lips
    over that of the corners, and ``roll``, the turn of the head clockwise in degrees."""


def read_curves(path: Path, num_points: int) -> Curves:
    """Read the curves of a face stream at evenly spaced rows.

    Raises:
        SourceError: the stream cannot be read.
    """
    header = read_header(path)
    samples = read_samples(path, header)
    rows = np.unique(np.linspace(0, header.num_rows - 1, num_points).round().astype(np.intp))
    data = as_float64(samples[rows])
    confidence = data[:, -1].copy()
    confidence[~(confidence > 0)] = np.nan
    if header.dim != MESH_COLUMNS:
        return Curves(rows, {"confidence": confidence})
    width, height = _size(header.meta.get("size", "1:1"))
    points = data[:, :-1].reshape(len(rows), -1, 2) * (height, width)
    eyes = (_opening(points, RIGHT_EYE) + _opening(points, LEFT_EYE)) / 2
    across = points[:, LEFT_EYE_OUTER_CORNER] - points[:, RIGHT_EYE_OUTER_CORNER]
    values = {"eyes": eyes, "mouth": _opening(points, MOUTH), "roll": np.degrees(np.arctan2(*across.T))}
    no_face = np.isnan(confidence)
    return Curves(rows, {"confidence": confidence} | {name: np.where(no_face, np.nan, v) for name, v in values.items()})


def _opening(points: npt.NDArray[Any], landmarks: tuple[int, int, int, int]) -> npt.NDArray[np.float64]:
    upper, lower, first, last = (points[:, landmark] for landmark in landmarks)
    with np.errstate(divide="ignore", invalid="ignore"):
        opening: npt.NDArray[np.float64] = _distance(upper, lower) / _distance(first, last)
    return opening


def _distance(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    distance: npt.NDArray[np.float64] = np.linalg.norm(first - second, axis=-1)
    return distance


def _size(text: str) -> tuple[float, float]:
    try:
        width, height = map(float, text.split(":"))
    except ValueError:
        return 1.0, 1.0
    return width, height
