"""Write meshes as SSI streams."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facestream.ssi.columns import MESH_COLUMNS, MESH_MEDIA_TYPE, mesh_row
from facestream.ssi.stream_set import StreamSet
from facestream.structures import FrameMeshes

__all__ = ["MeshStreamWriter"]


class MeshStreamWriter(StreamSet):
    """Writes one SSI stream of 937 columns for each face."""

    def __init__(self, paths: tuple[Path, ...], missing: str) -> None:
        super().__init__(paths, [MESH_COLUMNS] * len(paths), [MESH_MEDIA_TYPE] * len(paths))
        absent = np.full(MESH_COLUMNS, np.nan if missing == "nan" else 0.0, dtype=np.float32)
        absent[-1] = 0.0
        self._absent_rows = [absent.copy() for _ in paths]
        self._repeats = missing == "repeat"

    def write(self, result: FrameMeshes) -> None:
        meshes = result.meshes
        rows = list(self._absent_rows)
        for face in range(min(len(meshes), len(rows))):
            rows[face] = mesh_row(meshes.landmarks[face], float(meshes.presence[face]), result.size)
            if self._repeats:
                self._absent_rows[face][:-1] = rows[face][:-1]
        self.append(rows, result.size)
