"""What an older output of facestream holds, by a look at the file."""

from __future__ import annotations

from pathlib import Path

from facestream.errors import SourceError
from facestream.ssi.columns import (
    BOX_COLUMNS,
    BOX_MEDIA_TYPE,
    KEYPOINT_COLUMNS,
    KEYPOINT_MEDIA_TYPE,
    MESH_COLUMNS,
    MESH_MEDIA_TYPE,
)
from facestream.ssi.header import read_header
from facestream.tables.archive import read_archive, read_meta
from facestream.tables.detection_csv import DETECTION_CSV_COLUMNS
from facestream.tables.mesh_csv import MESH_CSV_COLUMNS
from facestream.tables.table import META, Table, read_columns

__all__ = [
    "BOX_STREAM",
    "DETECTIONS",
    "KEYPOINT_STREAM",
    "MESHES",
    "MESH_STREAM",
    "content_of",
    "stream_content",
]

STREAM_BEGINNING = b'<?xml version="1.0" ?>\n<stream ssi-v="2">\n    <info ftype="BINARY" sr="'
"""To the blank; other writers of streams set other ones."""

MESHES, DETECTIONS = "face meshes", "boxes and keypoints"
"""In an archive or a table."""


def stream_content(media_type: str, dim: int) -> str:
    """The samples of a stream, in a stream, an archive or a table."""
    return f"{media_type or 'samples'} in {dim} columns"


MESH_STREAM = stream_content(MESH_MEDIA_TYPE, MESH_COLUMNS)
BOX_STREAM = stream_content(BOX_MEDIA_TYPE, BOX_COLUMNS)
KEYPOINT_STREAM = stream_content(KEYPOINT_MEDIA_TYPE, KEYPOINT_COLUMNS)


def content_of(path: Path) -> str | None:
    """What a .stream, .npz or .csv holds, in words that are equal for equal kinds; ``None`` if it is none of ours.

    Raises:
        OSError: the file cannot be read.
    """
    look = {".stream": _look_at_stream, ".npz": _look_at_archive, ".csv": _look_at_table}[path.suffix.lower()]
    try:
        return look(path)
    except SourceError:
        return None


def _look_at_stream(path: Path) -> str | None:
    with path.open("rb") as file:
        if file.read(len(STREAM_BEGINNING)) != STREAM_BEGINNING:
            return None
    header = read_header(path)
    return stream_content(header.media_type, header.dim)


def _look_at_archive(path: Path) -> str | None:
    arrays = read_archive(path)
    meta = read_meta(path, arrays)
    if "landmarks" in arrays:
        return MESHES
    if "boxes" in arrays:
        return DETECTIONS
    data = arrays.get("data")
    return (
        stream_content(str(meta.get("media_type", "")), data.shape[1]) if data is not None and data.ndim == 2 else None
    )


def _look_at_table(path: Path) -> str | None:
    columns = read_columns(path)
    if columns[:-1] == MESH_CSV_COLUMNS:
        return MESHES
    if columns[:-1] == DETECTION_CSV_COLUMNS:
        return DETECTIONS
    if columns[:1] != ("time_s",) or columns[-1] != META:
        return None
    return stream_content(str(Table(path).meta.get("media_type", "")), len(columns) - 2)
