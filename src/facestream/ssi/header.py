"""Read and write the XML header of an SSI stream."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

import defusedxml
import defusedxml.ElementTree
import numpy as np

from facestream.errors import SourceError, StreamFormatError
from facestream.media.clock import format_rate

__all__ = [
    "DTYPES",
    "FIRST_FRAME",
    "WRITTEN_TYPES",
    "SsiHeader",
    "data_path",
    "format_header",
    "open_regular",
    "read_header",
]

WRITTEN_TYPES: dict[str, np.dtype[Any]] = {
    "CHAR": np.dtype("i1"),
    "UCHAR": np.dtype("u1"),
    "SHORT": np.dtype("<i2"),
    "USHORT": np.dtype("<u2"),
    "INT": np.dtype("<i4"),
    "UINT": np.dtype("<u4"),
    "LONG": np.dtype("<i8"),
    "ULONG": np.dtype("<u8"),
    "FLOAT": np.dtype("<f4"),
    "DOUBLE": np.dtype("<f8"),
    "BOOL": np.dtype("?"),
}
"""SSI's names of the numeric types, in little-endian order."""

DTYPES = {**WRITTEN_TYPES, "LDOUBLE": np.dtype("<f8")}
"""The types that are read. The long double of SSI's compilers has eight bytes."""

MAX_DIM = 10_000_000
"""The most columns. Otherwise a header alone could request names for two billion columns."""

FIRST_FRAME = "first_frame"
"""The header attribute of streams with the rows of a time range."""

MAX_START_S = 1e9

BLOCK_BYTES = 1 << 16

ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)
"""Escapes in attributes. ``xml.sax.saxutils`` has them as well, but imports the web clients of the standard library."""


@dataclass(frozen=True, slots=True)
class SsiHeader:
    """The contents of a header."""

    is_ascii: bool
    rate_hz: float
    dim: int
    type_name: str
    """SSI's name of the sample type, a key of ``DTYPES``."""
    num_rows: int
    """The number of samples in all chunks."""
    num_chunks: int = 1
    delim: str = " "
    media_type: str = ""
    """Such as ``feature;face;landmarks;facemesh``."""
    meta: Mapping[str, str] = field(default_factory=dict)
    """Further attributes, such as ``size`` = ``W:H``."""
    start_s: float = 0.0
    """The time of the first row in seconds after the first frame of the clip."""

    @property
    def first_frame(self) -> int:
        """The frame number of the first row, if the rows are those of a time range; else 0."""
        text = self.meta.get(FIRST_FRAME, "0")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0

    @property
    def dtype(self) -> np.dtype[Any]:
        return DTYPES[self.type_name]

    @property
    def num_bytes(self) -> int:
        """The size of binary samples in bytes."""
        return self.num_rows * self.dim * self.dtype.itemsize


def data_path(path: Path) -> Path:
    """Return the path of the samples of a header."""
    return path.with_name(path.name + "~")


def read_header(path: Path) -> SsiHeader:
    """Read a header in upper or lower case, with or without optional attributes, and with any number of chunks.

    Raises:
        SourceError: the file is missing.
        StreamFormatError: it is not the header of a stream, or something is missing in it.
    """
    elements = _HeaderElements(path)
    parser = defusedxml.ElementTree.XMLParser(target=elements)
    try:
        with open_regular(path, "the stream") as file:
            while block := file.read(BLOCK_BYTES):
                parser.feed(block)
        parser.close()
    except (ParseError, ValueError, LookupError, defusedxml.DefusedXmlException) as error:
        raise StreamFormatError(
            f"{path}: not the header of an SSI stream ({type(error).__name__}: {error}){_hint(path)}"
        ) from error
    return elements.header()


def _hint(path: Path) -> str:
    """Return a hint if another file of facestream was named."""
    if path.name.endswith(".stream~"):
        return f"; these are the samples, name {path.name.removesuffix('~')}"
    if path.suffix.lower() in (".npz", ".csv"):
        return f"; facestream convert {path.name} {path.stem}.stream makes a stream of it"
    return ""


def format_header(header: SsiHeader, rate_hz: Fraction | float) -> str:
    """Return the text of the header of a binary stream; ``rate_hz`` is the exact rate."""
    attributes = {"type": header.media_type, **header.meta} if header.media_type or header.meta else {}
    meta = " ".join(f'{name}="{value.translate(ENTITIES)}"' for name, value in attributes.items())
    meta_line = f"    <meta {meta} />\n" if meta else ""
    end_s = header.start_s + header.num_rows / float(rate_hz)
    return (
        '<?xml version="1.0" ?>\n'
        '<stream ssi-v="2">\n'
        f'    <info ftype="BINARY" sr="{format_rate(rate_hz)}" dim="{header.dim}" byte="{header.dtype.itemsize}" '
        f'type="{header.type_name}" delim=" " />\n'
        f"{meta_line}"
        f'    <chunk from="{header.start_s:.3f}" to="{end_s:.3f}" byte="0" num="{header.num_rows}" />\n'
        "</stream>\n"
    )


