"""Find the numbered pictures of a folder or pattern, in the order of their numbers."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from pathlib import Path

from facestream.errors import SourceError

__all__ = ["OVERLAY_MARK", "PICTURE_SUFFIXES", "find_pictures", "is_pattern", "sequence_stem"]

PICTURE_SUFFIXES = frozenset(
    ".avif .bmp .dpx .exr .heic .heif .jp2 .jpeg .jpg .pgm .png .pnm .ppm .qoi .tga .tif .tiff .webp".split()
)
"""The file extensions that are taken from a folder or a pattern such as ``frames/*``."""

OVERLAY_MARK = ".overlay."
"""A mark in the names of overlays."""

DIGITS = re.compile(r"(\d+)", re.ASCII)


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern, and not the name of an existing file."""
    return glob.has_magic(path.name) and not os.path.lexists(path)


def find_pictures(place: Path) -> list[Path]:
    """The pictures in a folder, or those that fit a pattern, in natural order: ``frame9`` before ``frame10``.

    Hidden files and overlays are passed over. A pattern may have wildcards in its last part.

    Raises:
        SourceError: there are no pictures, or the folder cannot be read.
    """
    by_pattern = is_pattern(place)
    folder = place.parent if by_pattern else place
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    except FileNotFoundError:
        raise SourceError(f"{folder}: there is no such folder") from None
    except NotADirectoryError:
        raise SourceError(
            f"{place}: a file, where --sequence wants a folder of numbered pictures or a pattern such as 'frames/*.png'"
        ) from None
    except OSError as error:
        raise SourceError(f"{folder}: the folder cannot be read ({error.strerror or error})") from error
    names = [name for name in names if not name.startswith(".") and OVERLAY_MARK not in name]
    if by_pattern:
        names = fnmatch.filter(names, place.name)
    if not by_pattern or not Path(place.name).suffix or glob.has_magic(Path(place.name).suffix):
        names = [name for name in names if Path(name).suffix.lower() in PICTURE_SUFFIXES]
    if not names:
        what = "no picture fits this pattern" if by_pattern else "there is no picture in this folder"
        raise SourceError(f"{place}: {what}, where --sequence wants numbered pictures")
    return [folder / name for name in sorted(names, key=_natural)]


def sequence_stem(place: Path) -> Path:
    """Return the stem for the results of a sequence: its folder, or the common beginning of a pattern."""
    stem = place
    if is_pattern(place):
        literal = re.split(r"[*?\[]", place.name)[0].rstrip("_-. ")
        stem = place.with_name(literal) if literal else place.parent
    # The working directory has a name as well.
    return stem if stem.name not in ("", "..") else Path(os.path.realpath(stem))


def _natural(name: str) -> tuple[list[tuple[int, int | str]], str]:
    """Return a sort key that compares numbers by value, and then by their digits."""
    parts = DIGITS.split(name.lower())
    return [(0, int(part)) if part.isdigit() and part.isascii() else (1, part) for part in parts if part], name
