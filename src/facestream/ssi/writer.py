"""Write an SSI stream row by row."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.errors import InputError
from facestream.ssi.header import WRITTEN_TYPES, SsiHeader, format_header
from facestream.ssi.pair import StagedPair

__all__ = ["SsiStreamWriter"]

NOVA_LIMIT_BYTES = 2**31
"""The limit of NOVA, which counts the bytes of samples in a signed 32-bit integer and shows zeros beyond it."""


class SsiStreamWriter:
    """Samples appear before their header, so that a stream with a header is complete, even after a kill."""

    def __init__(self, path: Path, dim: int, dtype: npt.DTypeLike = np.float32) -> None:
        self.path = path
        self.dim = dim
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.num_rows = 0
        self.notes: tuple[str, ...] = ()
        """Warnings about the stream, known after ``finish``."""
        self._type_name = next((name for name, known in WRITTEN_TYPES.items() if known == self.dtype), "")
        if not self._type_name:
            raise InputError(
                f"{path}: an SSI stream cannot hold {np.dtype(dtype)}; use one of {', '.join(WRITTEN_TYPES)}"
            )
        self._pair = StagedPair(path)

    def write(self, rows: npt.NDArray[Any]) -> None:
        """Append rows (N, dim)."""
        if rows.ndim != 2 or rows.shape[1] != self.dim:
            raise InputError(f"{self.path}: rows must have {self.dim} columns, not the shape {rows.shape}")
        if not np.can_cast(rows.dtype, self.dtype, "same_kind"):
            raise InputError(
                f"{self.path}: the stream holds {self.dtype}; rows of {rows.dtype} would lose their values"
            )
        self._pair.samples.write(np.ascontiguousarray(rows, dtype=self.dtype).data)
        self.num_rows += len(rows)

    def finish(self, rate_hz: Fraction | float, media_type: str, meta: Mapping[str, str], start_s: float = 0.0) -> None:
        """Write the header after all rows, still under its hidden name; the first row is at ``start_s``."""
        header = SsiHeader(
            is_ascii=False,
            rate_hz=float(rate_hz),
            dim=self.dim,
            type_name=self._type_name,
            num_rows=self.num_rows,
            media_type=media_type,
            meta=meta,
            start_s=start_s,
        )
        self._pair.finish(format_header(header, rate_hz).encode("ascii", "xmlcharrefreplace"))
        if header.num_bytes >= NOVA_LIMIT_BYTES:
            self.notes = (
                f"{self.path.name}: {header.num_bytes / 2**30:.2f} GiB of samples, which NOVA shows as zeros from "
                f"{NOVA_LIMIT_BYTES / 2**30:.0f} GiB on; split the video for NOVA",
            )

    def commit(self) -> None:
        """Rename both files to their final names; older ones are replaced."""
        self._pair.commit()

    def discard(self) -> None:
        """Remove the hidden files; does nothing after ``commit``."""
        self._pair.discard()
