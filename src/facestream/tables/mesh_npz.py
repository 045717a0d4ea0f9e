"""Meshes as a NumPy archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.errors import SourceError
from facestream.media.clock import FrameClock
from facestream.storage.floats import as_float64
from facestream.structures import FaceMeshes, FrameMeshes
from facestream.tables.archive import ArchiveWriter, check_array
from facestream.tables.face_values import FACE_VALUES
from facestream.tables.recording import MeshRecording, recorded_rate

__all__ = ["FRAME_ARRAYS", "MeshNpzWriter", "check_frame_arrays", "read_mesh_npz"]

FRAME_ARRAYS: dict[str, tuple[tuple[int, ...], Any]] = {"frames": ((), np.int64), "sizes": ((2,), np.int32)}
"""For each row: the number of its frame in the source, and the frame's width and height."""

_SHAPES = {value.name: value.shape for value in reversed(FACE_VALUES)}
"""The shapes of the arrays, landmarks first."""


class MeshNpzWriter(ArchiveWriter):
    """``FACE_VALUES``, ``detected``, ``FRAME_ARRAYS``, ``timestamps_s``, ``size`` of the first frame, and ``meta``."""

    def __init__(self, path: Path, num_faces: int) -> None:
        self._num_faces = num_faces
        self._size = (0, 0)
        faces = {name: ((num_faces, *shape), np.float32) for name, shape in _SHAPES.items()}
        super().__init__(path, {**faces, "detected": ((num_faces,), bool), **FRAME_ARRAYS})

    def write(self, result: FrameMeshes) -> None:
        if self._size == (0, 0):
            self._size = result.size
        faces = {}
        for name, shape in _SHAPES.items():
            faces[name] = np.full((self._num_faces, *shape), np.nan, dtype=np.float32)
            faces[name][: len(result)] = getattr(result.meshes, name)[: self._num_faces]
        detected = np.arange(self._num_faces) < len(result)
        self.append(**faces, detected=detected, frames=result.index, sizes=result.size)

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        self.complete({"timestamps_s": clock.timestamps_s, "size": np.array(self._size)}, meta)


def check_frame_arrays(
    path: Path, arrays: Mapping[str, npt.NDArray[Any]], num_rows: int
) -> npt.NDArray[np.floating[Any]]:
    """Check the arrays about the frame of each row; return their times in seconds.

    Raises:
        SourceError: an array is missing or has another shape, there is no row, or a frame without a size.
    """
    if not num_rows:
        raise SourceError(f"{path}: there is no row in it")
    for name, (shape, _) in FRAME_ARRAYS.items():
        check_array(path, arrays, name, (num_rows, *shape), "i")
    if not ((arrays["sizes"] >= 1) & (arrays["sizes"] < 2**31)).all():
        raise SourceError(f"{path}: a row's frame has a width or height below 1, or of 2^31 or more")
    return check_array(path, arrays, "timestamps_s", (num_rows,), "f")


def read_mesh_npz(path: Path, arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]) -> MeshRecording:
    """Return the meshes of an archive that ``MeshNpzWriter`` wrote.

    Raises:
        SourceError: an array is missing or has another shape.
    """
    num_rows, num_faces = check_array(path, arrays, "detected", (None, None), "b").shape
    if not num_faces:
        raise SourceError(f"{path}: there is no face in it")
    for name, shape in _SHAPES.items():
        check_array(path, arrays, name, (num_rows, num_faces, *shape), "f")
    timestamps_s = check_frame_arrays(path, arrays, num_rows)

    def rows() -> Iterator[FrameMeshes]:
        for row in range(num_rows):
            faces = np.flatnonzero(arrays["detected"][row])
            width, height = arrays["sizes"][row].tolist()
            values = {name: as_float64(arrays[name][row])[faces] for name in _SHAPES}
            meshes = FaceMeshes(size=(width, height), **values)
            yield FrameMeshes(int(arrays["frames"][row]), float(timestamps_s[row]), meshes)

    return MeshRecording(rows(), recorded_rate(path, meta), meta, num_faces)
