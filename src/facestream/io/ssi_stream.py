"""SSI streams: an XML header ``NAME.stream`` and its samples ``NAME.stream~``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import quoteattr

import defusedxml
import defusedxml.ElementTree
import numpy as np
import numpy.typing as npt

from facestream.errors import InputError, OutputError, SourceError, StreamFormatError
from facestream.io.clock import format_rate
from facestream.io.staging import StagedFile

__all__ = ["SsiStream", "SsiStreamWriter", "data_path", "read_stream", "write_stream"]

DTYPES: dict[str, np.dtype[Any]] = {
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
"""SSI's names of the numeric types that files hold, little-endian."""


@dataclass(frozen=True, slots=True, eq=False)
class SsiStream:
    """A stream in memory, or mapped from its file."""

    data: npt.NDArray[Any]
    """(N, dim), one row a sample."""
    rate_hz: float
    media_type: str = ""
    """Such as ``feature;face;landmarks;facemesh``."""
    meta: Mapping[str, str] = field(default_factory=dict)
    """Further attributes of the header, such as ``size`` = ``W:H``."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the frames that the samples belong to, where the header names them."""
        try:
            width, height = self.meta["size"].split(":")
            return int(width), int(height)
        except (KeyError, ValueError):
            return None

    def __repr__(self) -> str:
        rate = format_rate(self.rate_hz)
        return f"SsiStream(data={self.data.dtype} {self.data.shape}, {rate} Hz, {self.media_type!r}, {dict(self.meta)})"


class SsiStreamWriter:
    """Write a stream row by row; samples come into sight before the header, so that what has a header is whole."""

    def __init__(self, path: Path, dim: int, dtype: npt.DTypeLike = np.float32) -> None:
        self.path = path
        self.dim = dim
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.num_rows = 0
        self._type_name = next((name for name, known in DTYPES.items() if known == self.dtype), None)
        if self._type_name is None:
            raise InputError(f"{path}: an SSI stream cannot hold {np.dtype(dtype)}; use one of {', '.join(DTYPES)}")
        self._samples = StagedFile(data_path(path))
        self._header: StagedFile | None = None

    def write(self, rows: npt.NDArray[Any]) -> None:
        """Append rows (N, dim)."""
        if rows.ndim != 2 or rows.shape[1] != self.dim:
            raise InputError(f"{self.path}: rows must have {self.dim} columns, not the shape {rows.shape}")
        self._samples.file.write(np.ascontiguousarray(rows, dtype=self.dtype).tobytes())
        self.num_rows += len(rows)

    def finish(self, rate_hz: Fraction | float, media_type: str, meta: Mapping[str, str]) -> None:
        """All rows are there: write the header, still out of sight."""
        self._samples.finish()
        self._header = StagedFile(self.path)
        self._header.file.write(self._format_header(rate_hz, media_type, meta).encode("ascii", "xmlcharrefreplace"))
        self._header.finish()

    def commit(self) -> None:
        """Bring both files into sight, in place of older ones."""
        assert self._header is not None, "finish() comes before commit()"
        # An old header must not stand beside new samples, not even for a moment.
        old = self._header.hidden_path.with_suffix(".old")
        try:
            if self.path.exists():
                self.path.rename(old)
            try:
                self._samples.commit()
            except OutputError:
                if old.exists():
                    old.rename(self.path)
                raise
            self._header.commit()
            old.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def discard(self) -> None:
        self._samples.discard()
        if self._header is not None:
            self._header.discard()

    def _format_header(self, rate_hz: Fraction | float, media_type: str, meta: Mapping[str, str]) -> str:
        rate = format_rate(rate_hz)
        attributes = {"type": media_type, **meta} if media_type or meta else {}
        meta_line = f"    <meta {_format_attributes(attributes)} />\n" if attributes else ""
        end_s = self.num_rows / float(rate_hz)
        return (
            '<?xml version="1.0" ?>\n'
            '<stream ssi-v="2">\n'
            f'    <info ftype="BINARY" sr="{rate}" dim="{self.dim}" byte="{self.dtype.itemsize}" '
            f'type="{self._type_name}" delim=" " />\n'
            f"{meta_line}"
            f'    <chunk from="0.000" to="{end_s:.3f}" byte="0" num="{self.num_rows}" />\n'
            "</stream>\n"
        )


def write_stream(
    path: str | os.PathLike[str],
    data: npt.NDArray[Any],
    rate_hz: Fraction | float,
    *,
    media_type: str = "",
    meta: Mapping[str, str] | None = None,
) -> None:
    """Write an array (N, dim) as a binary stream of the array's own type, in place of an older one.

    Raises:
        InputError: an array or rate that a stream cannot hold.
        OutputError: the files cannot be written.
    """
    data = np.asarray(data)
    if data.ndim != 2 or data.shape[1] < 1:
        raise InputError(f"{path}: a stream needs an array (samples, columns), not the shape {data.shape}")
    if not (np.isfinite(float(rate_hz)) and rate_hz >= 1e-9):
        raise InputError(f"{path}: a stream needs a rate above 0 Hz, not {rate_hz}")
    for name, value in (meta or {}).items():
        if not re.fullmatch(r"[A-Za-z_][\w.-]*", name) or not isinstance(value, str):
            raise InputError(f"{path}: meta must be names and texts of XML attributes, not {name!r}: {value!r}")
    writer = SsiStreamWriter(Path(path), data.shape[1], data.dtype)
    try:
        writer.write(data)
        writer.finish(rate_hz, media_type, meta or {})
        writer.commit()
    finally:
        writer.discard()