def open_regular(path: Path, what: str) -> BinaryIO:
    """Open a file for reading, but nothing that could block, such as a pipe.

    Raises:
        SourceError: the file is missing, unreadable or no file.
    """
    try:
        file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 - the caller closes it
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise SourceError(f"{path}: {what} cannot be read (not a regular file)")
    except OSError as error:
        raise SourceError(f"{path}: {what} cannot be read ({error.strerror or error})") from error
    return file


def _open_without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


class _HeaderElements:
    """Receives the elements of a parser and keeps only the relevant ones, so that memory use is constant."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._has_root = False
        self._info: dict[str, str] | None = None
        self._meta: dict[str, str] = {}
        self._num_chunks = 0
        self._num_rows = 0
        self._start_s = 0.0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.lower()
        if not self._has_root and tag != "stream":
            raise StreamFormatError(
                f"{self._path}: not the header of an SSI stream: the root is <{tag[:80]}>, not <stream>"
            )
        self._has_root = True
        values = {name.lower(): value for name, value in attributes.items()}
        if tag == "info" and self._info is None:
            self._info = values
        elif tag == "meta":
            known = ("type", "size")
            self._meta |= {name.lower() if name.lower() in known else name: text for name, text in attributes.items()}
        elif tag == "chunk":
            if not self._num_chunks:
                self._start_s = _seconds(values.get("from", ""))
            self._num_chunks += 1
            self._num_rows += self._number(tag, values, "num", int, minimum=0)

    def end(self, tag: str) -> None:
        """Ignored, since everything is in attributes."""

    def data(self, text: str) -> None:
        """Ignored, since everything is in attributes."""

    def close(self) -> None:
        """Called at the end of the document."""

    def header(self) -> SsiHeader:
        """Return the checked header."""
        info, meta = self._info, dict(self._meta)
        if info is None:
            raise StreamFormatError(f"{self._path}: the header has no <info>")
        dim = self._number("info", info, "dim", int, minimum=1, maximum=MAX_DIM)
        rate_hz = self._number("info", info, "sr", float, minimum=1e-9)
        type_name = info.get("type", "").strip().upper()
        if type_name not in DTYPES:
            got = _shown(info.get("type"))
            raise StreamFormatError(f"{self._path}: the type {got} is none of {', '.join(DTYPES)}")
        ftype = info.get("ftype", "").strip().upper()
        if ftype not in ("BINARY", "ASCII"):
            got = _shown(info.get("ftype"))
            raise StreamFormatError(f"{self._path}: ftype {got} cannot be read; BINARY and ASCII can")
        if not self._num_chunks:
            raise StreamFormatError(f"{self._path}: the header has no chunk, so the number of samples is unknown")
        return SsiHeader(
            is_ascii=ftype == "ASCII",
            rate_hz=rate_hz,
            dim=dim,
            type_name=type_name,
            num_rows=self._num_rows,
            num_chunks=self._num_chunks,
            delim=info.get("delim", " "),
            media_type=meta.pop("type", ""),
            meta=meta,
            # The reference time of other writers is unknown.
            start_s=self._start_s if FIRST_FRAME in meta else 0.0,
        )

    def _number(
        self,
        tag: str,
        values: Mapping[str, str],
        name: str,
        kind: type,
        *,
        minimum: float,
        maximum: float = np.inf,
    ) -> Any:
        text = values.get(name)
        if text is None:
            raise StreamFormatError(f"{self._path}: <{tag}> has no {name}")
        try:
            value = kind(text)
        except ValueError:
            raise StreamFormatError(f"{self._path}: {name}={_shown(text)} is no number") from None
        if not minimum <= value <= maximum or value == np.inf:
            raise StreamFormatError(f"{self._path}: {name}={_shown(text)} is out of range")
        return value


def _seconds(text: str) -> float:
    """Return a time of a chunk; 0 if absent."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value < MAX_START_S else 0.0


def _shown(text: str | None) -> str:
    """Return a value of the file for a message, shortened to one line."""
    return repr(text if text is None or len(text) <= 40 else text[:40] + "...")
