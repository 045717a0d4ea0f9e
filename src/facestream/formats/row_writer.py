"""The interface of writers of rows, which every output of a job implements."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from facestream.media.clock import FrameClock

__all__ = ["RowWriter"]

Result_contra = TypeVar("Result_contra", contravariant=True)


class RowWriter(Protocol[Result_contra]):
    """Takes the results row by row. The files appear with ``commit``."""

    @property
    def paths(self) -> tuple[Path, ...]: ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about the files, known after ``finish``."""
        ...

    def write(self, result: Result_contra) -> None: ...

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        """Complete the files after all rows, still under their hidden names."""
        ...

    def commit(self) -> None:
        """Rename the finished files to their final names."""
        ...

    def discard(self) -> None:
        """Remove files that are not committed."""
        ...
