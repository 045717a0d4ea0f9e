"""Detections as a NumPy archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.media.clock import FrameClock
from facestream.storage.floats import as_float64
from facestream.structures import Detections, FrameDetections
from facestream.tables.archive import ArchiveWriter, check_array
from facestream.tables.face_values import DETECTION_VALUES
from facestream.tables.mesh_npz import FRAME_ARRAYS, check_frame_arrays
from facestream.tables.recording import DetectionRecording, recorded_rate

__all__ = ["DetectionNpzWriter", "read_detection_npz"]

_SHAPES = {value.name: value.shape for value in DETECTION_VALUES}


class DetectionNpzWriter(ArchiveWriter):
    """``DETECTION_VALUES``, ``detected``, ``FRAME_ARRAYS``, ``timestamps_s``, ``size`` of the first frame, and
    ``meta``."""

    def __init__(self, path: Path) -> None:
        self._size = (0, 0)
        faces = {name: (shape, np.float32) for name, shape in _SHAPES.items()}
        super().__init__(path, {**faces, "detected": ((), bool), **FRAME_ARRAYS})

    def write(self, result: FrameDetections) -> None:
        if self._size == (0, 0):
            self._size = result.size
        faces = {name: getattr(result.detections, name)[0] if len(result) else np.nan for name in _SHAPES}
        self.append(**faces, detected=bool(len(result)), frames=result.index, sizes=result.size)

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        self.complete({"timestamps_s": clock.timestamps_s, "size": np.array(self._size)}, meta)


def read_detection_npz(
    path: Path, arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]
) -> DetectionRecording:
    """Return the detections of an archive that ``DetectionNpzWriter`` wrote.

    Raises:
        SourceError: an array is missing or has another shape.
    """
    (num_rows,) = check_array(path, arrays, "detected", (None,), "b").shape
    for name, shape in _SHAPES.items():
        check_array(path, arrays, name, (num_rows, *shape), "f")
    timestamps_s = check_frame_arrays(path, arrays, num_rows)

    def rows() -> Iterator[FrameDetections]:
        for row in range(num_rows):
            face = slice(row, row + int(arrays["detected"][row]))
            values = {name: as_float64(arrays[name][face]) for name in _SHAPES}
            width, height = arrays["sizes"][row].tolist()
            yield FrameDetections(
                int(arrays["frames"][row]), float(timestamps_s[row]), Detections(**values), (width, height)
            )

    return DetectionRecording(rows(), recorded_rate(path, meta), meta, 1)
