"""Compute how much is missing at the end of a media file, from the length that its container states."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import BinaryIO

from facestream.media.container.mp4_boxes import MP4_BEGINNINGS, read_boxes
from facestream.storage.mounts import open_readable, size_of

__all__ = ["count_missing_bytes"]

EBML_HEADER, MATROSKA_SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
GIF_TRAILER = b"\x3b"


def count_missing_bytes(path: Path) -> int:
    """Return how many bytes an MP4, Matroska, AVI or GIF file lacks at its end; 0 for complete files and other
    formats."""
    elsewhere = size_of(path)
    size = path.stat().st_size if elsewhere is None else elsewhere
    with path.open("rb") if elsewhere is None else open_readable(path) as file:
        head = file.read(16)
        if head[4:8] in MP4_BEGINNINGS:
            return max(0, _mp4_end(file, size) - size)
        if head[:4] == EBML_HEADER:
            return max(0, _matroska_end(file) - size)
        if head[:4] == b"RIFF":
            promised = int.from_bytes(head[4:8], "little")
            # Recorders that cannot seek write all ones.
            return 0 if promised >= 0xFFFFFF00 else max(0, 8 + promised - size)
        if head[:4] == b"GIF8":
            file.seek(max(0, size - 16))
            # Some writers pad the file after its trailer.
            return 0 if file.read().rstrip(b"\0").endswith(GIF_TRAILER) else 1
    return 0


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Return the end of the last top-level box."""
    boxes = itertools.takewhile(lambda box: box.kind.isalnum(), read_boxes(file, 0, size))
    return max((box.end for box in boxes), default=0)


def _matroska_end(file: BinaryIO) -> int:
    """Return the end of the segment; 0 if its size is unknown, as in live recordings (RFC 8794)."""
    file.seek(4)
    header_size, _ = _read_size(file)
    file.seek(header_size, os.SEEK_CUR)
    if file.read(4) != MATROSKA_SEGMENT:
        return 0
    segment_size, is_known = _read_size(file)
    return file.tell() + segment_size if is_known else 0


def _read_size(file: BinaryIO) -> tuple[int, bool]:
    """Read a variable-length size, and whether it is known. All ones mean unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return 0, False
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(width - 1), "big") & ((1 << 7 * width) - 1)
    return value, value != (1 << 7 * width) - 1
