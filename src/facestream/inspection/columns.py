"""Statistics of sample columns, computed block by block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facestream.inspection.description import Fact
from facestream.inspection.value_range import BLOCK_VALUES, Tally, ValueRange
from facestream.ssi.columns import column_names
from facestream.storage.floats import as_float64

__all__ = ["ColumnTallies", "share_fact", "tally_columns"]

MAX_SINGLE_COLUMNS = 32
"""If there are more columns without known names, they are described together."""


class ColumnTallies(NamedTuple):
    """Statistics of the samples of a stream, archive or table."""

    ranges: Mapping[str, ValueRange]
    """By column or kind of column; for face data, only over the rows with a face."""
    num_rows_with_face: int | None
    """``None`` unless the media type is one of face data."""


def tally_columns(samples: npt.NDArray[np.generic], media_type: str) -> ColumnTallies:
    """Read samples (rows, columns) once, using the memory of one block and one row."""
    dim = samples.shape[1]
    groups = _column_groups(media_type, dim)
    tallies = {name: Tally() for name in groups}
    num_with_face = 0
    num_rows = max(1, BLOCK_VALUES // dim)
    for start in range(0, len(samples), num_rows):
        block = np.asarray(samples[start : start + num_rows])
        has_face = _has_face(media_type, block)
        if has_face is not None:
            num_with_face += int(has_face.sum())
            block = block[has_face]
        for name, columns in groups.items():
            tallies[name].add(block[:, columns])
    ranges = {name: tally.result() for name, tally in tallies.items()}
    return ColumnTallies(ranges, num_with_face if _is_of_faces(media_type, dim) else None)


def share_fact(num_with_face: int, num_rows: int, name: str = "face") -> Fact:
    """Return the fact that says how many rows have a face."""
    return name, f"in {num_with_face} rows ({num_with_face / max(num_rows, 1) * 100:.1f} %)"


def _is_of_faces(media_type: str, dim: int) -> bool:
    is_points = "feature;face;landmarks" in media_type and dim % 2 == 1
    return is_points or ("feature;face;boundingbox" in media_type and dim in (4, 5))


def _has_face(media_type: str, block: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_] | None:
    """Mark rows with a confidence above 0, or, for boxes without a confidence, rows that are not all zero."""
    if not _is_of_faces(media_type, block.shape[1]):
        return None
    if block.shape[1] == 4:
        return np.asarray((block != 0).any(axis=1), dtype=bool)
    return np.asarray(as_float64(block[:, -1]) > 0, dtype=bool)


def _column_groups(media_type: str, dim: int) -> dict[str, npt.NDArray[np.intp] | slice]:
    if _is_of_faces(media_type, dim) and dim > 5:
        return {"y": slice(0, -1, 2), "x": slice(1, -1, 2), "confidence": slice(-1, None)}
    if dim > MAX_SINGLE_COLUMNS:
        return {"all columns": slice(None)}
    return {name: slice(number, number + 1) for number, name in enumerate(column_names(media_type, dim))}
