"""The use case: what a stream holds, without reading more of it into memory than a block."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facestream.io.columns import column_names
from facestream.io.ssi_header import SsiHeader, read_header
from facestream.io.ssi_samples import read_samples

__all__ = ["StreamDescription", "ValueRange", "describe_stream"]

BLOCK_VALUES = 1 << 16
MAX_SINGLE_COLUMNS = 32
"""More columns that have no meaning of their own are described together."""


@dataclass(frozen=True, slots=True)
class ValueRange:
    """Of the finite values of one or several columns; NaN where there are none."""

    minimum: float
    maximum: float
    mean: float
    num_not_finite: int


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """Header and samples of a stream."""

    path: Path
    header: SsiHeader
    ranges: Mapping[str, ValueRange]
    """By column or kind of column; of face streams over the rows with a face."""
    num_rows_with_face: int | None
    """Where the media type is one of faces."""

    @property
    def seconds(self) -> float:
        return self.header.num_rows / self.header.rate_hz


def describe_stream(path: str | os.PathLike[str]) -> StreamDescription:
    """Read a stream once from end to end.

    Raises:
        SourceError: a file is missing.
        StreamFormatError: header or samples are damaged, or do not match.
    """
    path = Path(path)
    header = read_header(path)
    samples = read_samples(path, header)
    groups = _column_groups(header)
    tallies = {name: _Tally() for name in groups}
    num_with_face = 0
    num_rows = max(1, BLOCK_VALUES // header.dim)
    for start in range(0, len(samples), num_rows):
        block = np.asarray(samples[start : start + num_rows])
        has_face = _has_face(header, block)
        if has_face is not None:
            num_with_face += int(has_face.sum())
            block = block[has_face]
        for name, columns in groups.items():
            tallies[name].add(block[:, columns])
    return StreamDescription(
        path=path,
        header=header,
        ranges={name: tally.result() for name, tally in tallies.items()},
        num_rows_with_face=num_with_face if _is_of_faces(header) else None,
    )


class _Tally:
    """Minimum, maximum and mean of values that come in blocks."""

    def __init__(self) -> None:
        self._minimum, self._maximum, self._mean = np.inf, -np.inf, 0.0
        self._num_finite = self._num_not_finite = 0

    def add(self, values: npt.NDArray[np.generic]) -> None:
        # A single row may be longer than a block.
        for start in range(0, values.shape[1], BLOCK_VALUES):
            self._add_block(values[:, start : start + BLOCK_VALUES])

    def _add_block(self, values: npt.NDArray[np.generic]) -> None:
        numbers = values.astype(np.float64)
        finite = numbers[np.isfinite(numbers)]
        self._num_not_finite += numbers.size - finite.size
        if finite.size:
            self._minimum = min(self._minimum, float(finite.min()))
            self._maximum = max(self._maximum, float(finite.max()))
            self._num_finite += finite.size
            # Weighted means, because the sum of large numbers would be infinite.
            share = finite.size / self._num_finite
            with np.errstate(over="ignore"):
                mean = float(finite.mean())
            mean = mean if np.isfinite(mean) else float((finite / finite.size).sum())
            self._mean = self._mean * (1 - share) + mean * share

    def result(self) -> ValueRange:
        if not self._num_finite:
            return ValueRange(np.nan, np.nan, np.nan, self._num_not_finite)
        return ValueRange(self._minimum, self._maximum, self._mean, self._num_not_finite)


def _is_of_faces(header: SsiHeader) -> bool:
    is_points = "feature;face;landmarks" in header.media_type and header.dim % 2 == 1
    return is_points or ("feature;face;boundingbox" in header.media_type and header.dim in (4, 5))


def _has_face(header: SsiHeader, block: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_] | None:
    """Rows whose confidence is above 0; of boxes without one those that are not zero."""
    if not _is_of_faces(header):
        return None
    if header.dim == 4:
        return np.asarray((block != 0).any(axis=1), dtype=bool)
    return np.asarray(block[:, -1].astype(np.float64) > 0, dtype=bool)


def _column_groups(header: SsiHeader) -> dict[str, npt.NDArray[np.intp] | slice]:
    if _is_of_faces(header) and header.dim > 5:
        return {"y": slice(0, -1, 2), "x": slice(1, -1, 2), "confidence": slice(-1, None)}
    if header.dim > MAX_SINGLE_COLUMNS:
        return {"all columns": slice(None)}
    names = column_names(header.media_type, header.dim)
    return {name: slice(number, number + 1) for number, name in enumerate(names)}
