"""Names for what an output file of facestream holds, equal for files that may replace each other."""

from __future__ import annotations

from pathlib import Path

from facestream.errors import SourceError
from facestream.formats.catalog import find_format
from facestream.ssi.columns import (
    BOX_COLUMNS,
    BOX_MEDIA_TYPE,
    KEYPOINT_COLUMNS,
    KEYPOINT_MEDIA_TYPE,
    MESH_COLUMNS,
    MESH_MEDIA_TYPE,
)

__all__ = [
    "BOX_STREAM",
    "DETECTIONS",
    "KEYPOINT_STREAM",
    "MESHES",
    "MESH_STREAM",
    "content_of",
    "stream_content",
]

MESHES, DETECTIONS = "face meshes", "boxes and keypoints"
"""The results of a job in one file."""


def stream_content(media_type: str, dim: int) -> str:
    """Return the name for the samples of a stream, in whatever format they are."""
    return f"{media_type or 'samples'} in {dim} columns"


MESH_STREAM = stream_content(MESH_MEDIA_TYPE, MESH_COLUMNS)
BOX_STREAM = stream_content(BOX_MEDIA_TYPE, BOX_COLUMNS)
KEYPOINT_STREAM = stream_content(KEYPOINT_MEDIA_TYPE, KEYPOINT_COLUMNS)


def content_of(path: Path) -> str | None:
    """Return what an output file holds; ``None`` if facestream did not write it, or it is damaged.

    Raises:
        OSError: the file cannot be read.
    """
    form = find_format(path)
    assert form is not None, f"{path}: has the extension of no format"
    try:
        return form.files.find_content(path)
    except SourceError:
        return None
