"""What may be replaced by an output: nothing but older outputs of facestream."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from facestream.errors import OutputError
from facestream.io.ssi_header import data_path
from facestream.io.ssi_writer import has_pending_header

__all__ = ["check_place"]

CSV_BEGINNINGS = (b"frame,time_s,", b"time_s,")


def check_place(path: Path, inputs: Sequence[Path]) -> None:
    """Make sure that an output file is no input, no folder, and nobody else's file.

    Raises:
        OutputError: it is.
    """
    try:
        _check(path, inputs)
    except OSError as error:
        raise OutputError(f"{path}: cannot be an output ({error.strerror or error}); choose another name") from error


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
        # A killed run may have left samples whose header still waits.
        return suffix == ".stream" and has_pending_header(path)
    if suffix == ".npz":
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
                return "meta.npy" in names and any(f"{n}.npy" in names for n in ("landmarks", "boxes", "data"))
        except zipfile.BadZipFile:
            return False
    if suffix in (".stream", ".csv"):
        with path.open("rb") as file:
            head = file.read(1024).lower()
        return b"<stream" in head if suffix == ".stream" else head.startswith(CSV_BEGINNINGS)
    from facestream.drawing.overlay import is_overlay

    return is_overlay(path)
