"""Store the samples of any stream as an archive or table, without loss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.errors import InputError, SourceError
from facestream.ssi.columns import column_names
from facestream.ssi.header import WRITTEN_TYPES
from facestream.ssi.samples import parse_numbers
from facestream.ssi.stream import SsiStream
from facestream.storage.spool import ArraySpool
from facestream.tables.archive import ArchiveWriter, check_array
from facestream.tables.recording import recorded_rate
from facestream.tables.table import Table, TableWriter
from facestream.version import __version__

__all__ = ["read_sample_csv", "read_sample_npz", "write_sample_csv", "write_sample_npz"]

BLOCK_VALUES = 1 << 15

MAX_NAMED_COLUMNS = 65_536
"""The most columns with names. An archive only counts more columns, and a table cannot hold them."""


def write_sample_npz(path: Path, stream: SsiStream) -> None:
    """``data`` (samples, columns), the names of the ``columns``, and ``meta`` with rate, type and header attributes."""
    writer = ArchiveWriter(path, {"data": (stream.data.shape[1:], stream.data.dtype)})
    try:
        for row in stream.data:
            writer.append(data=row)
        dim = stream.data.shape[1]
        names = column_names(stream.media_type, dim) if dim <= MAX_NAMED_COLUMNS else ()
        writer.complete({"columns": np.array(names, dtype=str)}, _meta(stream))
        writer.commit()
    finally:
        writer.discard()


def write_sample_csv(path: Path, stream: SsiStream) -> None:
    """Write one line per sample: its time in seconds, its values, and in the last line ``meta``.

    Raises:
        InputError: there is no sample, or too many columns.
    """
    num_rows, dim = stream.data.shape
    if not num_rows:
        raise InputError(f"{path}: the stream has no samples, so that there is nothing to make a table of")
    if dim > MAX_NAMED_COLUMNS:
        raise InputError(f"{path}: {dim} columns, where a table has room for {MAX_NAMED_COLUMNS}; take .npz")
    num_block_rows = max(1, BLOCK_VALUES // dim)
    writer = TableWriter(path, ("time_s", *column_names(stream.media_type, dim)))
    try:
        for start in range(0, num_rows, num_block_rows):
            block = np.asarray(stream.data[start : start + num_block_rows])
            # True and False are 1 and 0 in SSI.
            cells = (block.astype(np.uint8) if block.dtype.kind == "b" else block).astype(str).tolist()
            for number, row in enumerate(cells, start):
                writer.append([repr(number / stream.rate_hz), *row])
        writer.complete(_meta(stream))
        writer.commit()
    finally:
        writer.discard()


def read_sample_npz(path: Path, arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]) -> SsiStream:
    """Read what ``write_sample_npz`` wrote.

    Raises:
        SourceError: an array is missing, or has another shape or type.
    """
    data = check_array(path, arrays, "data", (None, None), "biuf")
    if data.dtype.newbyteorder("<") not in WRITTEN_TYPES.values() or not data.shape[1]:
        raise SourceError(f"{path}: 'data' is {data.dtype} {data.shape}, which no stream can hold")
    return _stream(path, data, meta)


def read_sample_csv(table: Table) -> SsiStream:
    """Read what ``write_sample_csv`` wrote.

    Raises:
        SourceError: the rows are damaged.
    """
    type_name = table.meta.get("type")
    if not isinstance(type_name, str) or type_name not in WRITTEN_TYPES:
        raise SourceError(f"{table.path}: 'meta' names no type of SSI's, but {type_name!r}")
    num_columns = len(table.columns) - len(("time_s", "meta"))
    if num_columns < 1:
        raise SourceError(f"{table.path}: there is no column of samples in it")
    with ArraySpool(WRITTEN_TYPES[type_name]) as values:
        try:
            for cells in table.rows():
                values.append(parse_numbers([cell.encode() for cell in cells[1:-1]], type_name))
        except (ValueError, ArithmeticError) as error:
            raise SourceError(f"{table.place}: a cell is no number ({error})") from error
        return _stream(table.path, values.to_array(num_columns), table.meta)


def _meta(stream: SsiStream) -> dict[str, Any]:
    dtype = stream.data.dtype.newbyteorder("<")
    return {
        "version": __version__,
        "rate_hz": stream.rate_hz,
        "type": next(name for name, known in WRITTEN_TYPES.items() if known == dtype),
        "media_type": stream.media_type,
        "meta": dict(stream.meta),
    }


def _stream(path: Path, data: npt.NDArray[Any], meta: Mapping[str, Any]) -> SsiStream:
    media_type, attributes = meta.get("media_type", ""), meta.get("meta", {})
    is_text = isinstance(media_type, str) and isinstance(attributes, dict)
    if not is_text or not all(isinstance(value, str) for value in attributes.values()):
        raise SourceError(f"{path}: 'meta' has no texts for the header of a stream")
    return SsiStream(data, float(recorded_rate(path, meta)), media_type, attributes)
