"""Description of an archive (.npz) with a recording or samples."""

from __future__ import annotations

from pathlib import Path

from facestream.inspection.description import Description
from facestream.inspection.file_signature import FileSignature
from facestream.inspection.kinds.recording import describe_recording
from facestream.inspection.kinds.samples import describe_samples
from facestream.tables.archive import read_archive, read_meta
from facestream.tables.detection_npz import read_detection_npz
from facestream.tables.mesh_npz import read_mesh_npz
from facestream.tables.sample_files import read_sample_npz

__all__ = ["describe_archive", "is_archive"]

FORM = "npz"
ZIP_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")


def is_archive(signature: FileSignature) -> bool:
    return signature.head.startswith(ZIP_BEGINNINGS) or signature.suffix == ".npz"


def describe_archive(path: Path) -> Description:
    """Describe an archive. Its arrays are memory-mapped, not loaded.

    Raises:
        SourceError: The archive is missing, damaged, or was not written by facestream.
    """
    arrays = read_archive(path)
    meta = read_meta(path, arrays)
    if "landmarks" in arrays:
        return describe_recording(path, FORM, read_mesh_npz(path, arrays, meta))
    if "boxes" in arrays:
        return describe_recording(path, FORM, read_detection_npz(path, arrays, meta))
    return describe_samples(path, FORM, read_sample_npz(path, arrays, meta), meta)
