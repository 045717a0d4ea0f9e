"""The table of output formats, from which the command line, the docs, the HTTP API and the web page are made.

To add a format, write a module such as ``facestream.formats.csv`` that implements ``FormatFiles``, and add a row here.
This module imports nothing else, so that ``--help`` stays fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facestream.formats.interface import FormatFiles

__all__ = ["FORMATS", "FORMAT_NAMES", "Format", "find_format", "format_named", "suffix_list"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """An output format."""

    name: str
    """The value of ``--format``, and the file extension without its dot."""
    title: str
    description: str
    """What a file holds, in half a sentence."""
    module: str
    """The module whose ``FILES`` reads and writes the format."""

    @property
    def suffix(self) -> str:
        """The file extension, with its dot."""
        return f".{self.name}"

    @property
    def files(self) -> FormatFiles:
        """The implementation, which is imported when it is first needed."""
        files: FormatFiles = import_module(self.module).FILES
        return files


FORMATS = (
    Format(
        name="stream",
        title="SSI stream",
        description="one float32 row per frame for NOVA and DISCOVER, as NAME.stream and NAME.stream~",
        module="facestream.formats.stream",
    ),
    Format(
        name="npz",
        title="NumPy archive",
        description="every value of every face as arrays, with timestamps and how it was made",
        module="facestream.formats.npz",
    ),
    Format(
        name="csv",
        title="CSV table",
        description="the same values as text, one line per frame and face",
        module="facestream.formats.csv",
    ),
)
"""The first one is the default, and is always written by DISCOVER's modules."""

FORMAT_NAMES = tuple(form.name for form in FORMATS)


def format_named(name: str) -> Format:
    """Return the format that ``--format`` calls by this name.

    Raises:
        KeyError: there is no such format.
    """
    for form in FORMATS:
        if form.name == name:
            return form
    raise KeyError(name)


def find_format(path: Path) -> Format | None:
    """Return the format that a file name ends in, in upper or lower case, or ``None``."""
    suffix = path.suffix.lower()
    return next((form for form in FORMATS if form.suffix == suffix), None)


def suffix_list() -> str:
    """Return all file extensions for a message: ``.stream, .npz, .csv``."""
    return ", ".join(form.suffix for form in FORMATS)
