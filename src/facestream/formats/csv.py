"""The format ``csv``: tables of comma-separated values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facestream.formats.contents import DETECTIONS, MESHES, stream_content
from facestream.formats.interface import Content
from facestream.formats.one_file import OneFile
from facestream.formats.row_writer import RowWriter
from facestream.ssi.stream import SsiStream
from facestream.structures import FrameDetections, FrameMeshes
from facestream.tables.detection_csv import DETECTION_CSV_COLUMNS, DetectionCsvWriter, read_detection_csv
from facestream.tables.mesh_csv import MESH_CSV_COLUMNS, MeshCsvWriter, read_mesh_csv
from facestream.tables.sample_files import read_sample_csv, write_sample_csv
from facestream.tables.table import META, Table, read_columns

__all__ = ["FILES"]


class _Tables(OneFile):
    def write_meshes(self, paths: Sequence[Path], *, num_faces: int, missing: str) -> RowWriter[FrameMeshes]:
        (path,) = paths
        return MeshCsvWriter(path, num_faces)

    def write_detections(self, paths: Sequence[Path], *, repeat_last: bool) -> RowWriter[FrameDetections]:
        (path,) = paths
        return DetectionCsvWriter(path)

    def write_samples(self, path: Path, stream: SsiStream) -> None:
        write_sample_csv(path, stream)

    def read(self, path: Path) -> Content:
        table = Table(path)
        if table.columns[:-1] == MESH_CSV_COLUMNS:
            return read_mesh_csv(table)
        return read_detection_csv(table) if table.columns[:-1] == DETECTION_CSV_COLUMNS else read_sample_csv(table)

    def find_content(self, path: Path) -> str | None:
        columns = read_columns(path)
        if columns[:-1] == MESH_CSV_COLUMNS:
            return MESHES
        if columns[:-1] == DETECTION_CSV_COLUMNS:
            return DETECTIONS
        if columns[:1] != ("time_s",) or columns[-1] != META:
            return None
        return stream_content(str(Table(path).meta.get("media_type", "")), len(columns) - 2)

    def is_marked_incomplete(self, path: Path) -> bool:
        return Table(path).meta.get("complete") is False


FILES = _Tables()
