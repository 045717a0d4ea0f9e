"""Tables of comma-separated values whose last cell says how they were made."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.errors import InputError, SourceError
from facestream.ssi.header import open_regular
from facestream.storage.staging import StagedFile

__all__ = ["META", "Table", "TableWriter", "cells_of", "read_columns"]

META = "meta"
"""The last column: a JSON object in the last row, empty above it."""

MAX_META_BYTES = 1 << 20
"""The limit on ``meta``."""

MAX_LINE_BYTES = 1 << 25
"""The limit on the length of a line."""

csv.field_size_limit(max(csv.field_size_limit(), MAX_META_BYTES))


def cells_of(values: npt.ArrayLike) -> list[str]:
    """Format numbers with as many digits as float32 needs; NaN becomes an empty cell."""
    numbers = np.asarray(values, dtype=np.float32).reshape(-1)
    return ["" if cell == "nan" else cell for cell in numbers.astype(str).tolist()]


class TableWriter:
    """Writes row by row. The file appears with ``commit``."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.paths: tuple[Path, ...] = (path,)
        self.notes: tuple[str, ...] = ()
        self._staged = StagedFile(path)
        self._write(",".join([*columns, META]))

    def append(self, cells: Iterable[str]) -> None:
        """Append a row without ``meta``; cells hold numbers and plain words."""
        # The line stays open for its ``meta`` cell, in case it is the last one.
        self._write("\n" + ",".join(cells) + ",")

    def complete(self, meta: Mapping[str, Any]) -> None:
        """Complete the table after the last row.

        Raises:
            InputError: ``meta`` is longer than a table can be read back with.
        """
        quoted = json.dumps(meta).replace('"', '""')
        if len(quoted) > MAX_META_BYTES:
            raise InputError(
                f"{self.paths[0]}: {len(quoted)} bytes of attributes, where a table has room for {MAX_META_BYTES}; "
                "take .npz"
            )
        self._write(f'"{quoted}"\n')
        self._staged.finish()

    def commit(self) -> None:
        self._staged.commit()

    def discard(self) -> None:
        self._staged.discard()

    def _write(self, text: str) -> None:
        self._staged.file.write(text.encode("ascii"))


def read_columns(path: Path) -> tuple[str, ...]:
    """Return the names in the first line of any table.

    Raises:
        SourceError: the file is missing, or its first line is none of a table.
    """
    with open_regular(path, "the table") as file:
        return tuple(_split(path, file.readline(MAX_LINE_BYTES)))


class Table:
    """A table of facestream on disk."""

    def __init__(self, path: Path) -> None:
        """Read the column names and ``meta``.

        Raises:
            SourceError: the file is missing or no such table.
        """
        self.path = path
        self._line_number = 0
        first = last = b""
        with open_regular(path, "the table") as file:
            # Lines are read as bytes, since a cell never contains a line break.
            while line := file.readline(MAX_LINE_BYTES):
                first, last = first or line, line
        self.columns = tuple(_split(path, first))
        if len(self.columns) < 2 or self.columns[-1] != META:
            raise SourceError(f"{path}: not a table of facestream, whose last column is {META!r}")
        self.meta = self._read_meta(_split(path, last))

    def rows(self) -> Iterator[list[str]]:
        """Iterate over the cells of each row, one per column.

        Raises:
            SourceError: a row has another number of cells, or is no text.
        """
        with open_regular(self.path, "the table") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES), b""), 1):
                self._line_number = number
                cells = _split(self.path, line)
                if number > 1 and len(cells) != len(self.columns):
                    raise SourceError(f"{self.place}: {len(cells)} cells, but there are {len(self.columns)} columns")
                if number > 1:
                    yield cells

    @property
    def place(self) -> str:
        """Return file and line of the last row read, for messages."""
        return f"{self.path}: line {self._line_number}"

    def numbers(self, cells: Sequence[str]) -> npt.NDArray[np.float64]:
        """Parse cells as float32 numbers, empty ones as NaN.

        Raises:
            SourceError: a cell is no number, or too large a one.
        """
        try:
            numbers = np.array([float(cell) if cell else np.nan for cell in cells], dtype=np.float64)
            with np.errstate(over="ignore"):
                rounded = numbers.astype(np.float32).astype(np.float64)
            if (np.isinf(rounded) & np.isfinite(numbers)).any():
                raise ValueError("out of the range of float32")
            return rounded
        except ValueError as error:
            raise SourceError(f"{self.place}: a cell is no number ({error})") from error

    def _read_meta(self, cells: Sequence[str]) -> dict[str, Any]:
        try:
            meta = json.loads(cells[-1])
        except (ValueError, RecursionError, IndexError):
            meta = None
        if not isinstance(meta, dict):
            raise SourceError(f"{self.path}: the last row does not say in {META!r} how the table was made")
        return meta


def _split(path: Path, line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode("utf-8").rstrip("\r\n")], strict=True), [])
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: not a table of comma-separated values ({error})") from error
