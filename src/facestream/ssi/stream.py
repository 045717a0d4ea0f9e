"""SSI streams: an XML header ``NAME.stream`` and its samples ``NAME.stream~``."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.errors import InputError, OutputError, SourceError
from facestream.media.clock import format_rate
from facestream.ssi.header import data_path, read_header
from facestream.ssi.pair import has_unfinished_pair, settle_folder
from facestream.ssi.samples import read_samples
from facestream.ssi.writer import SsiStreamWriter

__all__ = ["SsiStream", "read_stream", "write_stream"]

ATTRIBUTE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot contain."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SsiStream:
    """A stream in memory or memory-mapped from its file."""

    data: npt.NDArray[Any]
    """(N, dim), one row per sample."""
    rate_hz: float
    """The number of rows per second."""
    media_type: str = ""
    """Such as ``feature;face;landmarks;facemesh``."""
    meta: Mapping[str, str] = field(default_factory=dict)
    """Further attributes of the header, such as ``size`` = ``W:H``."""
    start_s: float = 0.0
    """The time of the first row in seconds after the first frame of the clip; above 0 for a time range of the clip."""
    first_frame: int = 0
    """The frame number of the first row."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the frames that the samples belong to, if the header names them."""
        try:
            width, height = self.meta["size"].split(":")
            return int(width), int(height)
        except (KeyError, ValueError):
            return None

    def __repr__(self) -> str:
        rate = format_rate(self.rate_hz)
        return f"SsiStream(data={self.data.dtype} {self.data.shape}, {rate} Hz, {self.media_type!r}, {dict(self.meta)})"


def read_stream(path: str | os.PathLike[str]) -> SsiStream:
    """Read a stream by its header file. Binary samples are memory-mapped.

    Raises:
        SourceError: a file is missing.
        StreamFormatError: header or samples are damaged, or do not match.
    """
    path = Path(path)
    header = read_header(path)
    samples = read_samples(path, header)
    return SsiStream(samples, header.rate_hz, header.media_type, header.meta, header.start_s, header.first_frame)


def write_stream(
    path: str | os.PathLike[str],
    data: npt.NDArray[Any],
    rate_hz: Fraction | float,
    *,
    media_type: str = "",
    meta: Mapping[str, str] | None = None,
) -> None:
    """Write an array (N, dim) as a binary stream of its own type. An older stream is replaced.

    Args:
        path: of the header; must end in ``.stream``.
        data: one row a sample; the type of the array becomes that of the stream, float32 is what NOVA reads best.
        rate_hz: rows a second, for a row a frame the video's rate.
        media_type: what the columns are, such as ``feature;face;boundingbox`` or ``feature;face;landmarks``.
        meta: further attributes of the header, such as ``{"size": "1280:720"}``.

    Raises:
        InputError: an array or rate that a stream cannot hold.
        OutputError: the files cannot be written.
    """
    settle_folder(Path(path).parent)
    _check_target(Path(path))
    data = np.asarray(data)
    if data.ndim != 2 or data.shape[1] < 1:
        raise InputError(f"{path}: a stream needs an array (samples, columns), not the shape {data.shape}")
    if not (np.isfinite(float(rate_hz)) and rate_hz >= 1e-9):
        raise InputError(f"{path}: a stream needs a rate above 0 Hz, not {rate_hz}")
    attributes: dict[str, object] = {"type": media_type, **(meta or {})}
    for name, value in attributes.items():
        if not ATTRIBUTE_NAME.fullmatch(name) or not isinstance(value, str) or NOT_XML.search(value):
            raise InputError(f"{path}: meta must be names and texts of XML attributes, not {name!r}: {value!r}")
    writer = SsiStreamWriter(Path(path), data.shape[1], data.dtype)
    try:
        writer.write(data)
        writer.finish(rate_hz, media_type, meta or {})
        writer.commit()
    finally:
        writer.discard()
    for note in writer.notes:
        _log.warning("%s", note)


def _check_target(path: Path) -> None:
    """Make sure that a stream replaces nothing but a stream."""
    if path.suffix.lower() != ".stream":
        raise InputError(f"{path}: a stream must end in .stream")
    samples = data_path(path)
    if not path.exists() and samples.exists() and samples.stat().st_size and not has_unfinished_pair(path):
        raise OutputError(f"{samples}: the file exists, but its header does not; choose another name or move it away")
    if path.exists() and path.stat().st_size:
        try:
            read_header(path)
        except SourceError:
            raise OutputError(f"{path}: the file exists and is no stream; choose another name") from None
