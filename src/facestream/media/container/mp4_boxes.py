"""The box structure of MP4 and QuickTime files, without the contents of the boxes (ISO 14496-12, 4.2)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from facestream.storage.mounts import open_readable

__all__ = ["MP4_BEGINNINGS", "Box", "find_boxes", "has_box", "names_another_file", "read_boxes"]

MP4_BEGINNINGS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"pnot")
"""The box types that such a file begins with."""

MAX_BOXES = 100_000
"""The limit on the number of boxes. Fragmented recordings have two per second."""

ALIAS_TYPES, LOCATION_TYPES = (b"alis", b"rsrc", b"cios"), (b"url ", b"urn ")
SELF_CONTAINED = 1
"""A flag of a data reference: the media lies in this file (8.7.2)."""

MIN_ALIAS_BYTES = 150
"""Shorter references are empty (FFmpeg's limit as well); some writers leave such."""


class Box(NamedTuple):
    """The place of a box in a file."""

    kind: bytes
    start: int
    """Where its contents start."""
    end: int
    """Its end according to its header, which may be beyond the end of a truncated file."""


def read_boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Iterate over the boxes between two offsets, up to the first one that is invalid."""
    for _ in range(MAX_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        header = file.read(16)
        size, kind, first = int.from_bytes(header[:4], "big"), header[4:8], start + 8
        if size == 1:
            size, first = int.from_bytes(header[8:16], "big"), start + 16
        elif size == 0:
            # Up to the end of the file.
            size = end - start
        if size < first - start or len(header) < 8:
            return
        yield Box(kind, first, start + size)
        start += size


def has_box(path: Path, kind: bytes) -> bool:
    """Whether a file has a top-level box of this type.

    Raises:
        OSError: it cannot be read.
    """
    with open_readable(path) as file:
        return any(box.kind == kind for box in read_boxes(file, 0, file.seek(0, os.SEEK_END)))


def names_another_file(path: Path) -> bool:
    """Whether a movie names another file that holds its pictures, by a data reference or as a whole.

    Raises:
        OSError: it cannot be read.
    """
    with open_readable(path) as file:
        for movie in find_boxes(file, Box(b"", 0, file.seek(0, os.SEEK_END)), b"moov"):
            if any(find_boxes(file, movie, b"rmra")):
                return True
            for track in find_boxes(file, movie, b"trak"):
                if _is_of_pictures(file, track) and _has_outer_reference(file, track):
                    return True
            return False
    return False


def find_boxes(file: BinaryIO, box: Box, *path: bytes) -> Iterator[Box]:
    """Iterate over the boxes at a path of box types within a box."""
    for found in read_boxes(file, box.start, box.end):
        if found.kind == path[0]:
            if len(path) == 1:
                yield found
            else:
                yield from find_boxes(file, found, *path[1:])


def _is_of_pictures(file: BinaryIO, track: Box) -> bool:
    for handler in find_boxes(file, track, b"mdia", b"hdlr"):
        file.seek(handler.start + 8)
        if file.read(4) in (b"vide", b"pict"):
            return True
    return False


def _has_outer_reference(file: BinaryIO, track: Box) -> bool:
    for table in find_boxes(file, track, b"mdia", b"minf", b"dinf", b"dref"):
        # They follow version, flags and the number of entries.
        for entry in read_boxes(file, table.start + 8, table.end):
            file.seek(entry.start)
            is_outer = not int.from_bytes(file.read(4), "big") & SELF_CONTAINED
            num_bytes = entry.end - entry.start - 4
            if is_outer and entry.kind in ALIAS_TYPES and num_bytes > MIN_ALIAS_BYTES:
                return True
            if is_outer and entry.kind in LOCATION_TYPES and file.read(max(0, min(num_bytes, 4096))).strip(b"\0"):
                return True
    return False
