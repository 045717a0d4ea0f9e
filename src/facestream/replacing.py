"""What may be replaced by an output: nothing but older outputs of facestream."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from facestream.errors import OutputError, SourceError
from facestream.io.archive import read_archive, read_meta
from facestream.io.ssi_header import data_path
from facestream.io.ssi_pair import has_unfinished_pair
from facestream.io.ssi_stream import read_stream
from facestream.io.table import Table

__all__ = ["check_place", "holds_more_than_samples", "is_complete"]

CSV_BEGINNINGS = (b"frame,time_s,", b"time_s,")
CSV_ENDING = b",meta"
"""Of a table's first line."""

STREAM_BEGINNING = b'<?xml version="1.0" ?>\n<stream ssi-v="2">\n    <info ftype="BINARY" sr="'
"""To the blank; other writers of streams set other ones."""


def check_place(path: Path, inputs: Sequence[Path]) -> None:
    """Make sure that an output file is no input, no folder, and nobody else's file.

    Raises:
        OutputError: it is.
    """
    try:
        _check(path, inputs)
    except OSError as error:
        raise OutputError(f"{path}: cannot be an output ({error.strerror or error}); choose another name") from error


def is_complete(path: Path) -> bool:
    """Whether an output is there, whole, and does not say of itself that its source broke off."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".stream":
            return read_stream(path).meta.get("complete") != "false"
        meta = read_meta(path, read_archive(path)) if suffix == ".npz" else Table(path).meta
    except SourceError:
        return False
    return meta.get("complete") is not False


def holds_more_than_samples(path: Path) -> bool:
    """Whether an archive or table is one of a job, with z, boxes and time stamps that no stream has."""
    try:
        if path.suffix.lower() == ".npz":
            return "data" not in read_archive(path)
        return path.suffix.lower() == ".csv" and Table(path).columns[0] != "time_s"
    except SourceError:
        return False


def _check(path: Path, inputs: Sequence[Path]) -> None:
    is_stream = path.suffix.lower() == ".stream"
    places = (path, data_path(path)) if is_stream else (path,)
    for place in places:
        if place.exists() and any(source.exists() and place.samefile(source) for source in inputs):
            raise OutputError(f"{place}: the output would replace its own input; choose another name")
    for place in places:
        if place.is_dir():
            raise OutputError(f"{place}: a folder is in the way of this output; remove it or choose another name")
        if place.exists() and place.stat().st_size and not _is_ours(path):
            raise OutputError(
                f"{place}: the file exists and was not written by facestream; move it away or choose another name"
            )


def _is_ours(path: Path) -> bool:
    """Whether a file looks like an output of that format; an empty or absent one does not."""
    suffix = path.suffix.lower()
    if not path.exists():
        # Where there are no locks, nobody settles what a killed run left.
        return suffix == ".stream" and has_unfinished_pair(path)
    if suffix == ".npz":
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
                return "meta.npy" in names and any(f"{n}.npy" in names for n in ("landmarks", "boxes", "data"))
        except zipfile.BadZipFile:
            return False
    if suffix in (".stream", ".csv"):
        with path.open("rb") as file:
            line = file.readline(1 << 20) if suffix == ".csv" else file.read(len(STREAM_BEGINNING))
        if suffix == ".stream":
            return line == STREAM_BEGINNING
        return line.startswith(CSV_BEGINNINGS) and line.rstrip().endswith(CSV_ENDING)
    from facestream.drawing.overlay import is_overlay

    return is_overlay(path)