def read_stream(path: str | os.PathLike[str]) -> SsiStream:
    """Read a stream by its header file; binary samples are mapped, not loaded.

    Raises:
        SourceError: a file is missing.
        StreamFormatError: header or samples are damaged, or do not match.
    """
    path = Path(path)
    root = _parse_header(path)
    info = _one(root, "info", path)
    dim = _number(info, "dim", int, path)
    rate_hz = _number(info, "sr", float, path)
    dtype = DTYPES.get(info.get("type", "").strip().upper())
    if dtype is None:
        raise StreamFormatError(f"{path}: the type {info.get('type')!r} is none of {', '.join(DTYPES)}")
    chunks = [chunk for chunk in root.iter() if chunk.tag == "chunk"]
    if not chunks:
        raise StreamFormatError(f"{path}: the header has no chunk, so the number of samples is unknown")
    num_rows = sum(_number(chunk, "num", int, path, minimum=0) for chunk in chunks)
    ftype = info.get("ftype", "").strip().upper()
    if ftype == "BINARY":
        data = _map_samples(path, (num_rows, dim), dtype)
    elif ftype == "ASCII":
        data = _parse_samples(path, (num_rows, dim), dtype, info.get("delim", " "))
    else:
        raise StreamFormatError(f"{path}: ftype {info.get('ftype')!r} cannot be read; BINARY and ASCII can")
    meta = {key: value for element in root.iter() if element.tag == "meta" for key, value in element.attrib.items()}
    return SsiStream(data, rate_hz, meta.pop("type", ""), meta)


def data_path(path: Path) -> Path:
    """Where the samples of a header lie."""
    return path.with_name(path.name + "~")


def _format_attributes(attributes: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())


def _parse_header(path: Path) -> Element:
    """The header's tree, element and attribute names in lower case."""
    try:
        root: Element = defusedxml.ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: the stream cannot be read ({error.strerror or error})") from error
    except (ParseError, ValueError, defusedxml.DefusedXmlException) as error:
        raise StreamFormatError(f"{path}: not the header of an SSI stream ({type(error).__name__}: {error})") from error
    for element in root.iter():
        element.tag = str(element.tag).lower()
        element.attrib = {name.lower(): value for name, value in element.attrib.items()}
    if root.tag != "stream":
        raise StreamFormatError(f"{path}: not the header of an SSI stream: the root is <{root.tag}>, not <stream>")
    return root


def _one(root: Element, tag: str, path: Path) -> Element:
    found = root.find(tag)
    if found is None:
        raise StreamFormatError(f"{path}: the header has no <{tag}>")
    return found


def _number(element: Element, name: str, kind: type, path: Path, minimum: float = 1e-9) -> Any:
    text = element.get(name)
    if text is None:
        raise StreamFormatError(f"{path}: <{element.tag}> has no {name}")
    try:
        value = kind(text)
    except ValueError:
        raise StreamFormatError(f"{path}: {name}={text!r} is no number") from None
    if not minimum <= value < float("inf"):
        raise StreamFormatError(f"{path}: {name}={text!r} is out of range")
    return value


def _map_samples(path: Path, shape: tuple[int, int], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    samples = data_path(path)
    try:
        found = samples.stat().st_size
    except OSError as error:
        raise SourceError(f"{samples}: the samples of the stream cannot be read ({error.strerror or error})") from error
    wanted = shape[0] * shape[1] * dtype.itemsize
    if found != wanted:
        raise StreamFormatError(
            f"{samples}: {found} bytes, but the header promises {wanted} ({shape[0]} samples of {shape[1]} x {dtype})"
        )
    if not wanted:
        return np.empty(shape, dtype)
    return np.memmap(samples, dtype, mode="r", shape=shape)


def _parse_samples(path: Path, shape: tuple[int, int], dtype: np.dtype[Any], delim: str) -> npt.NDArray[Any]:
    samples = data_path(path)
    try:
        text = samples.read_text("ascii")
    except OSError as error:
        raise SourceError(f"{samples}: the samples of the stream cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise StreamFormatError(f"{samples}: the header says ASCII, but there are other bytes in it") from error
    words = text.translate({ord(character): " " for character in delim}).split()
    if len(words) != shape[0] * shape[1]:
        raise StreamFormatError(
            f"{samples}: {len(words)} numbers, but the header promises {shape[0]} samples x {shape[1]}"
        )
    try:
        values = (
            np.array([float(word) for word in words])
            if dtype.kind in "fb"
            else np.array([int(float(w)) for w in words])
        )
        return values.astype(dtype).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise StreamFormatError(f"{samples}: a sample is no number ({error})") from error
