"""Description of a table (.csv) with a recording or samples."""

from __future__ import annotations

from pathlib import Path

from facestream.inspection.description import Description
from facestream.inspection.file_signature import FileSignature
from facestream.inspection.kinds.recording import describe_recording
from facestream.inspection.kinds.samples import describe_samples
from facestream.tables.detection_csv import DETECTION_CSV_COLUMNS, read_detection_csv
from facestream.tables.mesh_csv import MESH_CSV_COLUMNS, read_mesh_csv
from facestream.tables.sample_files import read_sample_csv
from facestream.tables.table import Table

__all__ = ["describe_table", "is_table"]

FORM = "csv"
BEGINNINGS = (b"frame,time_s,", b"time_s,")
"""How the first line of facestream's tables begins; batch lists have other columns."""


def is_table(signature: FileSignature) -> bool:
    return signature.suffix in (".csv", "") and signature.head.startswith(BEGINNINGS)


def describe_table(path: Path) -> Description:
    """Describe a table, reading it row by row.

    Raises:
        SourceError: The table is missing, damaged, or was not written by facestream.
    """
    table = Table(path)
    if table.columns[:-1] == MESH_CSV_COLUMNS:
        return describe_recording(path, FORM, read_mesh_csv(table))
    if table.columns[:-1] == DETECTION_CSV_COLUMNS:
        return describe_recording(path, FORM, read_detection_csv(table))
    return describe_samples(path, FORM, read_sample_csv(table), table.meta)
