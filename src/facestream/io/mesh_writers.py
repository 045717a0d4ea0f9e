"""What every output of the mesh job can do, and the one that writes streams."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from facestream.io.clock import FrameClock
from facestream.io.columns import MESH_COLUMNS, MESH_MEDIA_TYPE, mesh_row
from facestream.io.ssi_stream import SsiStreamWriter
from facestream.structures import FaceMeshes, Frame

__all__ = ["MeshStreamWriter", "MeshWriter"]


class MeshWriter(Protocol):
    """Takes the meshes of one frame after the other; nothing is in sight before ``commit``."""

    paths: tuple[Path, ...]

    def write(self, frame: Frame, meshes: FaceMeshes) -> None: ...

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        """All frames were written: complete the files, still out of sight."""
        ...

    def commit(self) -> None:
        """Bring the finished files into sight."""
        ...

    def discard(self) -> None:
        """Remove what is not committed."""
        ...


class MeshStreamWriter:
    """SSI streams of 937 columns, one a face."""

    def __init__(self, paths: tuple[Path, ...], missing: str) -> None:
        self.paths = paths
        self._streams: list[SsiStreamWriter] = []
        try:
            for path in paths:
                self._streams.append(SsiStreamWriter(path, MESH_COLUMNS))
        except BaseException:
            self.discard()
            raise
        absent = np.full(MESH_COLUMNS, np.nan if missing == "nan" else 0.0, dtype=np.float32)
        absent[-1] = 0.0
        self._absent_rows = [absent.copy() for _ in paths]
        self._repeats = missing == "repeat"
        self._size: tuple[int, int] | None = None

    def write(self, frame: Frame, meshes: FaceMeshes) -> None:
        self._size = self._size or frame.size
        for face, stream in enumerate(self._streams):
            if face < len(meshes):
                row = mesh_row(meshes.landmarks[face], float(meshes.presence[face]), meshes.size)
                if self._repeats:
                    self._absent_rows[face][:-1] = row[:-1]
            else:
                row = self._absent_rows[face]
            stream.write(row[None])

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        assert self._size is not None, "a source has at least one frame"
        width, height = self._size
        for stream in self._streams:
            stream.finish(clock.rate_hz, MESH_MEDIA_TYPE, {"size": f"{width}:{height}"})

    def commit(self) -> None:
        for stream in self._streams:
            stream.commit()

    def discard(self) -> None:
        for stream in self._streams:
            stream.discard()
