"""The results that were read back from an archive or table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, TypeVar

from facestream.errors import SourceError
from facestream.structures import FrameDetections, FrameMeshes

__all__ = ["DetectionRecording", "MeshRecording", "Recording", "recorded_rate"]

Result = TypeVar("Result", bound=FrameMeshes | FrameDetections)


@dataclass(frozen=True, eq=False)
class Recording(Generic[Result]):
    """The results of all rows, to be iterated once, with facts about them."""

    rows: Iterator[Result]
    rate_hz: Fraction
    meta: Mapping[str, Any]
    """How it was made."""
    num_faces: int
    """The most faces per row."""


class MeshRecording(Recording[FrameMeshes]):
    """The results of a mesh job."""


class DetectionRecording(Recording[FrameDetections]):
    """The results of a detection job."""


def recorded_rate(path: Path, meta: Mapping[str, Any]) -> Fraction:
    """Return the rate of the rows.

    Raises:
        SourceError: it is missing or makes no sense.
    """
    rate_hz = meta.get("rate_hz")
    if isinstance(rate_hz, bool) or not isinstance(rate_hz, int | float) or not 1e-9 <= rate_hz <= sys.float_info.max:
        raise SourceError(f"{path}: 'meta' names no rate_hz above 0, but {rate_hz!r:.80}")
    return Fraction(rate_hz)
