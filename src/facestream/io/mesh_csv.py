"""Meshes as a table: one row a frame and face."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facestream.io.clock import FrameClock
from facestream.io.staging import StagedFile
from facestream.structures import FaceMeshes, Frame
from facestream.topology import NUM_LANDMARKS

__all__ = ["CSV_COLUMNS", "MeshCsvWriter"]

KEY_COLUMNS = ("frame", "time_s", "face")
FACE_COLUMNS = ("confidence", "score", "box_left", "box_top", "box_right", "box_bottom")
CSV_COLUMNS = (
    *KEY_COLUMNS,
    *FACE_COLUMNS,
    *(f"{axis}_{landmark}" for landmark in range(NUM_LANDMARKS) for axis in "xyz"),
)


class MeshCsvWriter:
    """Numbers stand in as many digits as bring the same float32 back; a missing face has empty cells."""

    def __init__(self, path: Path, num_faces: int) -> None:
        self.paths: tuple[Path, ...] = (path,)
        self._num_faces = num_faces
        self._staged = StagedFile(path)
        self._write_line(CSV_COLUMNS)

    def write(self, frame: Frame, meshes: FaceMeshes) -> None:
        for face in range(self._num_faces):
            key = [str(frame.index), repr(float(frame.timestamp_s)), str(face + 1)]
            if face < len(meshes):
                about = [meshes.presence[face], meshes.scores[face], *meshes.boxes[face]]
                values = np.concatenate([about, meshes.landmarks[face].reshape(-1)]).astype(np.float32)
                self._write_line([*key, *values.astype(str).tolist()])
            else:
                self._write_line([*key, *[""] * (len(CSV_COLUMNS) - len(key))])

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        self._staged.finish()

    def commit(self) -> None:
        self._staged.commit()

    def discard(self) -> None:
        self._staged.discard()

    def _write_line(self, cells: tuple[str, ...] | list[str]) -> None:
        self._staged.file.write((",".join(cells) + "\n").encode("ascii"))
