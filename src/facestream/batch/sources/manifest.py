"""Lists of sources: a text file of paths, or a table with one row per item."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from facestream.batch.sources.item_options import parse_item_options
from facestream.batch.sources.items import Item, check_output_name
from facestream.errors import OptionError, SourceError
from facestream.storage.remote import is_address

__all__ = ["LIST_SUFFIXES", "read_list"]

TEXT_SUFFIXES, TABLE_SUFFIXES, PARQUET_SUFFIXES = (".txt", ".list"), (".csv", ".tsv"), (".parquet", ".pq")
LIST_SUFFIXES = (*TEXT_SUFFIXES, *TABLE_SUFFIXES, *PARQUET_SUFFIXES)

PARQUET_FRAME_BYTES = 12
"""Bytes around the index of a Parquet file: the magic number twice, and the length of the index."""

DELIMITERS = ",;\t"
WANTED = "a table of sources has a column 'path' and optional columns 'boxes', 'output' and 'options'"


class _Row(NamedTuple):
    """One entry and its place in the list."""

    values: Mapping[str, Any]
    place: str


def read_list(path: Path) -> Iterator[Item]:
    """Yield the items of a list. Its paths are relative to the folder of the list.

    Raises:
        SourceError: The list cannot be read, has no path column, or has an entry without a path.
        OptionError: An entry has an invalid output name or invalid options.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in PARQUET_SUFFIXES:
            rows = _read_parquet(path)
        else:
            rows = _read_lines(path) if suffix in TEXT_SUFFIXES else _read_table(path)
        for row in rows:
            yield _item(path.parent, row)
    except OSError as error:
        raise SourceError(f"{path}: the list cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: the list is not in UTF-8 ({error.reason}); save it as UTF-8") from None
    except csv.Error as error:
        raise SourceError(f"{path}: the table cannot be read ({error})") from None


def _item(folder: Path, row: _Row) -> Item:
    texts = {name: "" if value is None else str(value).strip() for name, value in row.values.items()}
    if not texts["path"]:
        raise SourceError(f"{row.place}: there is no path in this row")
    source = _absolute(folder, texts["path"])
    try:
        return Item(
            source=source,
            output=check_output_name(texts.get("output") or _stem(source)),
            boxes=_absolute(folder, texts["boxes"]) if texts.get("boxes") else None,
            options=_options(texts.get("options", "")),
            place=row.place,
        )
    except OptionError as error:
        raise OptionError(f"{row.place}: {error}") from None


@lru_cache(maxsize=1000)
def _options(text: str) -> Mapping[str, Any]:
    """Parse options, with a cache because most rows of a table have the same ones."""
    return parse_item_options(text) if text else {}


def _absolute(folder: Path, path: str) -> str:
    return path if is_address(path) else os.path.abspath(os.path.join(folder, path))  # noqa: PTH100, PTH118 - ten times as fast


def _stem(source: str) -> str:
    return os.path.splitext(source.replace("\\", "/").rpartition("/")[2])[0]  # noqa: PTH122 - ten times as fast


def _read_lines(path: Path) -> Iterator[_Row]:
    """Yield the lines, except blank ones and those that begin with #."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith("#"):
                yield _Row({"path": line}, f"{path}, line {number}")


def _read_table(path: Path) -> Iterator[_Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        delimiter = max(DELIMITERS, key=head.count)
        rows = csv.reader(file, delimiter=delimiter)
        columns = _find_columns(path, next(csv.reader(io.StringIO(head), delimiter=delimiter), []))
        for row in rows:
            if any(row):
                values = {name: row[at] for name, at in columns.items() if at < len(row)}
                yield _Row({"path": "", **values}, f"{path}, line {rows.line_num + 1}")


def _read_parquet(path: Path) -> Iterator[_Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SourceError(
            f"{path}: Parquet needs pyarrow: pip install 'facestream[parquet]', or save the table as .csv"
        ) from None
    # Pass an open file, not its name, so that files it refers to cannot be opened.
    with path.open("rb") as source:
        try:
            with pyarrow.parquet.ParquetFile(source) as file:
                yield from _parquet_rows(path, file)
        except SourceError:
            raise
        except Exception as error:  # besides its own errors, pyarrow passes on whatever its C++ code throws
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise SourceError(f"{path}: not a Parquet file, or a damaged one ({reason})") from None


def _parquet_rows(path: Path, file: Any) -> Iterator[_Row]:
    """Yield the rows of an open ``pyarrow.parquet.ParquetFile``."""
    names = file.schema_arrow.names
    columns = {name: names[at] for name, at in _find_columns(path, names).items()}
    _check_own_rows(path, file.metadata)
    number = 0
    for batch in file.iter_batches(1000, columns=list(columns.values())):
        texts = [_texts(path, name, batch.column(batch.schema.names.index(name))) for name in columns.values()]
        for values in zip(*texts, strict=True):
            number += 1
            yield _Row(dict(zip(columns, values, strict=True)), f"{path}, row {number}")


def _check_own_rows(path: Path, metadata: Any) -> None:
    """Reject files such as ``_metadata``, which only index rows in other files; pyarrow would look for them here."""
    # The file names in the index are not read, because a damaged one would crash pyarrow's C++ code.
    if metadata.num_rows and path.stat().st_size <= metadata.serialized_size + PARQUET_FRAME_BYTES:
        raise SourceError(
            f"{path}: {metadata.num_rows} rows are listed, but they are in other files, which are not opened; "
            "give a Parquet file that holds its rows itself"
        )


def _texts(path: Path, name: str, column: Any) -> Iterable[str | None]:
    import pyarrow

    try:
        texts: list[str | None] = column.cast(pyarrow.string()).to_pylist()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        kind = str(column.type)
        raise SourceError(f"{path}: the column {name!r} holds {kind!r:.80}, but text is required") from None
    return texts


def _find_columns(path: Path, names: Iterable[str]) -> dict[str, int]:
    """Return the positions of the known columns."""
    places: dict[str, int] = {}
    for at, name in enumerate(names):
        places.setdefault(name.strip().lower(), at)
    if "path" not in places:
        found = ", ".join(map(repr, places)) or "none"
        raise SourceError(f"{path}: there is no column 'path', the columns are: {found}; {WANTED}")
    return {name: places[name] for name in ("path", "boxes", "output", "options") if name in places}
