"""One description of the values of each face, for archives and tables of meshes and detections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from facestream.ssi.columns import KEYPOINT_NAMES
from facestream.structures import Detections, FaceMeshes
from facestream.topology import NUM_LANDMARKS

__all__ = ["DETECTION_VALUES", "FACE_VALUES", "FaceValue", "columns_of", "flatten", "split_columns"]


@dataclass(frozen=True, slots=True)
class FaceValue:
    """A value of each face."""

    name: str
    """The field of ``FaceMeshes`` or ``Detections``, and the array in an archive."""
    shape: tuple[int, ...]
    """For one face."""
    columns: tuple[str, ...]
    """The columns of a table, in the order of the flattened array."""


SCORES = FaceValue("scores", (), ("score",))
BOXES = FaceValue("boxes", (4,), ("box_left", "box_top", "box_right", "box_bottom"))
KEYPOINTS = FaceValue("keypoints", (6, 2), tuple(f"{name}_{axis}" for name in KEYPOINT_NAMES for axis in "xy"))

FACE_VALUES = (
    FaceValue("presence", (), ("confidence",)),
    SCORES,
    BOXES,
    KEYPOINTS,
    FaceValue(
        "landmarks",
        (NUM_LANDMARKS, 3),
        tuple(f"{axis}_{landmark}" for landmark in range(NUM_LANDMARKS) for axis in "xyz"),
    ),
)
"""The values of a mesh, in the order of the columns of a table."""

DETECTION_VALUES = (SCORES, BOXES, KEYPOINTS)
"""The values of a detection, likewise."""


def columns_of(values: Sequence[FaceValue]) -> tuple[str, ...]:
    """Return the columns of all values, in order."""
    return tuple(column for value in values for column in value.columns)


def flatten(faces: FaceMeshes | Detections, face: int, values: Sequence[FaceValue]) -> npt.NDArray[np.float64]:
    """Return all values of one face as (columns,)."""
    return np.concatenate([np.ravel(getattr(faces, value.name)[face]) for value in values])


def split_columns(rows: npt.NDArray[np.float64], values: Sequence[FaceValue]) -> Mapping[str, npt.NDArray[np.float64]]:
    """Return the array (faces, *shape) of each value by its name, from (faces, columns); this undoes ``flatten``."""
    stops = np.cumsum([prod(value.shape) for value in values])[:-1]
    parts = np.split(rows, stops, axis=1)
    return {value.name: part.reshape(-1, *value.shape) for value, part in zip(values, parts, strict=True)}
