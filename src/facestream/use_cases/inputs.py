"""Expand command-line arguments to files: folders, patterns and single files."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from facestream.media.pictures.numbered import OVERLAY_MARK, PICTURE_SUFFIXES
from facestream.storage.staging import is_folder

__all__ = ["OVERLAY_MARK", "Failure", "Input", "expand_sequence_word", "expand_word", "find_inputs"]

VIDEO_SUFFIXES = frozenset(
    ".3gp .asf .avi .flv .gif .h264 .heics .heifs .hevc .m2ts .m4v .mjpeg .mjpg .mkv .mov .mp4 .mpeg .mpg .mts .mxf "
    ".ogv .ts .vob .webm .wmv .y4m".split()
)
MEDIA_SUFFIXES = VIDEO_SUFFIXES | PICTURE_SUFFIXES
"""The file extensions that are taken from a folder. A file that is named directly may have any."""


@dataclass(frozen=True, slots=True)
class Input:
    """A source, and the folder for its results below the output folder."""

    path: Path
    subfolder: Path = Path()
    is_named: bool = True
    """Whether the source was named directly, not by a folder or pattern."""


class Failure(NamedTuple):
    """An argument that matches nothing, or a folder that cannot be read."""

    place: str
    message: str


def find_inputs(words: Sequence[str], *, are_sequences: bool = False) -> tuple[list[Input], list[Failure]]:
    """Return the sources of arguments, in order; those of folders and patterns are sorted, each once.

    Of numbered pictures a folder is one source, if there are pictures in it, and so is each such folder below it; a
    pattern is one as well.

    A folder stands for the pictures and videos in it and below, a pattern such as ``clips/**/*.mp4`` for the files that
    fit. Hidden files are passed over, and so is ``*.overlay.*``, unless it is the only word.

    Returns:
        The sources, and what is wrong with words that stand for none and with folders that cannot be read; the others
        do not suffer from it.
    """
    found: list[Input] = []
    failures: list[Failure] = []
    taken: set[str] = set()
    for word in words:
        for item in expand_sequence_word(word) if are_sequences else expand_word(word):
            if isinstance(item, Failure):
                failures.append(item)
                continue
            # Links that were named directly are all processed. Of links in folders to one file, one is enough.
            place = os.path.abspath(item.path) if item.is_named else os.path.realpath(item.path)  # noqa: PTH100
            is_overlay = OVERLAY_MARK in item.path.name and not (item.is_named and len(words) == 1)
            if not is_overlay and place not in taken:
                found.append(item)
            taken |= {place, os.path.realpath(item.path)}
    if words and not found and not failures:
        failures.append(Failure(words[0], f"{', '.join(words)}: nothing but overlays, which are passed over"))
    return found, failures


def expand_word(word: str) -> Iterator[Input | Failure]:
    """Iterate over the sources of one argument, and report what is wrong with it."""
    path = Path(word)
    if is_folder(path):
        num_found = 0
        for item in _walk(path):
            num_found += 1
            yield item if isinstance(item, Failure) else Input(item, item.parent.relative_to(path), is_named=False)
        if not num_found:
            yield Failure(word, f"{path}: there is no picture or video in this folder")
        return
    if not glob.has_magic(word) or os.path.lexists(word):
        yield Input(path)
        return
    root = _fixed_part(path)
    takes_all = not glob.has_magic(path.suffix) and path.suffix != ""
    files = [Path(name) for name in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = [file for file in files if file.is_file() and (takes_all or file.suffix.lower() in MEDIA_SUFFIXES)]
    if not files:
        yield Failure(word, f"{word}: no picture or video fits this pattern")
    yield from (Input(file, file.parent.relative_to(root), is_named=False) for file in files)


def expand_sequence_word(word: str) -> Iterator[Input | Failure]:
    """Return the folders or the pattern of numbered pictures for an argument."""
    path = Path(word)
    if not is_folder(path):
        yield Input(path)
        return
    folders = [Path(place) for place, names in _walk_folders(path) if any(map(_is_picture, names))]
    if not folders:
        yield Failure(word, f"{path}: there are no pictures in this folder, which --sequence would read as a clip")
    for folder in folders:
        # The results of a folder that was named directly are next to it.
        yield Input(path) if folders == [path] else Input(folder, folder.relative_to(path).parent, is_named=False)


def _walk_folders(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield place, files


def _is_picture(name: str) -> bool:
    is_shown = not name.startswith(".") and OVERLAY_MARK not in name
    return is_shown and Path(name).suffix.lower() in PICTURE_SUFFIXES


def _walk(folder: Path) -> Iterator[Path | Failure]:
    failures: list[Failure] = []

    def fail(error: OSError) -> None:
        message = f"{error.filename}: the folder cannot be read ({error.strerror})"
        failures.append(Failure(error.filename, message))

    for place, folders, files in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in MEDIA_SUFFIXES:
                yield Path(place) / name
    yield from failures


def _fixed_part(pattern: Path) -> Path:
    """Return the folder before the first wildcard."""
    return Path(*itertools.takewhile(lambda part: not glob.has_magic(part), pattern.parts[:-1]))
