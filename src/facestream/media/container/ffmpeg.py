"""Open files with FFmpeg, and only the file that was passed in, never one that this file names.

FFmpeg is given the open file, and of its name only the extension, so that it cannot search a folder. It may use no
protocol, so that it cannot open a file or an address by itself. Formats that consist of other files
(``REFUSED_FORMATS``) are not read at all. All of facestream opens media files here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

import av
from av.container import InputContainer, OutputContainer
from av.format import ContainerFormat

__all__ = [
    "AVFMT_NOFILE",
    "HANDED_OVER",
    "REFUSED_FORMATS",
    "ReadableFile",
    "allowed_formats",
    "open_reader",
    "open_writer",
]

REFUSED_FORMATS: Mapping[str, str] = {
    # Lists of other files or addresses.
    "hls": "a playlist: its lines are files and addresses, which are opened one after the other",
    "concat": "a list of files, which are opened one after the other",
    "dash": "a manifest of files and addresses",
    "webm_dash_manifest": "a part of a DASH manifest",
    "imf": "a composition, whose tracks are files that it names",
    # Network sessions.
    "sdp": "describes a session at addresses that it names",
    "rtsp": "a session at an address",
    "rtp": "a session at an address",
    "sap": "announces sessions at addresses",
    # Files that continue in other files.
    "vobsub": "an index; the subtitles lie in the .sub file beside it",
    "mlv": "goes on in the files .M00, .M01 and so on beside it",
    "dvdvideo": "the folder of a disc",
    # Programs and drawings.
    "lavfi": "a graph of filters, one of which opens files",
    "avisynth": "a program that opens files",
    "vapoursynth": "a Python program, which could do anything",
    "svg_pipe": "a drawing that can name pictures",
    # These contain no other files, but no pictures either.
    "tty": "text, which FFmpeg would draw as a video",
}
"""FFmpeg's readers that open other files or run programs, and why each is refused. Readers that open something by its
name instead of reading what they are handed, such as cameras and screens, are refused as a kind: FFmpeg marks them with
``AVFMT_NOFILE``. A movie in QuickTime's format can also name a file for a track; FFmpeg does not open those."""

HANDED_OVER = ("image2",)
"""Marked with ``AVFMT_NOFILE`` because it can read pictures by a numbered name. It reads a single picture that it is
handed, such as TGA, which has no signature; a name with numbers never reaches it."""

AVFMT_NOFILE = 1
"""FFmpeg's flag for readers that open something by its name."""

MAX_SUFFIX = 10
BLOCK_BYTES = 1 << 17

NO_PROTOCOL = "none"
"""An empty list would allow all protocols."""


class ReadableFile(Protocol):
    """A file that FFmpeg reads from."""

    def read(self, num_bytes: int, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...


def open_reader(file: ReadableFile, path: Path) -> InputContainer:
    """Read an open file with FFmpeg; ``path`` is its name.

    Raises:
        FFmpegError: FFmpeg cannot read it, or it is of a format that is refused.
    """
    return av.open(
        _Nameless(file, f"media{_plain_suffix(path)}"),
        "r",
        options={"protocol_whitelist": NO_PROTOCOL, "format_whitelist": allowed_formats()},
        metadata_errors="replace",
        buffer_size=BLOCK_BYTES,
    )


def open_writer(path: Path, format_name: str, options: Mapping[str, str] | None = None) -> OutputContainer:
    """Begin to write a file in the FFmpeg format of this name.

    Raises:
        FFmpegError, OSError: it cannot be written.
    """
    return av.open(str(path), "w", format=format_name, options=dict(options or {}))


@cache
def allowed_formats() -> str:
    """Return the comma-separated names of the formats that may be read."""
    names = []
    for name in av.formats_available:
        try:
            known = ContainerFormat(name, "r")
        except ValueError:
            # It can only be written.
            continue
        opens_by_name = bool(known.flags & AVFMT_NOFILE) and name not in HANDED_OVER
        if not opens_by_name and name not in REFUSED_FORMATS:
            names.append(name)
    return ",".join(sorted(names))


class _Nameless:
    """A file whose name does not exist."""

    def __init__(self, file: ReadableFile, name: str) -> None:
        self.name = name
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _plain_suffix(path: Path) -> str:
    """Return the file extension, by which formats without a signature are recognised, if it cannot be a pattern."""
    suffix = path.suffix.lower()
    return suffix if len(suffix) <= MAX_SUFFIX and suffix[1:].isascii() and suffix[1:].isalnum() else ""
