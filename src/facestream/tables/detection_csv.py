"""Detections as a table with one line per row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facestream.media.clock import FrameClock
from facestream.structures import Detections, FrameDetections
from facestream.tables.face_values import DETECTION_VALUES, columns_of, flatten, split_columns
from facestream.tables.mesh_csv import FRAME_COLUMNS, frame_cells, read_frame_cells
from facestream.tables.recording import DetectionRecording, recorded_rate
from facestream.tables.table import Table, TableWriter, cells_of

__all__ = ["DETECTION_CSV_COLUMNS", "DetectionCsvWriter", "read_detection_csv"]

DETECTION_CSV_COLUMNS = (*FRAME_COLUMNS, *columns_of(DETECTION_VALUES))


class DetectionCsvWriter(TableWriter):
    """Writes one line per row; a missing face has empty cells."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, DETECTION_CSV_COLUMNS)

    def write(self, result: FrameDetections) -> None:
        cells = frame_cells(result.index, result.timestamp_s, result.size)
        if len(result):
            cells += cells_of(flatten(result.detections, 0, DETECTION_VALUES))
        self.append(cells + [""] * (len(DETECTION_CSV_COLUMNS) - len(cells)))

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        self.complete(meta)


def read_detection_csv(table: Table) -> DetectionRecording:
    """Return the detections of a table that ``DetectionCsvWriter`` wrote.

    Raises:
        SourceError: the rows are damaged.
    """
    first = len(FRAME_COLUMNS)

    def rows() -> Iterator[FrameDetections]:
        for cells in table.rows():
            index, timestamp_s, size = read_frame_cells(table, cells)
            values = np.array([table.numbers(cells[first:-1])] if cells[first] else [])
            values = values.reshape(-1, len(DETECTION_CSV_COLUMNS) - first)
            faces = Detections(**split_columns(values, DETECTION_VALUES))
            yield FrameDetections(index, timestamp_s, faces, size)

    return DetectionRecording(rows(), recorded_rate(table.path, table.meta), table.meta, 1)
