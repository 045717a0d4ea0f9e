"""The format ``npz``: NumPy archives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facestream.formats.contents import DETECTIONS, MESHES, stream_content
from facestream.formats.interface import Content
from facestream.formats.one_file import OneFile
from facestream.formats.row_writer import RowWriter
from facestream.ssi.stream import SsiStream
from facestream.structures import FrameDetections, FrameMeshes
from facestream.tables.archive import read_archive, read_meta
from facestream.tables.detection_npz import DetectionNpzWriter, read_detection_npz
from facestream.tables.mesh_npz import MeshNpzWriter, read_mesh_npz
from facestream.tables.sample_files import read_sample_npz, write_sample_npz

__all__ = ["FILES"]


class _Archives(OneFile):
    def write_meshes(self, paths: Sequence[Path], *, num_faces: int, missing: str) -> RowWriter[FrameMeshes]:
        (path,) = paths
        return MeshNpzWriter(path, num_faces)

    def write_detections(self, paths: Sequence[Path], *, repeat_last: bool) -> RowWriter[FrameDetections]:
        (path,) = paths
        return DetectionNpzWriter(path)

    def write_samples(self, path: Path, stream: SsiStream) -> None:
        write_sample_npz(path, stream)

    def read(self, path: Path) -> Content:
        arrays = read_archive(path)
        meta = read_meta(path, arrays)
        if "landmarks" in arrays:
            return read_mesh_npz(path, arrays, meta)
        return read_detection_npz(path, arrays, meta) if "boxes" in arrays else read_sample_npz(path, arrays, meta)

    def find_content(self, path: Path) -> str | None:
        arrays = read_archive(path)
        meta = read_meta(path, arrays)
        if "landmarks" in arrays:
            return MESHES
        if "boxes" in arrays:
            return DETECTIONS
        data = arrays.get("data")
        if data is None or data.ndim != 2:
            return None
        return stream_content(str(meta.get("media_type", "")), data.shape[1])

    def is_marked_incomplete(self, path: Path) -> bool:
        return read_meta(path, read_archive(path)).get("complete") is False


FILES = _Archives()
