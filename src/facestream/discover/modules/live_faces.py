"""Find meshes in single pictures and return them as rows of a stream."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from facestream.pipeline.face_mesh import FaceMeshPipeline
from facestream.ssi.columns import MESH_COLUMNS, mesh_row

__all__ = ["LiveFaces"]


class LiveFaces:
    """The networks, loaded once."""

    def __init__(self, num_faces: int = 1) -> None:
        self._pipeline = FaceMeshPipeline(num_faces=num_faces)
        # The first picture takes longer than the others.
        self.find(np.zeros((64, 64, 3), np.uint8))

    def find(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return rows (faces, 937) in the format of a stream."""
        meshes = self._pipeline.process(picture)
        size = (picture.shape[1], picture.shape[0])
        rows = [
            mesh_row(meshes.landmarks[face], float(meshes.presence[face]), size)
            for face in range(len(meshes.landmarks))
        ]
        return np.array(rows, np.float32).reshape(-1, MESH_COLUMNS)
