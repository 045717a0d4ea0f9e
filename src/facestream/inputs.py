"""What the words of a command line stand for: files, folders and patterns."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from facestream.errors import SourceError

__all__ = ["OVERLAY_MARK", "Input", "find_inputs"]

VIDEO_SUFFIXES = frozenset(
    ".3gp .asf .avi .flv .gif .h264 .hevc .m2ts .m4v .mjpeg .mjpg .mkv .mov .mp4 .mpeg .mpg .mts .mxf .ogv .ts .vob "
    ".webm .wmv .y4m".split()
)
PICTURE_SUFFIXES = frozenset(".avif .bmp .heic .heif .jp2 .jpeg .jpg .pgm .png .pnm .ppm .tif .tiff .webp".split())
MEDIA_SUFFIXES = VIDEO_SUFFIXES | PICTURE_SUFFIXES
"""What is taken out of a folder. A file that is named itself may have any name."""

OVERLAY_MARK = ".overlay."


@dataclass(frozen=True, slots=True)
class Input:
    """A source, and the folder below the output folder that its results go to."""

    path: Path
    subfolder: Path = Path()
    is_named: bool = True
    """By itself, not through a folder or pattern."""


def find_inputs(words: Sequence[str]) -> list[Input]:
    """The sources that words stand for, in order; those of folders and patterns sorted, each once.

    A folder stands for the pictures and videos in it and below, a pattern such as ``clips/**/*.mp4`` for the files that
    fit. Hidden files are passed over, and so is ``*.overlay.*``, unless it is the only word.

    Raises:
        SourceError: a folder or pattern without a picture or video, or a folder that cannot be read.
    """
    found: list[Input] = []
    seen: set[str] = set()
    for word in words:
        for item in _expand(word):
            place = os.path.realpath(item.path)
            is_overlay = OVERLAY_MARK in item.path.name and not (item.is_named and len(words) == 1)
            if not is_overlay and (item.is_named or place not in seen):
                found.append(item)
            seen.add(place)
    if words and not found:
        raise SourceError(f"{', '.join(words)}: nothing but overlays, which are passed over")
    return found


def _expand(word: str) -> list[Input]:
    path = Path(word)
    if path.is_dir():
        items = [Input(file, file.parent.relative_to(path), is_named=False) for file in _walk(path)]
        if not items:
            raise SourceError(f"{path}: there is no picture or video in this folder")
        return items
    if not glob.has_magic(word) or os.path.lexists(word):
        return [Input(path)]
    root = _fixed_part(path)
    takes_all = not glob.has_magic(path.suffix) and path.suffix != ""
    files = [Path(name) for name in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = [file for file in files if file.is_file() and (takes_all or file.suffix.lower() in MEDIA_SUFFIXES)]
    if not files:
        raise SourceError(f"{word}: no picture or video fits this pattern")
    return [Input(file, file.parent.relative_to(root), is_named=False) for file in files]


def _walk(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise SourceError(f"{error.filename}: the folder cannot be read ({error.strerror})") from error

    for place, folders, files in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in MEDIA_SUFFIXES:
                yield Path(place) / name


def _fixed_part(pattern: Path) -> Path:
    """The folder before the first part that is a pattern."""
    return Path(*itertools.takewhile(lambda part: not glob.has_magic(part), pattern.parts[:-1]))
