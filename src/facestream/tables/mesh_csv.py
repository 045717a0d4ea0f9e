"""Meshes as a table with one line per row and face."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facestream.errors import SourceError
from facestream.media.clock import FrameClock
from facestream.structures import FaceMeshes, FrameMeshes
from facestream.tables.face_values import FACE_VALUES, columns_of, flatten, split_columns
from facestream.tables.recording import MeshRecording, recorded_rate
from facestream.tables.table import Table, TableWriter, cells_of

__all__ = [
    "FRAME_COLUMNS",
    "MESH_CSV_COLUMNS",
    "MeshCsvWriter",
    "frame_cells",
    "read_frame_cells",
    "read_mesh_csv",
]

FRAME_COLUMNS = ("frame", "time_s", "width", "height")
MESH_CSV_COLUMNS = (*FRAME_COLUMNS, "face", *columns_of(FACE_VALUES))


def frame_cells(index: int, timestamp_s: float, size: tuple[int, int]) -> list[str]:
    """Return the cells of ``FRAME_COLUMNS``."""
    return [str(index), repr(float(timestamp_s)), str(size[0]), str(size[1])]


class MeshCsvWriter(TableWriter):
    """Writes one line per row; a missing face has empty cells."""

    def __init__(self, path: Path, num_faces: int) -> None:
        self._num_faces = num_faces
        super().__init__(path, MESH_CSV_COLUMNS)

    def write(self, result: FrameMeshes) -> None:
        frame, meshes = frame_cells(result.index, result.timestamp_s, result.size), result.meshes
        for face in range(self._num_faces):
            cells = [*frame, str(face + 1)]
            if face < len(meshes):
                cells += cells_of(flatten(meshes, face, FACE_VALUES))
            self.append(cells + [""] * (len(MESH_CSV_COLUMNS) - len(cells)))

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        self.complete(meta)


def read_frame_cells(table: Table, cells: list[str]) -> tuple[int, float, tuple[int, int]]:
    """Parse the cells that ``frame_cells`` wrote.

    Raises:
        SourceError: a cell is no such number.
    """
    try:
        index, timestamp_s, width, height = int(cells[0]), float(cells[1]), int(cells[2]), int(cells[3])
        if min(width, height) < 1 or index < 0 or max(width, height, index) >= 2**31:
            raise ValueError(f"width {width}, height {height}, frame {index}")
    except ValueError as error:
        raise SourceError(f"{table.place}: does not say which frame it is of ({error})") from error
    return index, timestamp_s, (width, height)


def read_mesh_csv(table: Table) -> MeshRecording:
    """Return the meshes of a table that ``MeshCsvWriter`` wrote.

    Raises:
        SourceError: the rows are damaged.
    """
    num_faces = _count_faces(table)
    first = len(FRAME_COLUMNS) + 1

    def rows() -> Iterator[FrameMeshes]:
        cells = table.rows()
        for lines in zip(*[cells] * num_faces, strict=True):
            if [line[first - 1] for line in lines] != [str(face + 1) for face in range(num_faces)]:
                raise SourceError(f"{table.place}: not every frame has its {num_faces} faces in order")
            index, timestamp_s, size = read_frame_cells(table, lines[0])
            values = np.array([table.numbers(line[first:-1]) for line in lines if line[first]])
            values = values.reshape(-1, len(MESH_CSV_COLUMNS) - first)
            meshes = FaceMeshes(size=size, **split_columns(values, FACE_VALUES))
            yield FrameMeshes(index, timestamp_s, meshes)

    return MeshRecording(_whole(table, rows()), recorded_rate(table.path, table.meta), table.meta, num_faces)


def _count_faces(table: Table) -> int:
    """Return the number of lines per frame, up to the second occurrence of the first face."""
    face_cell = len(FRAME_COLUMNS)
    num_faces = 0
    for cells in table.rows():
        if num_faces and cells[face_cell] == "1":
            break
        num_faces += 1
        if cells[face_cell] != str(num_faces):
            raise SourceError(
                f"{table.place}: the faces of a frame must count from 1, but this is face {cells[face_cell][:40]!r}"
            )
    if not num_faces:
        raise SourceError(f"{table.path}: there is no row in it")
    return num_faces


def _whole(table: Table, rows: Iterator[FrameMeshes]) -> Iterator[FrameMeshes]:
    try:
        yield from rows
    except ValueError as error:
        raise SourceError(f"{table.place}: the last frame lacks faces ({error})") from error
