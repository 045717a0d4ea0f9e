"""Write an SSI stream row by row."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.errors import InputError, OutputError
from facestream.io.ssi_header import WRITTEN_TYPES, SsiHeader, data_path, format_header
from facestream.io.staging import PENDING_SUFFIX, PREFIX, StagedFile

__all__ = ["SsiStreamWriter", "has_pending_header"]

NOVA_LIMIT_BYTES = 2**31
"""NOVA counts the bytes of a stream's samples in a signed 32-bit number and shows zeros where they do not fit."""


class SsiStreamWriter:
    """Samples come into sight before the header, so that what has a header is whole, even after a kill."""

    def __init__(self, path: Path, dim: int, dtype: npt.DTypeLike = np.float32) -> None:
        self.path = path
        self.dim = dim
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.num_rows = 0
        self.notes: tuple[str, ...] = ()
        """After ``finish``: what the user should know of the stream."""
        self._type_name = next((name for name, known in WRITTEN_TYPES.items() if known == self.dtype), "")
        if not self._type_name:
            raise InputError(
                f"{path}: an SSI stream cannot hold {np.dtype(dtype)}; use one of {', '.join(WRITTEN_TYPES)}"
            )
        self._samples = StagedFile(data_path(path))
        self._header: StagedFile | None = None

    def write(self, rows: npt.NDArray[Any]) -> None:
        """Append rows (N, dim)."""
        if rows.ndim != 2 or rows.shape[1] != self.dim:
            raise InputError(f"{self.path}: rows must have {self.dim} columns, not the shape {rows.shape}")
        if not np.can_cast(rows.dtype, self.dtype, "same_kind"):
            raise InputError(
                f"{self.path}: the stream holds {self.dtype}; rows of {rows.dtype} would lose their values"
            )
        self._samples.file.write(np.ascontiguousarray(rows, dtype=self.dtype).data)
        self.num_rows += len(rows)

    def finish(self, rate_hz: Fraction | float, media_type: str, meta: Mapping[str, str]) -> None:
        """All rows are there: write the header, still out of sight."""
        header = SsiHeader(
            is_ascii=False,
            rate_hz=float(rate_hz),
            dim=self.dim,
            type_name=self._type_name,
            num_rows=self.num_rows,
            media_type=media_type,
            meta=meta,
        )
        self._samples.finish()
        self._header = StagedFile(self.path)
        self._header.file.write(format_header(header, rate_hz).encode("ascii", "xmlcharrefreplace"))
        self._header.finish()
        if header.num_bytes >= NOVA_LIMIT_BYTES:
            self.notes = (
                f"{self.path.name}: {header.num_bytes / 2**30:.2f} GiB of samples, which NOVA shows as zeros from "
                f"{NOVA_LIMIT_BYTES / 2**30:.0f} GiB on; split the video for NOVA",
            )

    def commit(self) -> None:
        """Bring both files into sight, in place of older ones.

        An old header never stands beside new samples. A run that is killed between the two renames leaves samples
        without a header, which is no stream, and a pending header, by which the next run knows them for ours.
        """
        assert self._header is not None, "finish() comes before commit()"
        old = self._header.hidden_path.with_suffix(".old")
        try:
            self._header.rename_hidden(_pending_path(self.path))
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


def has_pending_header(path: Path) -> bool:
    """Whether a run was killed when it had brought the samples of this stream into sight, but not yet its header."""
    return _pending_path(path).exists()


def _pending_path(path: Path) -> Path:
    # A digest, because a name of its own could become too long for the file system.
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return path.with_name(f"{PREFIX}{digest}{PENDING_SUFFIX}")
