"""What every output of a job can do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from facestream.media.clock import FrameClock

__all__ = ["RowWriter"]

Result_contra = TypeVar("Result_contra", contravariant=True)


class RowWriter(Protocol[Result_contra]):
    """Takes the result of one row after the other; nothing is in sight before ``commit``."""

    @property
    def paths(self) -> tuple[Path, ...]: ...

    @property
    def notes(self) -> tuple[str, ...]:
        """After ``finish``: what the user should know of the files."""
        ...

    def write(self, result: Result_contra) -> None: ...

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        """All rows were written: complete the files, still out of sight."""
        ...

    def commit(self) -> None:
        """Bring the finished files into sight."""
        ...

    def discard(self) -> None:
        """Remove what is not committed."""
        ...
